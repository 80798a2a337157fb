#!/bin/sh
# ownkey-prompt: real and faulty pinentries, the built-in dialogue, cancels.
here=$(dirname "$0")
PYTHONDONTWRITEBYTECODE=1 exec /usr/bin/python3 "$here/prompt.py" "$@"
