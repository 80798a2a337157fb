#!/bin/sh
# ownkey-secrets among clients that mean harm.
# limit: 180
here=$(dirname "$0")
PYTHONDONTWRITEBYTECODE=1 exec /usr/bin/python3 "$here/secrets_attacks.py" "$@"
