#!/bin/sh
# ownkey setup: every tool of its table, shown, done, undone byte for byte; edits in between.
here=$(dirname "$0")
PYTHONDONTWRITEBYTECODE=1 exec /usr/bin/python3 "$here/setup.py" "$@"
