#!/bin/sh
# libownkey: its example against an installed copy, and what an agent that lies can do to it.
# limit: 180
here=$(dirname "$0")
PYTHONDONTWRITEBYTECODE=1 exec /usr/bin/python3 "$here/libownkey.py" "$@"
