#!/bin/sh
# A token at home opens the vault of another machine, and does nothing else for it.
# limit: 300
here=$(dirname "$0")
PYTHONDONTWRITEBYTECODE=1 exec /usr/bin/python3 "$here/forward.py" "$@"
