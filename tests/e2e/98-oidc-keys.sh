#!/bin/sh
# Keys of the provider: made, rotated while people log in, the same after restarts.
# limit: 240
here=$(dirname "$0")
PYTHONDONTWRITEBYTECODE=1 exec /usr/bin/python3 "$here/oidc_keys.py" "$@"
