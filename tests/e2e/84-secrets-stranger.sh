#!/bin/sh
# ownkey-secrets and another user's client: only root can be two users.
# as: root
here=$(dirname "$0")
PYTHONDONTWRITEBYTECODE=1 exec /usr/bin/python3 "$here/secrets_attacks.py" "another user"
