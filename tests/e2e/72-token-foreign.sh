#!/bin/sh
# Credentials of other programs on tokens: made, used, refused.
# limit: 120
here=$(dirname "$0")
PYTHONDONTWRITEBYTECODE=1 exec /usr/bin/python3 "$here/token_foreign.py" "$@"
