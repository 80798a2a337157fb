#!/bin/sh
# clang-format would change nothing.
. tests/lint/lib.sh
need "${CLANG_FORMAT:=clang-format}"

files '*.[ch]' | xargs -r "$CLANG_FORMAT" --dry-run 2>&1 |
	sed -n 's/:.*warning:.*/: make format/p' | sort -u | violations
