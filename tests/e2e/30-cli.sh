#!/bin/sh
# ownkey as a person meets it, on a terminal of 50 x 15, and as scripts do.
# limit: 300
here=$(dirname "$0")
PYTHONDONTWRITEBYTECODE=1 exec /usr/bin/python3 "$here/cli.py" "$@"
