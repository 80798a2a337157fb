#!/bin/sh
# The provider when the machine fails it: killed, a full disk, a database that is held, a folder
# that is read-only, clocks that jump, an agent that hangs.
# limit: 240
here=$(dirname "$0")
PYTHONDONTWRITEBYTECODE=1 exec /usr/bin/python3 "$here/oidc_faults.py" "$@"
