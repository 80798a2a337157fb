#!/bin/sh
# The audit log of what other programs use: tokens, ssh, age, keys that are agreed on, codes.
# limit: 120
here=$(dirname "$0")
PYTHONDONTWRITEBYTECODE=1 exec /usr/bin/python3 "$here/audit_uses.py" "$@"
