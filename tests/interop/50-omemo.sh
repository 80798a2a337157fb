#!/bin/sh
# libomemo-c, which does not clamp, makes our public key of our private one.
. "$TOP/tests/interop/lib.sh"

echo 'id omemo alice@example.org' | "$here/give.py" k
is 'identity key' "$(cat k/identity.identity-key)" \
	"$("$B/interop/omemo" "$(cat k/identity.base64)")"
is 'hex and base64 are one key' "$(cat k/identity.hex)" \
	"$(base64 -d k/identity.base64 | od -An -tx1 | tr -d ' \n')"
is 'the fingerprint is that key' "$(tr -d - <k/identity.fingerprint)" \
	"$(base64 -d k/identity.identity-key | tail -c 32 | od -An -tx1 | tr -d ' \n')"
finish
