#!/bin/sh
# The commands of README.md work word by word: the first hour in a try-out; the others, and the
# examples of ownkey(1), at least exist with these options.
set -eu
here=$PWD
export PATH="$B:/usr/bin:/bin"
cd "$(mktemp -d)"

# commands FROM TO: the indented lines between two lines of README.md
commands()
{
	sed -n "/^$1/,/^$2/s/^    //p" "$here/README.md" | sed 's/  *#.*//'
}

examples()
{
	sed -n '/^\.Sh EXAMPLES/,/^\.Sh SEE/p' "$here/man/ownkey.1" | sed -n 's/^\(\.Dl \)*\$ //p' |
		sed 's/\\-/-/g'
}

# --help does nothing, but knows command and options; behind -- and | stand other programs
help()
{
	grep '^ownkey ' | grep -v '^ownkey init$' | sed 's/ -- .*//; s/ | .*//' |
		while read -r line; do
			eval "$line --help" </dev/null >out 2>&1 || {
				echo "$line" && cat out && exit 1
			}
		done
}

commands 'in it is real' '## For' | grep -v '^exit$' >session
[ "$(wc -l <session)" -ge 8 ]
ownkey try -- sh -e "$PWD/session" >out 2>&1 || {
	cat session out
	exit 1
}
grep -q 'Good "file" signature' out
grep -q '^correct horse$' out
if grep -e 'error:' -e 'hint:' out; then
	exit 1
fi

commands '## For real' '`ownkey unlock' | help
commands '## The programs' '## Logins' | tr ';' '\n' | sed 's/^ *//; s/  *#.*//' >programs
[ "$(grep -c '^ownkey ' programs)" -ge 12 ]
help <programs
examples | help

# The provider's: those of the vault's owner, and its own.
commands '## Logins' '## What it is' | tr ';' '\n' |
	sed 's/^ *//; s/^sudo //; s/^-u ownkey //; s/ *$//' >provider
grep '^ownkey ' provider | sed 's/ --system / /' >owners
[ "$(wc -l <owners)" -ge 4 ]
help <owners
grep '^ownkey-oidc ' provider >providers
[ "$(wc -l <providers)" -ge 8 ]
while read -r line; do
	eval "$line --help" </dev/null >out 2>&1 || {
		echo "$line" && cat out && exit 1
	}
done <providers
