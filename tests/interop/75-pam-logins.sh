#!/bin/sh
# Real su, sudo and sshd, with pam_ownkey as all the authentication there is, in a mount namespace.
# as: root
# limit: 300
export PYTHONDONTWRITEBYTECODE=1 PYTHONPATH="$TOP/tests/e2e"
exec unshare -m /usr/bin/python3 "$TOP/tests/interop/pam_logins.py" "$@"
