#!/bin/sh
# Every header compiles alone; those of include/ as C99, for others to use.
. tests/lint/lib.sh
need cc

files '*.h' | grep -v '_table\.h$' | while read -r header; do
	case $header in
	include/*) std="c99" ;;
	*) std="c17" ;;
	esac
	echo "#include \"$header\"" |
		cc -I. -std=$std -D_GNU_SOURCE -Wall -Wextra -Werror -fsyntax-only -x c - 2>&1
done | violations
