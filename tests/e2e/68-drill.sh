#!/bin/sh
# Drills: what a loss would cost, tried before it happens.
# limit: 300
here=$(dirname "$0")
PYTHONDONTWRITEBYTECODE=1 exec /usr/bin/python3 "$here/drill.py" "$@"
