#!/bin/sh
# What desktop applications keep: names, what is set aside, policy by application, ten thousand.
# limit: 300
here=$(dirname "$0")
PYTHONDONTWRITEBYTECODE=1 exec /usr/bin/python3 "$here/entries.py" "$@"
