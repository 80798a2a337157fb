#!/bin/sh
# Bits of an assertion, flipped one at a time: `93-pam-flips.sh all` takes every one.
here=$(dirname "$0")
PYTHONDONTWRITEBYTECODE=1 exec /usr/bin/python3 "$here/pam_flips.py" "$@"
