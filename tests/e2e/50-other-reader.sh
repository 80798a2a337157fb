#!/bin/sh
# A reader written from ownkey-vault(5) alone opens what ownkey wrote.
here=$(dirname "$0")
PYTHONDONTWRITEBYTECODE=1 exec /usr/bin/python3 "$here/reader.py" "$@"
