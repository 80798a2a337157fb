#!/bin/sh
# unlock {given}: what a login hands over to the agent.
here=$(dirname "$0")
PYTHONDONTWRITEBYTECODE=1 exec /usr/bin/python3 "$here/given.py" "$@"
