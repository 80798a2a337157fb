#!/bin/sh
# The demo, whole: a token is registered, a person logs in and out, nothing is left behind.
# limit: 240
here=$(dirname "$0")
PYTHONDONTWRITEBYTECODE=1 exec /usr/bin/python3 "$here/oidc_demo.py" "$@"
