#!/bin/sh
# Planted vault files are refused, each with its own error.
# limit: 300
here=$(dirname "$0")
PYTHONDONTWRITEBYTECODE=1 exec /usr/bin/python3 "$here/planted.py" "$@"
