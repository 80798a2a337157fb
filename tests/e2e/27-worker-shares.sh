#!/bin/sh
# ownkey-worker: shares and cards of the recovery phrase.
here=$(dirname "$0")
PYTHONDONTWRITEBYTECODE=1 exec /usr/bin/python3 "$here/worker_shares.py" "$@"
