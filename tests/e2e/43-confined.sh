#!/bin/sh
# Filters, privileges and traces of the agent's processes, as their owner sees them.
here=$(dirname "$0")
PYTHONDONTWRITEBYTECODE=1 exec /usr/bin/python3 "$here/hardening.py" confined "$@"
