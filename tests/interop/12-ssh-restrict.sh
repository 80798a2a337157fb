#!/bin/sh
# Destination constraints at real sshds: each case of OpenSSH's agent-restrict.sh.
# limit: 300
export PYTHONDONTWRITEBYTECODE=1 PYTHONPATH="$TOP/tests/e2e"
exec /usr/bin/python3 "$TOP/tests/interop/ssh_restrict.py" "$@"
