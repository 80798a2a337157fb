#!/bin/sh
# ssh.sock and hostile clients.
# limit: 300
here=$(dirname "$0")
PYTHONDONTWRITEBYTECODE=1 exec /usr/bin/python3 "$here/ssh_hostile.py" "$@"
