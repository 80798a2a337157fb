# shellcheck shell=sh
# Sourced by every lint, which runs from the top of the tree.  A lint prints one
# line per violation and ends with `| violations`.
set -u
B=${B:-build}

# files PATTERN...: what is in the tree, tracked or not, but not what is built
files()
{
	for pattern in "$@"; do
		find . \( -path ./build -o -path ./.git \) -prune -o -type f -name "$pattern" -print
	done | sed 's|^\./||' | sort
}

# a lint without its tool would find nothing
need()
{
	for tool in "$@"; do
		command -v "$tool" >/dev/null || {
			echo "$tool is missing: make deps"
			exit 1
		}
	done
}

violations()
{
	! grep .
}
