#!/bin/sh
# Debian's python3-mnemonic reads our phrase, and what follows from it is what init said.
. "$TOP/tests/interop/lib.sh"

echo words | "$here/give.py" k
good 'words' /usr/bin/python3 - k <<'PY'
import hmac
import sys

from mnemonic import Mnemonic

def read(name):
	return open(sys.argv[1] + "/" + name).read().strip()

def lp(x):
	return len(x).to_bytes(2, "big") + x

words = read("words")
bip39 = Mnemonic("english")
assert len(words.split()) == 24 and bip39.check(words), "not a phrase"
root = bytes(bip39.to_entropy(words))
assert bip39.to_mnemonic(root) == words
# fpr = kdf(P, "fingerprint", "", 4), by RFC 5869's expand: one block
info = b"ownkey1" + lp(b"fingerprint") + lp(b"") + (4).to_bytes(2, "big")
fpr = hmac.digest(root, info + b"\1", "sha512")[:4]
assert fpr.hex() == read("fingerprint"), "another fingerprint"
PY
finish
