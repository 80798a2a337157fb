#!/bin/sh
# Debian's electrum and npm's slip39 open our shares, and we open those that slip39 makes, of random
# secrets; electrum only reads.
. "$TOP/tests/interop/lib.sh"

ours=$B/interop/slip39
npm=$TOP/build/npm/node_modules
rounds=3

secret()
{
	head -c "$1" /dev/urandom | od -An -v -tx1 | tr -d ' \n'
}

electrum_opens()
{
	/usr/bin/python3 -c '
import sys
from electrum import slip39
print(slip39.recover_ems(sys.stdin.read().splitlines()).decrypt(sys.argv[1]).hex())' "$1"
}

npm_does()
{
	"$npm/node/bin/node" "$here/slip39.mjs" "$npm" "$@"
}

# of THRESHOLD FILE: so many of its lines, any
of()
{
	shuf -n "$1" "$2"
}

opens()
{
	"$ours" combine "$2" <"$1"
}

# both PLAN LENGTH PASSPHRASE
both()
{
	threshold=${1% *}
	want=$(secret "$2")
	# shellcheck disable=SC2086 # two words
	"$ours" split $1 "$want" "$3" >shares
	is "$1: electrum opens ours" "$want" "$(of "$threshold" shares | electrum_opens "$3")"
	is "$1: npm opens ours" "$want" "$(of "$threshold" shares | npm_does combine "$3")"
	for extendable in 0 1; do
		# shellcheck disable=SC2086
		npm_does split $1 "$want" "$3" "$extendable" >theirs
		is "$1: we open npm's, extendable $extendable" "$want" \
			"$(of "$threshold" theirs | "$ours" combine "$3")"
	done
	of $((threshold - 1)) theirs >few
	refused "$1: not with fewer" opens few "$3"
}

while [ "$rounds" -gt 0 ]; do
	both '3 5' 32 ''
	both '2 3' 16 'TREZOR'
	both '16 16' 32 'with blanks, and: signs'
	both '1 1' 32 ''
	both '5 7' 24 ''
	rounds=$((rounds - 1))
done
# groups, which we only read
want=$(secret 32)
npm_does groups "$want" >groups.txt
is 'two groups of three' "$want" "$(opens groups.txt '')"
finish
