#!/bin/sh
# The budgets of DESIGN 17: lengths of functions, files and lines, parameters.
# Word lists and tables are free: *_table.[ch], and what clang-format leaves alone.
. tests/lint/lib.sh
need ctags expand

functions()
{
	xargs -r ctags -x --c-kinds=f --fields=+neS --_xformat='%F %n %{end} %N %S'
}

# a function begins where its name stands; its type is on the line before
too_long()
{
	awk '{ n = $3 - $2 + 1 } n > 80 { print $1 ":" $2 ": " $4 " has " n " lines (80)" }'
}

too_many_parameters()
{
	awk '{
		at = $1 ":" $2 ": " $4
		sub(/^[^(]*\(/, "")
		while (gsub(/\([^()]*\)/, ""))
			;
		if (gsub(/,/, "") > 4)
			print at " has more than 5 parameters"
	}'
}

spread()
{
	awk '{ print $3 - $2 + 1 }' | sort -n | awk '{ n[NR] = $1 } END {
		median = n[int((NR + 1) / 2)]; p95 = n[int((NR * 95 + 99) / 100)]
		if (median > 14) print "half of the functions have " median " lines or more (14)"
		if (p95 > 50) print "one function in 20 has " p95 " lines or more (50)"
	}'
}

long_files()
{
	while read -r file; do
		n=$(wc -l <"$file")
		[ "$n" -le 600 ] || echo "$file has $n lines (600)"
	done
}

long_lines()
{
	while read -r file; do
		sed '/clang-format off/,/clang-format on/s/.*//' "$file" | expand -t8 |
			LC_ALL=C.UTF-8 grep -nE '^.{101,}' | cut -d: -f1 |
			sed "s|.*|$file:&: more than 100 columns|"
	done
}

tables='_table\.[ch]$|/words_[a-z]*\.[ch]$'
{
	files '*.c' | functions | too_long
	# OpenSSH calls these two, as it likes, libmicrohttpd the third; sd-bus those that begin with
	# a bus
	files '*.c' | functions | grep -v -e '^cli/sk/sk.c .* sk_\(enroll\|sign\) ' \
		-e '^oidc/web/exchange.c .* web_on_request ' |
		grep -v '^cli/secrets/.*(sd_bus \* bus,const char \* path,' | too_many_parameters
	files '*.c' | grep -v '^tests/' | functions | spread
	files '*.[ch]' '*.sh' '*.py' '*.js' | grep -vE "$tables" | long_files
	files '*.[ch]' '*.sh' '*.py' '*.js' '*.mk' Makefile | grep -vE "$tables" | long_lines
} | violations
