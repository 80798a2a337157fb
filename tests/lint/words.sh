#!/bin/sh
# What the house does not write: typedef'd structs, labels but `out:`, threads in
# the agent, rooms for leftovers, paths of one person, secrets handed to printf.
. tests/lint/lib.sh

code=$(files '*.[ch]')
prints='(printf|log_[a-z]+|out_[a-z]+)\('
secret='(sec_span\(|[^a-z_](sec|secret|pin|words|seed|vrk)(\.|->)p\b)'

# find WHY REGEX FILE...
find_words()
{
	why=$1
	regex=$2
	shift 2
	grep -nE -- "$regex" "$@" /dev/null | sed "s|\$|	<- $why|"
}

# whole statements on one line each, so that a call's arguments are with it
statements()
{
	awk '{ sub(/^[ \t]+/, " "); s = s $0 }
		/[;{}]$/ { print FILENAME ":" FNR ":" s; s = "" }' "$@" /dev/null
}

# shellcheck disable=SC2046,SC2086 # lists
{
	find_words 'a struct is a struct' '^[[:space:]]*typedef (struct|union|enum)[^(]*$' $code
	find_words 'one label: out' '^ ?[a-z_]+:($|[[:space:]])' $code |
		grep -vE ':[[:space:]]?(out|default):'
	find_words 'no threads' '<(pthread|threads)\.h>' $code | grep -v '^tests/'
	files '*' | grep -E '(^|/)(utils?|common|misc)(\.[a-z]+$|/)' |
		sed 's/$/	<- say what it is/'
	find_words 'a path of one machine' '/(hom[e]/[a-z]|roo[t]/|wor[k]/)' $(files '*')
	statements $code |
		grep -E "$prints.*\"[^;]*$secret" |
		sed 's/$/	<- prints a secret/'
} | violations
