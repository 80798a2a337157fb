#!/bin/sh
# Files, commits and tags signed through ssh.sock.
# limit: 180
export PYTHONDONTWRITEBYTECODE=1 PYTHONPATH="$TOP/tests/e2e"
exec /usr/bin/python3 "$TOP/tests/interop/ssh_git.py" "$@"
