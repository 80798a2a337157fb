#!/bin/sh
# The token truth table on every personality.
# limit: 300
here=$(dirname "$0")
PYTHONDONTWRITEBYTECODE=1 exec /usr/bin/python3 "$here/truth.py" "$@"
