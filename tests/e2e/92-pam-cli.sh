#!/bin/sh
# ownkey pam: lines for the map, and what is said of stacks, held against libpam itself.
here=$(dirname "$0")
PYTHONDONTWRITEBYTECODE=1 exec /usr/bin/python3 "$here/pam_cli.py" "$@"
