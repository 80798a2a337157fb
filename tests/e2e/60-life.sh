#!/bin/sh
# Identities for life: epochs, generations, what a copy of an old vault is worth.
# limit: 300
here=$(dirname "$0")
PYTHONDONTWRITEBYTECODE=1 exec /usr/bin/python3 "$here/life.py" "$@"
