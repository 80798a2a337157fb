#!/bin/sh
# Who may use what: grants until lock, applications that are allowed or denied for good.
here=$(dirname "$0")
PYTHONDONTWRITEBYTECODE=1 exec /usr/bin/python3 "$here/grants.py" "$@"
