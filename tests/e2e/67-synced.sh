#!/bin/sh
# Two and three machines that change copies of one vault.
# limit: 300
here=$(dirname "$0")
PYTHONDONTWRITEBYTECODE=1 exec /usr/bin/python3 "$here/synced.py" "$@"
