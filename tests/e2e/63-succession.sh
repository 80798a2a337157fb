#!/bin/sh
# When a key changes: logs, cards, contacts, and a thief who has all that an open vault holds.
# limit: 300
here=$(dirname "$0")
PYTHONDONTWRITEBYTECODE=1 exec /usr/bin/python3 "$here/succession.py" "$@"
