#!/bin/sh
# `ownkey-oidc check`: each thing that can be wrong is found, with what to do.
# limit: 240
here=$(dirname "$0")
PYTHONDONTWRITEBYTECODE=1 exec /usr/bin/python3 "$here/oidc_check.py" "$@"
