#!/bin/sh
# ownkey-session: what locks, what is shown, on buses of its own with python3-dbusmock.
# limit: 300
here=$(dirname "$0")
PYTHONDONTWRITEBYTECODE=1 exec /usr/bin/python3 "$here/session.py" "$@"
