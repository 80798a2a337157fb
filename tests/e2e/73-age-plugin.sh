#!/bin/sh
# age-plugin-ownkey: the protocol, Debian's age, identities of other plugins.
# limit: 280
here=$(dirname "$0")
PYTHONDONTWRITEBYTECODE=1 exec /usr/bin/python3 "$here/age_plugin.py" "$@"
