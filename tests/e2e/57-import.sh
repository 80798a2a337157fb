#!/bin/sh
# What other programs kept comes in once, whole, by name; what does not is said.
here=$(dirname "$0")
PYTHONDONTWRITEBYTECODE=1 exec /usr/bin/python3 "$here/importing.py" "$@"
