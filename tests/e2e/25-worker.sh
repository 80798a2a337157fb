#!/bin/sh
# ownkey-worker: every job, wrong words, and the end of everybody at every point.
here=$(dirname "$0")
PYTHONDONTWRITEBYTECODE=1 exec /usr/bin/python3 "$here/worker.py" "$@"
