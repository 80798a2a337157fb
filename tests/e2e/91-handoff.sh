#!/bin/sh
# ownkey-handoff: becomes the person, finds or starts their agent, hands the factor over.  In a
# mount namespace with an account of its own; as root, it gives root away, too.
here=$(dirname "$0")
export PYTHONDONTWRITEBYTECODE=1
case $(id -u) in
0) exec unshare -m /usr/bin/python3 "$here/handoff.py" "$@" ;;
*) exec unshare --user --map-current-user --mount --keep-caps \
	/usr/bin/python3 "$here/handoff.py" "$@" ;;
esac
