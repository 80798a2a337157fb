#!/bin/sh
# gpg signs and decrypts with passphrases that its agent gets from the vault.
exec /usr/bin/python3 "$TOP/tests/interop/gpg.py" "$@"
