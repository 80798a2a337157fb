#!/bin/sh
# The real Matrix libraries take our keys: matrix-sdk-crypto (Element's) and matrix-js-sdk.
. "$TOP/tests/interop/lib.sh"

echo 'id matrix @alice:example.org' | "$here/give.py" k
npm=$TOP/build/npm/node_modules
exec "$npm/node/bin/node" "$here/matrix.mjs" "$npm" k @alice:example.org
