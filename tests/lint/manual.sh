#!/bin/sh
# usage: tests/lint/manual.sh [update]
# The manual against the tables of the programs: what stands between
#	.\" BEGIN region
#	.\" END region
# is what build/docs/dump prints; every verb with its options is in ownkey(1), and
# nothing else is.  `update` writes the pages.
. tests/lint/lib.sh
need awk diff mandoc

dump=$B/docs/dump
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

# with_regions PAGE: the page as it should be
with_regions()
{
	awk -v dump="$dump" '
		/^\.\\" BEGIN / {
			print
			fflush()
			system(dump " " $3)
			inside = 1
			next
		}
		/^\.\\" END / { inside = 0 }
		!inside' "$1"
}

regions()
{
	files '*.[1-8]' | grep '^man/' | while read -r page; do
		grep -q '^\.\\" BEGIN ' "$page" || continue
		with_regions "$page" >"$work/page"
		cmp -s "$page" "$work/page" && continue
		if [ "$1" = update ]; then
			cp "$work/page" "$page"
		else
			diff -u --label "$page" --label 'from the tables' "$page" "$work/page"
		fi
	done
}

# What exit statuses the errors have, and which ownkey(1) explains.
exit_statuses()
{
	sed -n '/^\.Sh EXIT STATUS/,/^\.Sh ENV/s/^\.It Li \([0-9]*\)$/\1/p' man/ownkey.1 \
		>"$work/said"
	"$dump" exits | diff "$work/said" - |
		sed -n 's/^[<>]/exit status, ownkey(1) < > errors: &/p'
}

# What a command is: a line for its name, one for each option, one for each operand.
# In the page it is `.It Cm name`, or all between `.It Xo` and `.Xc`.
said_verbs()
{
	sed -n '/^\.Sh COMMANDS/,/^\.Sh OPTIONS/p' man/ownkey.1 | tr -d '\134' | awk '
		function proof() {
			print verb " --with"; print verb " --slot"; print verb " --force"
		}
		/^\.It Cm / { print substr($0, 8) }
		/^\.It Xo$/ { inside = 1 }
		/^\.Xc$/ { inside = 0 }
		!inside { next }
		/^\.Cm / { verb = substr($0, 5); print verb }
		/^\.Op Fl / { print verb " -" $3 }
		/^\.Op Ar proof/ { proof(); next }
		/^\.(Op )?Ar / {
			for (i = 2; i <= NF; i++)
				if ($i != "Ar" && $i != "...")
					print verb " " toupper($i)
		}'
}

# The same from the program; what every command takes is said once, in OPTIONS.
shown_verbs()
{
	awk -F '\t' '/^[^-]/ {
		print $1
		gsub(/[][.]/, "", $2)
		n = split($2, w, " ")
		for (i = 1; i <= n; i++)
			print $1 " " w[i]
		n = split($4, w, " ")
		for (i = 1; i <= n; i++)
			if (w[i] !~ /^--(help|plain|vault|system|ask-stdin)$/)
				print $1 " " w[i]
	}'
}

said_options()
{
	sed -n '/^\.Sh OPTIONS/,/^\.Sh FORMATS/p' man/ownkey.1 | tr -d '\134' |
		sed -nE 's/^\.It Fl (. , )?-([a-z-]+)( Ar (.*))?$/--\2 \4/p' |
		tr '[:lower:]' '[:upper:]'
}

shown_options()
{
	awk -F '\t' '/^--/ { print toupper($1 " " $2) }'
}

# compare WHAT: the page and the program
compare()
{
	"said_$1" | sort >"$work/said"
	"shown_$1" <"$work/verbs" | sort >"$work/shown"
	diff "$work/said" "$work/shown" |
		sed -n -e 's/^</ownkey(1) says, ownkey does not know: /p' \
			-e 's/^>/ownkey knows, ownkey(1) does not say: /p'
}

verbs()
{
	"$B/ownkey" --dump-verbs >"$work/verbs" || echo 'ownkey --dump-verbs fails'
	compare verbs
	compare options
}

if [ ! -x "$dump" ]; then
	[ -e tests/docs/dump.c ] && echo "$dump is missing: make check-programs"
elif [ "${1-}" = update ]; then
	regions update
else
	regions compare
	exit_statuses
	verbs
fi | violations
