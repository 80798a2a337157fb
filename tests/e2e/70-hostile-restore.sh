#!/bin/sh
# What a frightened or hostile person gives to restore: a clear error, no wait, nothing changed.
# limit: 300
here=$(dirname "$0")
PYTHONDONTWRITEBYTECODE=1 exec /usr/bin/python3 "$here/hostile_restore.py" "$@"
