#!/bin/sh
# Errors that people meet, through ownkey.
# limit: 300
here=$(dirname "$0")
PYTHONDONTWRITEBYTECODE=1 exec /usr/bin/python3 "$here/errors.py" "$@"
