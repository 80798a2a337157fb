#!/bin/sh
# Each single loss: what remains brings everything back.
# limit: 600
here=$(dirname "$0")
PYTHONDONTWRITEBYTECODE=1 exec /usr/bin/python3 "$here/losses.py" "$@"
