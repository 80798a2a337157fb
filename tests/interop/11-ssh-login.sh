#!/bin/sh
# Logins through ssh.sock at a real sshd on loopback.
# limit: 300
export PYTHONDONTWRITEBYTECODE=1 PYTHONPATH="$TOP/tests/e2e"
exec /usr/bin/python3 "$TOP/tests/interop/ssh_login.py" "$@"
