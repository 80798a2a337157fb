#!/bin/sh
# Copies of the sealed vault in other folders.
here=$(dirname "$0")
PYTHONDONTWRITEBYTECODE=1 exec /usr/bin/python3 "$here/copies.py" "$@"
