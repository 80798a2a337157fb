#!/bin/sh
# The manual pages are right mdoc.
. tests/lint/lib.sh
need mandoc

files '*.[1-8]' | grep '^man/' | xargs -r mandoc -T lint -W style |
	grep -v -e 'referenced manual not found' | violations
