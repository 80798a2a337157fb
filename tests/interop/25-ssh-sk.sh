#!/bin/sh
# OpenSSH's security keys on the tokens of the agent, by libownkey-sk.so.
# limit: 180
PYTHONDONTWRITEBYTECODE=1 exec /usr/bin/python3 "$TOP/tests/interop/ssh_sk.py" "$@"
