#!/bin/sh
# The secret of an application for the Secret portal.
here=$(dirname "$0")
PYTHONDONTWRITEBYTECODE=1 exec /usr/bin/python3 "$here/portal.py" "$@"
