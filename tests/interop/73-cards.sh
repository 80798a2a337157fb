#!/bin/sh
# Cards and shares of a real vault, printed as PDF: poppler reads the words, Debian's electrum
# combines them to the bytes of the phrase, python3-mnemonic agrees, and they open the vault.
. "$TOP/tests/interop/lib.sh"
PYTHONDONTWRITEBYTECODE=1 /usr/bin/python3 "$here/cards.py" || exit 1
