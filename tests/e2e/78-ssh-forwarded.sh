#!/bin/sh
# Who is granted what through a forwarded ssh agent.
here=$(dirname "$0")
PYTHONDONTWRITEBYTECODE=1 exec /usr/bin/python3 "$here/ssh_forwarded.py" "$@"
