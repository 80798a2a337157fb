#!/bin/sh
# The units of the machine: what systemd says of them, and that they let through what we call.
# limit: 120
here=$(dirname "$0")
PYTHONDONTWRITEBYTECODE=1 exec /usr/bin/python3 "$here/oidc_units.py" "$@"
