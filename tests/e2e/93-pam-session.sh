#!/bin/sh
# A login that opens a vault, and agents that refuse, hang, lie or are not there.  In a mount
# namespace with an account of its own.
# as: root
here=$(dirname "$0")
export PYTHONDONTWRITEBYTECODE=1
[ "$(id -u)" != 0 ] || exec unshare -m /usr/bin/python3 "$here/pam_session.py" "$@"
exec /usr/bin/python3 "$here/pam_session.py" "$@"
