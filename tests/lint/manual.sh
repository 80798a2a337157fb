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
		/^\.\\" BEGIN / { print; fflush(); system(dump " " $3); inside = 1; next }
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
			diff -u --label "$page" --label "$page, from the tables" "$page" "$work/page"
		fi
	done
}

# What exit statuses the errors have, and which ownkey(1) explains.
exit_statuses()
{
	sed -n '/^\.Sh EXIT STATUS/,/^\.Sh ENV/s/^\.It Li \([0-9]*\)$/\1/p' man/ownkey.1 >"$work/said"
	"$dump" exits | diff "$work/said" - | sed -n 's/^[<>]/exit status, ownkey(1) < > errors: &/p'
}

# verbs and their options: "id add --epoch" on a line of its own, from the program and from the page
said_verbs()
{
	sed -n '/^\.Sh COMMANDS/,/^\.Sh FORMATS/p' man/ownkey.1 | awk '
		/^\.It Nm ownkey Cm / || /^\.It Xo$/ { verb = ""; options = "" }
		/^\.It Cm / { verb = verb_of($0); print verb }
		function verb_of(s) {
			sub(/^\.It Cm /, "", s)
			sub(/ (Op|Ar|Fl|No|Pf|Cm) .*| (Op|Ar|Fl)$/, "", s)
			return s
		}
		verb && /Fl \\?-?\\?-/ {
			n = split($0, w, " ")
			for (i = 1; i < n; i++)
				if (w[i] == "Fl" && w[i + 1] ~ /^-/)
					print verb " -" w[i + 1]
		}' | tr -d '\\' | sort -u
}

verbs()
{
	[ -x "$B/ownkey" ] || return
	said_verbs >"$work/said"
	"$B/ownkey" --dump-verbs >"$work/verbs" || echo 'ownkey --dump-verbs fails'
	shown_verbs <"$work/verbs" >"$work/shown"
	diff "$work/said" "$work/shown" | sed -n 's/^[<>]/ownkey(1) < > ownkey --dump-verbs: &/p'
}

# The dump: verb, a tab, its options.
shown_verbs()
{
	sort -u
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
