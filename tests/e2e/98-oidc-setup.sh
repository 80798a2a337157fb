#!/bin/sh
# What services are told of the provider, and the clients that are made for them.
# limit: 240
here=$(dirname "$0")
PYTHONDONTWRITEBYTECODE=1 exec /usr/bin/python3 "$here/oidc_setup.py" "$@"
