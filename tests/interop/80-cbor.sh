#!/bin/sh
# python3-cbor2 reads what the agent says, and would have written the same bytes.
. "$TOP/tests/interop/lib.sh"

cat >ask.py <<'PY'
import socket
import struct
import sys

import cbor2

def frame(s):
	data = b""
	while len(data) < 4 or len(data) < 4 + struct.unpack(">I", data[:4])[0]:
		data += s.recv(65536)
	return data[4:]

s = socket.socket(socket.AF_UNIX)
s.connect(sys.argv[1] + "/ownkey/agent.sock")
for n, (op, params) in enumerate([(1, {1: 1, 2: "cbor"}), (2, None), (30, None), (40, {}),
		(42, {1: "ssh/me/identity"}), (60, {1: "mail"}), (62, {}),
		(42, {1: "missing"})], 1):
	ask = cbor2.dumps({1: op, 2: n, **({} if params is None else {3: params})}, canonical=True)
	s.sendall(struct.pack(">I", len(ask)) + ask)
	got = frame(s)
	said = cbor2.loads(got)
	assert said[1] == op and said[2] == n, said
	assert (said[3] == 0) == (n < 8), said
	assert cbor2.dumps(said, canonical=True) == got, (said, got)
	if op == 60:
		assert said[4] == {1: b"secret-value"}, said
PY
"$here/give.py" k <<LINES
id ssh me
id matrix @alice:example.org
secret mail secret-value
run /usr/bin/python3 ask.py "\$XDG_RUNTIME_DIR" && touch same
LINES
good 'every reply is deterministic CBOR' test -e same
finish
