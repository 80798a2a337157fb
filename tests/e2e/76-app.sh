#!/bin/sh
# Keys of programs without a format of their own: signing, agreeing, their secret.
# limit: 120
here=$(dirname "$0")
PYTHONDONTWRITEBYTECODE=1 exec /usr/bin/python3 "$here/app.py" "$@"
