#!/bin/sh
# IndieAuth: clients that nobody registered, on servers of a network of the test's own.
# limit: 240
here=$(dirname "$0")
export PYTHONDONTWRITEBYTECODE=1
unshare -rnm true 2>/dev/null || {
	echo "1..1"
	echo "ok 1 - this machine gives no network namespace to users: nothing was tried"
	exit 0
}
exec unshare -rnm /usr/bin/python3 "$here/indieauth.py" "$@"
