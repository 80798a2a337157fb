#!/bin/sh
# ownkey try: real programs inside, nothing left afterwards.
# limit: 120
here=$(dirname "$0")
PYTHONDONTWRITEBYTECODE=1 exec /usr/bin/python3 "$here/cli_try.py" "$@"
