#!/bin/sh
# Backups are read: every key, any formatting, nothing of a damaged one, within bounded memory.
# limit: 240
here=$(dirname "$0")
PYTHONDONTWRITEBYTECODE=1 exec /usr/bin/python3 "$here/worker_backup.py" "$@"
