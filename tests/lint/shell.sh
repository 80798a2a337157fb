#!/bin/sh
# Every script passes shellcheck.
. tests/lint/lib.sh
need shellcheck

{
	files '*.sh'
	files '*' | xargs grep -lE '^#!/bin/(ba)?sh' /dev/null
} | sort -u | xargs shellcheck -x -e SC1090,SC1091 -f gcc | violations
