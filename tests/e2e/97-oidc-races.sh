#!/bin/sh
# Codes and tokens of the provider under stress: races, kills, a locked vault, a full disk.
# limit: 240
here=$(dirname "$0")
PYTHONDONTWRITEBYTECODE=1 exec /usr/bin/python3 "$here/oidc_races.py" "$@"
