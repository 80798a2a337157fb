# lib.sh - what the interop scripts share.  Each works in a folder of its own; each line of a test
# is a fact: `is WHAT WANT GOT` and `good WHAT COMMAND...` say TAP, `finish` how many there were.
# shellcheck shell=sh
set -eu
# shellcheck disable=SC2034 # for those who read this
here=$TOP/tests/interop
cd "$(mktemp -d)"
n=0
bad=0

say()
{
	n=$((n + 1))
	if [ "$1" = 0 ]; then
		echo "ok $n - $2"
	else
		bad=1
		echo "not ok $n - $2"
	fi
}

is()
{
	if [ "$2" = "$3" ]; then
		say 0 "$1"
	else
		printf 'want: %s\ngot:  %s\n' "$2" "$3" >&2
		say 1 "$1"
	fi
}

good()
{
	what=$1
	shift
	if "$@" >&2; then say 0 "$what"; else say 1 "$what"; fi
}

refused()
{
	what=$1
	shift
	if "$@" >&2; then say 1 "$what"; else say 0 "$what"; fi
}

# until SECONDS COMMAND...
until_true()
{
	left=$(($1 * 20))
	shift
	until "$@"; do
		left=$((left - 1))
		[ "$left" -gt 0 ] || return 1
		sleep 0.05
	done
}

finish()
{
	echo "1..$n"
	exit "$bad"
}
