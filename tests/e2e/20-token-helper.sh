#!/bin/sh
# ownkey-token: lists, every job on every kind of token, wrong PINs, touches, cancel, misbehaviour.
here=$(dirname "$0")
PYTHONDONTWRITEBYTECODE=1 exec /usr/bin/python3 "$here/token_helper.py" "$@"
