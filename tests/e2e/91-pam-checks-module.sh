#!/bin/sh
# Each check of the module is taken out of the code, and its test has to notice:
# some at random, or `all`.
# limit: 300
here=$(dirname "$0")
PYTHONDONTWRITEBYTECODE=1 exec /usr/bin/python3 "$here/pam_checks_module.py" "$@"
