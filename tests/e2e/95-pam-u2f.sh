#!/bin/sh
# The authfile of pam_u2f: its lines log in by pam_ownkey, and Debian's pam_u2f accepts the same
# file and the same token.
# limit: 180
here=$(dirname "$0")
PYTHONDONTWRITEBYTECODE=1 exec /usr/bin/python3 "$here/pam_u2f.py" "$@"
