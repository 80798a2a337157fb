#!/bin/sh
# Every lint passes a clean tree and fails one with something to find in it.
. tests/lint/lib.sh
need cc ar

top=$PWD
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
unset B

clean()
{
	rm -rf "$work/tree"
	mkdir -p "$work/tree/tests/lint" "$work/tree/build"
	cp tests/lint/lib.sh "$work/tree/tests/lint/"
	cp .clang-format "$work/tree/"
}

# run LINT
run()
{
	(cd "$work/tree" && "$top/tests/lint/$1.sh") >"$work/out" 2>&1
}

# finds LINT FILE: with this file (content on stdin) in a clean tree
finds()
{
	clean
	run "$1" || sed "s/^/$1 fails a clean tree: /" "$work/out"
	mkdir -p "$work/tree/${2%/*}"
	cat >"$work/tree/$2"
	run "$1" && echo "$1 does not see what is wrong with $2"
	grep -qF "$2" "$work/out" || echo "$1 does not name $2"
}

# links LINT PROGRAM FLAG...: the same with a program (C on stdin)
links()
{
	lint=$1
	program=$2
	shift 2
	clean
	echo 'int vault_open(void); int vault_open(void) { return 0; }' >"$work/vault.c"
	cc -c -o "$work/vault.o" "$work/vault.c"
	ar crs "$work/tree/build/agent.a" "$work/vault.o"
	cc -x c -o "$work/tree/build/$program" - -Wl,--no-as-needed "$@"
	run "$lint" && echo "$lint does not see what is wrong with $program"
}

lines()
{
	awk -v n="$1" -v text="$2" 'BEGIN { while (n--) print text }'
}

# function_of LINES
function_of()
{
	printf 'void\nx(void)\n{\n'
	lines $(($1 - 1)) ';'
	echo '}'
}

{
	echo '#include "agent/vault/vault.h"' | finds arrows cli/x.c
	echo '#include "agent/vault/vault.h"' | finds arrows agent/door/x.c
	echo '#include "cli/verb.h"' | finds arrows lib/x.h
	echo '#include "tests/softtoken/core.h"' | finds arrows agent/token/x.c
	echo '# include <openssl/evp.h>' | finds arrows agent/slot/x.c
	echo '#include <fido.h>' | finds arrows agent/vault/x.c
	echo '#include <qrencode.h>' | finds arrows cli/x.c
	echo '#include "err.h"' | finds arrows lib/x.c

	echo 'size_t x_len(void);' | finds headers lib/x.h
	echo 'web_refuse(q, a, 404, "x", "There is " "nothing.");' | finds say oidc/x.c
	echo 'void x(int [static 1]); int y(void) { for (int i = 0;;); } typeof(1) z;' |
		finds headers include/x.h

	echo 'int main(void) { return 0; }' | links linked ownkey-agent -lfido2
	echo 'int main(void) { return 0; }' | links linked ownkey -lcbor
	echo 'int vault_open(void) { return 1; } int main(void) { return 0; }' |
		links linked ownkey
	echo 'int slot_add(void) { return 1; } int main(void) { return 0; }' |
		links linked pam_ownkey.so

	echo 'int ownkey_x(void); int ownkey_x(void) { return 0; }' |
		links library libownkey.so.0 -shared -fPIC -Wl,--default-symver
	echo 'void exit(int); int ownkey_x(void); int ownkey_x(void) { exit(1); return 0; }' |
		links library libownkey.so.0 -shared -fPIC
	echo 'struct x { int class; };' | finds library include/x.h

	function_of 79 | finds budgets tests/unit/x.c
	echo 'void x(int a, int b, int c, int d, int e, int f) { }' | finds budgets lib/x.c
	lines 601 '/* */' | finds budgets lib/x.h
	printf '/*%98s*/\n' . | finds budgets lib/x.h
	function_of 13 | finds budgets lib/x.c | grep -v 'does not name'

	echo 'typedef struct x { int y; } x_t;' | finds words lib/x.h
	printf 'void x(void)\n{\nfail:\n\t;\n}\n' | finds words lib/x.c
	echo '#include <pthread.h>' | finds words agent/x.c
	echo | finds words lib/utils.c
	echo 'see /ho''me/alice/x' | finds words man/README.md
	printf '\tlog_debug("%%s",\n\t    pin.p);\n' | finds words cli/x.c

	echo 'no macros at all' | finds man man/x.1
	printf '#!/bin/sh\necho $%s\n' x | finds shell contrib/x
	echo 'int  main( void ){}' | finds format cli/x.c
} | violations
