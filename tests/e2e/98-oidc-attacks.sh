#!/bin/sh
# The provider under attack: by its own clients, its own users, and strangers.
# limit: 240
here=$(dirname "$0")
PYTHONDONTWRITEBYTECODE=1 exec /usr/bin/python3 "$here/oidc_attacks.py" "$@"
