#!/bin/sh
# Another agent behind ours: ssh-agent, and some that hang, lie and die.
here=$(dirname "$0")
PYTHONDONTWRITEBYTECODE=1 exec /usr/bin/python3 "$here/ssh_upstream.py" "$@"
