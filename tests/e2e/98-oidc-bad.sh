#!/bin/sh
# Requests that made other providers fail: a row each, with the CVE or issue that it comes from.
# limit: 300
here=$(dirname "$0")
PYTHONDONTWRITEBYTECODE=1 exec /usr/bin/python3 "$here/oidc_bad.py" "$@"
