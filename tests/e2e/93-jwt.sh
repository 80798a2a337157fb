#!/bin/sh
# Tokens of an issuer: a provider that was taken over gets no others.
# limit: 120
here=$(dirname "$0")
PYTHONDONTWRITEBYTECODE=1 exec /usr/bin/python3 "$here/jwt_issuer.py" "$@"
