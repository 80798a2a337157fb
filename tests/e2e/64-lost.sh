#!/bin/sh
# A way in is lost: the guided command, stopped everywhere and gone on with; what status says.
# limit: 300
here=$(dirname "$0")
PYTHONDONTWRITEBYTECODE=1 exec /usr/bin/python3 "$here/lost.py" "$@"
