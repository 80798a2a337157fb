#!/bin/sh
# Policy: fresh factors, touches, prompts.
# limit: 300
here=$(dirname "$0")
PYTHONDONTWRITEBYTECODE=1 exec /usr/bin/python3 "$here/policy.py" "$@"
