#!/bin/sh
# Real screen lockers and passwd, with pam_ownkey as all the authentication there is.
# as: root
# limit: 200
export PYTHONDONTWRITEBYTECODE=1 PYTHONPATH="$TOP/tests/e2e"
exec unshare -m /usr/bin/python3 "$TOP/tests/interop/pam_lockers.py" "$@"
