#!/bin/sh
# What people are told of the keys that ssh sees.
here=$(dirname "$0")
PYTHONDONTWRITEBYTECODE=1 exec /usr/bin/python3 "$here/ssh_list.py" "$@"
