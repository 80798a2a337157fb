#!/bin/sh
# SSH keys that are added, imported and sign.
# limit: 300
here=$(dirname "$0")
PYTHONDONTWRITEBYTECODE=1 exec /usr/bin/python3 "$here/ssh_keys.py" "$@"
