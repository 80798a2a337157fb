#!/bin/sh
# pam_ownkey with from-agent: logins that an ssh agent signs; OpenSSH's, ours, and bad ones.
# limit: 180
here=$(dirname "$0")
PYTHONDONTWRITEBYTECODE=1 exec /usr/bin/python3 "$here/from_agent.py" "$@"
