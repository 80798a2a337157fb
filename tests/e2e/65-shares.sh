#!/bin/sh
# Shares and cards of the recovery phrase: made, remembered, tried, and left nowhere.
# limit: 300
here=$(dirname "$0")
PYTHONDONTWRITEBYTECODE=1 exec /usr/bin/python3 "$here/shares.py" "$@"
