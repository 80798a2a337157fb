#!/bin/sh
# Debian's age decrypts with our identity, and knows our recipient by it.
. "$TOP/tests/interop/lib.sh"

echo 'id age me' | "$here/give.py" k
recipient=$(cat k/identity.recipient)
is 'age-keygen -y' "$recipient" "$(age-keygen -y k/identity.identity)"
head -c 200000 /dev/urandom >plain
age -r "$recipient" -o sealed plain
age -d -i k/identity.identity -o again sealed
good 'age decrypts' cmp plain again
age-keygen -o other 2>/dev/null
refused 'somebody else does not' age -d -i other -o never sealed
finish
