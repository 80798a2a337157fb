#!/bin/sh
# ownkey-secrets asks the person about items.
# limit: 120
here=$(dirname "$0")
PYTHONDONTWRITEBYTECODE=1 exec /usr/bin/python3 "$here/secrets_asks.py" "$@"
