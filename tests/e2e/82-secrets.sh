#!/bin/sh
# ownkey-secrets: the Secret Service and the Secret portal on a bus of its own.
# limit: 120
here=$(dirname "$0")
PYTHONDONTWRITEBYTECODE=1 exec /usr/bin/python3 "$here/secrets_service.py" "$@"
