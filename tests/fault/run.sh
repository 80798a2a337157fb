#!/bin/bash
# make fault: every system call that changes the disk is killed or fails once in each change (of
# front: faults.py; of commands and the copier: written.py; of the provider: oidc.py); every state
# that a power cut can leave of them is looked at; every bit of a small vault, and of a login's
# assertion, is flipped; and each check of the module is taken out of its code.
# strace has to look at processes that do not let their owner trace them: whoever is not root
# becomes it in a namespace of his own.
set -u
here=$(cd "$(dirname "$0")" && pwd)
B=$(cd "${B:-build}" && pwd)
export B PYTHONDONTWRITEBYTECODE=1
command -v strace >/dev/null || { echo "fault: strace is missing: make deps" >&2 && exit 1; }
as_root=()
[ "$(id -u)" = 0 ] || as_root=(unshare -Ur)

dir=$(mktemp -d) || exit 1
trap 'rm -rf "$dir"' EXIT
export TMPDIR=$dir
passed=0 failed=0

# logins, and programs whose checks are gone, are no business of root's
as_nobody=()
if [ "$(id -u)" = 0 ]; then
	mkdir "$dir/nobody" && chown nobody "$dir/nobody" && chmod 711 "$dir"
	as_nobody=(setpriv --reuid=nobody --regid=nogroup --clear-groups --inh-caps=-all
		env "TMPDIR=$dir/nobody")
fi

# count COMMAND...: its last line is "N passed, M failed", or it speaks TAP
count()
{
	local p f
	"$@" | tee "$dir/out"
	local status=${PIPESTATUS[0]}
	read -r p f < <(sed -n 's/^\([0-9]*\) passed, \([0-9]*\) failed.*/\1 \2/p' "$dir/out" |
		tail -n 1)
	[ -n "${p-}" ] || p=$(grep -c '^ok' "$dir/out") f=$(grep -c '^not ok' "$dir/out")
	[ "$((p + f))" != 0 ] || f=1
	[ "$status" = 0 ] || [ "$f" != 0 ] || f=1
	passed=$((passed + p)) failed=$((failed + f))
}

count "${as_root[@]}" /usr/bin/python3 "$here/faults.py" "$@"
[ $# != 0 ] || count "${as_root[@]}" /usr/bin/python3 "$here/written.py"
[ $# != 0 ] || count "${as_root[@]}" /usr/bin/python3 "$here/filecuts.py"
[ $# != 0 ] || count "${as_root[@]}" /usr/bin/python3 "$here/powerloss.py"
[ $# != 0 ] || count "${as_root[@]}" /usr/bin/python3 "$here/oidc.py"
for test in 91-pam-checks-module 93-pam-flips; do
	[ $# != 0 ] || count "${as_nobody[@]}" "$here/../e2e/$test.sh" all
done
for program in "$B"/fault/*; do
	# powerloss is run by powerloss.py
	[ "${program##*/}" = powerloss ] && continue
	[ -f "$program" ] && [ -x "$program" ] && [ $# = 0 ] && count "$program"
done
echo "$passed passed, $failed failed"
[ "$failed" = 0 ]
