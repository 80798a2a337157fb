#!/bin/sh
# Logging in at the provider with a token that nobody here wrote: WebAuthn, invitations, own page.
# limit: 240
here=$(dirname "$0")
PYTHONDONTWRITEBYTECODE=1 exec /usr/bin/python3 "$here/oidc_login.py" "$@"
