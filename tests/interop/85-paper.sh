#!/bin/sh
# qpdf, poppler and zbar read the pages that we print: whole, every word in order, the squares back.
. "$TOP/tests/interop/lib.sh"

# words COUNT LINES: lines of so many random words
words()
{
	/usr/bin/python3 - "$@" <<'PY'
import secrets
import sys

from mnemonic import Mnemonic

words = Mnemonic("english").wordlist
for _ in range(int(sys.argv[2])):
	print(*[secrets.choice(words) for _ in range(int(sys.argv[1]))])
PY
}

# printed FILE PAGE: the words of the page, by their numbers
printed()
{
	pdftotext -f "$2" -l "$2" -raw "$1" - |
		grep -oE '\b[0-9]+ [a-z]{3,8}$|^[0-9]+ [a-z]{3,8}\b' |
		awk '$1 == n + 1 { printf "%s%s", n++ ? " " : "", $2 }'
}

# squares FILE PAGE RESOLUTION
squares()
{
	pdftoppm -gray -f "$2" -l "$2" -r "$3" -singlefile "$1" page
	zbarimg -q --raw -Sdisable -Sqrcode.enable page.pgm
}

capitals()
{
	tr '[:lower:]' '[:upper:]'
}

# page FILE PAGE WORDS
page()
{
	is "pdftotext reads the words of $1, page $2" "$3" "$(printed "$1" "$2")"
	is "zbar reads the squares of $1, page $2" "$(echo "$3" | capitals)" \
		"$(squares "$1" "$2" 200)"
}

# lines FILE PAGE REGEX: how many lines of its text are like that
lines()
{
	pdftotext -f "$2" -l "$2" "$1" - | grep -cE "$3"
}

# whole FILE
whole()
{
	good "qpdf finds nothing wrong with $1" qpdf --check "$1"
	is "poppler has nothing to say about $1" '' "$(pdftoppm -r 20 -png "$1" small 2>&1)"
	is "all fonts of $1 are those of any printer" '' "$(pdffonts "$1" | tail -n +3 |
		grep -vE '^(Helvetica|Courier)(-Bold)? +Type 1 ')"
}

paper=$B/interop/paper
words 24 1 >words.24
words 33 5 >words.33
"$paper" pdf phrase 'Alice Müller' <words.24 >phrase.pdf
"$paper" pdf shares 'Alice Müller' Bob 'Łucja Żółtowska' Ирина 李小龍 \
	'Bartholomew Bartholomew Bartholomew Bartholomew Bartholomew Bartholomew Bartholomew' \
	<words.33 >shares.pdf
"$paper" pdf backup 'Alice Müller' </dev/null >backup.pdf
"$paper" pdf heirs 'Alice Müller' Bob Łucja Ирина 李小龍 </dev/null >heirs.pdf

for kind in phrase shares backup heirs; do
	whole "$kind.pdf"
done
page phrase.pdf 1 "$(cat words.24)"
for i in 1 2 3 4 5; do
	page shares.pdf "$i" "$(sed -n "${i}p" words.33)"
	is "page $i says which share it is" 1 "$(lines shares.pdf "$i" "^Share $i of 5$")"
done
is 'one page a share' 5 "$(pdfinfo shares.pdf | sed -n 's/^Pages: *//p')"
is 'the paper' A4 "$(pdfinfo shares.pdf | sed -n 's/^Page size:.*(\(.*\))/\1/p')"
is 'a rough print is enough' "$(capitals <words.24)" "$(squares phrase.pdf 1 90)"
is 'names' 1 "$(lines shares.pdf 2 '^kept by Lucja Zóltowska, .* of Alice Müller, ')"
is 'a name without letters is left to a pen' 1 "$(lines shares.pdf 4 '^Name, by hand:')"
is 'no word on the sheet for heirs' '' "$(printed heirs.pdf 1)"
pdftotext phrase.pdf - | tr -d '\n' >passphrase
is 'the passphrase of backups has ten words' 1 \
	"$(grep -oE '([a-z]{3,8}-){9}[a-z]{3,8}' passphrase | grep -c .)"

# how wide poppler thinks that each character is, against our table
good 'widths of the fonts' /usr/bin/python3 "$here/paper_widths.py" "$TOP/cli/pdf_width_table.h"

# on a terminal: the blocks as an image
for form in text ascii; do
	"$paper" "$form" phrase Alice <words.24 >page.txt
	good "squares as $form" /usr/bin/python3 "$here/paper_squares.py" page.txt text.pgm
	is "zbar reads the squares of $form" "$(capitals <words.24)" "$(zbarimg -q --raw text.pgm)"
done
finish
