#!/bin/sh
# Files that were encrypted to an identity of the vault.
# limit: 200
here=$(dirname "$0")
PYTHONDONTWRITEBYTECODE=1 exec /usr/bin/python3 "$here/decrypt.py" "$@"
