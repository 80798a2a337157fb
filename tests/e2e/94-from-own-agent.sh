#!/bin/sh
# Logins that our own agent signs (from-agent): shown each time, and nothing that was not told.
# limit: 180
here=$(dirname "$0")
PYTHONDONTWRITEBYTECODE=1 exec /usr/bin/python3 "$here/from_own_agent.py" "$@"
