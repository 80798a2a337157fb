#!/bin/sh
# Secrets for programs: attributes, codes, the editor, the clipboard, exec, git.
# limit: 120
here=$(dirname "$0")
PYTHONDONTWRITEBYTECODE=1 exec /usr/bin/python3 "$here/passwords.py" "$@"
