#!/bin/sh
# The audit log: what is in it, when, and what happens when somebody edits it or the disk is full.
# limit: 300
here=$(dirname "$0")
PYTHONDONTWRITEBYTECODE=1 exec /usr/bin/python3 "$here/audit.py" "$@"
