#!/bin/sh
# Logging in at a relying party: the modules of the OpenID conformance suite, by their names.
# limit: 240
here=$(dirname "$0")
PYTHONDONTWRITEBYTECODE=1 exec /usr/bin/python3 "$here/oidc_flow.py" "$@"
