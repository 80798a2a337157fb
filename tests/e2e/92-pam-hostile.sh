#!/bin/sh
# pam_ownkey in hosts, and beside people, that mean no good.
# limit: 120
here=$(dirname "$0")
PYTHONDONTWRITEBYTECODE=1 exec /usr/bin/python3 "$here/pam_hostile.py" "$@"
