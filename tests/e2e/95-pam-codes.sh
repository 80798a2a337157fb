#!/bin/sh
# What each path of a login tells Linux-PAM, and the test that shows it.
here=$(dirname "$0")
PYTHONDONTWRITEBYTECODE=1 exec /usr/bin/python3 "$here/pam_codes.py" "$@"
