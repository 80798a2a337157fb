#!/bin/sh
# A vault rebuilt from the recovery phrase alone.
# limit: 300
here=$(dirname "$0")
PYTHONDONTWRITEBYTECODE=1 exec /usr/bin/python3 "$here/rebuild.py" "$@"
