#!/bin/sh
# Logging in at the provider, and registering, where no browser can talk to tokens: ownkey approve.
# limit: 240
here=$(dirname "$0")
PYTHONDONTWRITEBYTECODE=1 exec /usr/bin/python3 "$here/oidc_terminal.py" "$@"
