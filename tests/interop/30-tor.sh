#!/bin/sh
# tor makes of our key the address that we say; takes our client authorization, both sides.
. "$TOP/tests/interop/lib.sh"

cat >torrc <<RC
DisableNetwork 1
SocksPort 0
DataDirectory $PWD/data
ControlPort unix:$PWD/control
CookieAuthentication 0
HiddenServiceDir $PWD/hs
HiddenServicePort 80 127.0.0.1:80
ClientOnionAuthDir $PWD/auth
Log notice file $PWD/log
RC

start_tor()
{
	tor -f torrc --defaults-torrc /dev/null >out 2>&1 &
	pid=$!
	trap 'kill $pid; cat out >&2' EXIT
	until_true 20 test -S control
}

# control COMMAND...: the answers to these lines
control()
{
	printf '%s\r\n' AUTHENTICATE "$@" QUIT | python3 -c '
import socket, sys
s = socket.socket(socket.AF_UNIX)
s.connect("control")
s.sendall(sys.stdin.buffer.read())
while data := s.recv(4096):
	sys.stdout.buffer.write(data)' | tr -d '\r'
}

"$here/give.py" k <<LINES
id tor blog
id tor aoqqpp7tzyil4hlq3umoos6atft6jvrqtosq2xy53sdgiesvgg4bqead.onion
LINES
"$here/give.py" k2 <<LINES
id tor other
LINES

mkdir -p hs/authorized_clients auth data
chmod -R 700 hs auth data
cp k/onion.hs_ed25519_secret_key hs/hs_ed25519_secret_key
cp k/client-auth.authorized-client hs/authorized_clients/reader.auth
cp k/client-auth.auth_private auth/reader.auth_private
chmod 600 hs/hs_ed25519_secret_key auth/*
start_tor
good 'tor writes the host name' until_true 20 test -s hs/hostname
is 'the address' "$(cat k/onion.hostname)" "$(cat hs/hostname)"
is 'the public file' "$(cat k/onion.hs_ed25519_public_key)" "$(base64 -w0 hs/hs_ed25519_public_key)"

name=$(cat k2/onion.hostname)
key=$(cat k2/onion.add-onion)
reply=$(control "ADD_ONION $key Port=80,127.0.0.1:80" 'ONION_CLIENT_AUTH_VIEW')
is 'ADD_ONION' "250-ServiceID=${name%.onion}" "$(echo "$reply" | grep ServiceID)"
private=$(cut -d: -f4 k/client-auth.auth_private)
want=$(printf '%s======' "$private" | head -c 56 | base32 -d | base64 -w0)
is 'tor read our client key' \
	"250-CLIENT aoqqpp7tzyil4hlq3umoos6atft6jvrqtosq2xy53sdgiesvgg4bqead x25519:$want" \
	"$(echo "$reply" | grep '250-CLIENT ' | cut -d' ' -f1-3)"
refused 'tor has nothing to say against the files' \
	grep -iE '\[(warn|err)\].*(auth|client|hidden|onion)' log
finish
