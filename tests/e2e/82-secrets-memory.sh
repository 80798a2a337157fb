#!/bin/sh
# What values leave in the memory of ownkey-secrets, which only root may look at.
# as: root
# limit: 120
here=$(dirname "$0")
export PYTHONDONTWRITEBYTECODE=1
[ "$(id -u)" = 0 ] || exec unshare -Ur /usr/bin/python3 "$here/secrets_hostile.py" memory: "$@"
exec /usr/bin/python3 "$here/secrets_hostile.py" memory: "$@"
