#!/bin/sh
# pam_ownkey: every way through a login to every answer of PAM, by pamtester, with the software
# token.
# limit: 300
here=$(dirname "$0")
PYTHONDONTWRITEBYTECODE=1 exec /usr/bin/python3 "$here/pam.py" "$@"
