#!/bin/sh
# ownkey-oidc-fetch against hostile servers, in a network of its own.
# limit: 120
here=$(dirname "$0")
export PYTHONDONTWRITEBYTECODE=1
unshare -rnm true 2>/dev/null || {
	echo "1..1"
	echo "ok 1 - this machine gives no network namespace to users: nothing was tried"
	exit 0
}
exec unshare -rnm /usr/bin/python3 "$here/fetch.py" "$@"
