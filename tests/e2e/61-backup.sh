#!/bin/sh
# Backups: what is in them, that plain age opens them, that none is half there.
# limit: 300
here=$(dirname "$0")
PYTHONDONTWRITEBYTECODE=1 exec /usr/bin/python3 "$here/backup.py" "$@"
