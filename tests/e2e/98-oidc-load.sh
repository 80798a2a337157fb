#!/bin/sh
# The provider under floods, slow clients, more requests than fibers (95: idle connections).
# limit: 300
here=$(dirname "$0")
PYTHONDONTWRITEBYTECODE=1 exec /usr/bin/python3 "$here/oidc_load.py" "$@"
