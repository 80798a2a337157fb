#!/bin/sh
# ssh-add and ssh-keygen with ssh.sock: the behaviours that OpenSSH's own tests of its agent have.
# limit: 300
here=$(dirname "$0")
PYTHONDONTWRITEBYTECODE=1 exec /usr/bin/python3 "$here/ssh_agent.py" "$@"
