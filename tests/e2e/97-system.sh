#!/bin/sh
# The agent of a machine: other accounts get what ownkey.conf gives them.  In a mount namespace
# with accounts of its own, one for each case.
# as: root
# limit: 120
here=$(dirname "$0")
[ "$(id -u)" = 0 ] || {
	echo "not root, so there is nobody to be: nothing tried"
	exit 0
}
PYTHONDONTWRITEBYTECODE=1 exec /usr/bin/python3 "$here/system_mode.py" "$@"
