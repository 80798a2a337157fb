#!/bin/sh
# ownkey-secrets: a person's no, forged signals, numbers of a process that has ended.
# limit: 120
here=$(dirname "$0")
PYTHONDONTWRITEBYTECODE=1 exec /usr/bin/python3 "$here/secrets_hostile.py" "$@"
