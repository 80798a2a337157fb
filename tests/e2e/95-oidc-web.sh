#!/bin/sh
# The provider as a web server: discovery, what may not be read in two ways, floods, slow clients.
# limit: 240
here=$(dirname "$0")
PYTHONDONTWRITEBYTECODE=1 exec /usr/bin/python3 "$here/oidc_web.py" "$@"
