#!/bin/sh
# A server is unlocked from home: a real sshd on loopback, the token at home.
# limit: 240
export PYTHONDONTWRITEBYTECODE=1 PYTHONPATH="$TOP/tests/e2e"
exec /usr/bin/python3 "$TOP/tests/interop/unlock_at.py"
