#!/bin/sh
# Many clients, slow ones and hostile ones.
# limit: 300
here=$(dirname "$0")
PYTHONDONTWRITEBYTECODE=1 exec /usr/bin/python3 "$here/load.py" "$@"
