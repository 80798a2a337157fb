#!/bin/sh
# Other people's CTAP clients against the software token: python3-fido2, the fido2-tools and
# ssh-keygen (the last two by a preload that shows them a token behind a socket).
# limit: 240
set -eu
here=$(cd "$(dirname "$0")" && pwd)
B=$(cd "${OWNKEY_BUILD:-${B:-build}}" && pwd)
export B

PYTHONDONTWRITEBYTECODE=1 /usr/bin/python3 "$here/softtoken_clients.py"

dir=$(mktemp -d)
cd "$dir"
token=
trap '[ -z "$token" ] || kill "$token"; rm -rf "$dir"' EXIT
export OWNKEY_TOKEN="unix:$dir/sock"
tid=start

trace()
{
	tid=$1
}

# libfido2 programs ask for PINs on the terminal, without one on stdin
run()
{
	LD_PRELOAD=$B/tests/preload/softtoken.so setsid -w "$@" >out 2>err && return
	cat out err >&2
	fail "$1 failed"
}

fail()
{
	echo "not ok $tid: $*"
	exit 1
}

# has FILE TEXT
has()
{
	grep -q "$2" "$1" || fail "no '$2' in: $(cat "$1")"
}

start()
{
	[ -z "$token" ] || { kill "$token" && wait "$token"; }
	rm -f state
	mkfifo ready
	"$B/ownkey-softtoken" --state state --socket "$dir/sock" --personality "$1" \
		--ready 3 3>ready &
	token=$!
	read -r _ <ready
	rm ready
}

b64()
{
	head -c "$1" /dev/urandom | base64 -w0
	echo
}

for name in yk57 yk54 solo canokey pico; do
	start "$name"

	trace "fido2-token, $name"
	run fido2-token -L
	has out "^$OWNKEY_TOKEN: .*software token"
	run fido2-token -I "$OWNKEY_TOKEN" </dev/null
	has out "hmac-secret"
	has out "noclientPin"
	has out "aaguid: 6f776e6b6579536f6674546f6b656e31"

	trace "fido2-cred and fido2-assert, $name"
	for alg in es256 eddsa; do
		{ b64 32 && echo ownkey:vault && echo me && b64 16; } >asked
		run fido2-cred -M -h -i asked "$OWNKEY_TOKEN" "$alg"
		mv out made
		run fido2-cred -V -h -i made -o key "$alg"
		head -n 1 key >id
		sed 1d key >pem
		salt=$(b64 32)
		for n in 1 2; do
			{ b64 32 && echo ownkey:vault && cat id && echo "$salt"; } >ask
			run fido2-assert -G -h -i ask "$OWNKEY_TOKEN" "$alg"
			tail -n 1 out >"secret$n"
			sed '$d' out >said
			run fido2-assert -V -h -p -i said pem "$alg"
		done
		cmp -s secret1 secret2 || fail "another secret each time"
		[ "$(base64 -d secret1 | wc -c)" = 32 ] || fail "no 32 bytes of secret"
	done

	trace "PIN by fido2-token, $name"
	printf '1234\n1234\n' >pins
	run fido2-token -S "$OWNKEY_TOKEN" <pins
	run fido2-token -I "$OWNKEY_TOKEN" </dev/null
	has out "clientPin"
	has out "pin retries: 8"
	printf '1234\n56789\n56789\n' >pins
	run fido2-token -C "$OWNKEY_TOKEN" <pins
	printf '56789\n' >pins
	run fido2-token -I -c "$OWNKEY_TOKEN" <pins
	has out "existing rk(s): 0"

	trace "reset by fido2-token, $name"
	# the old socket is not taken for the one that comes
	rm sock
	kill -USR2 "$token"
	for _ in $(seq 400); do
		[ -S sock ] && break
		sleep 0.05
	done
	run fido2-token -R "$OWNKEY_TOKEN" </dev/null
	run fido2-token -I "$OWNKEY_TOKEN" </dev/null
	has out "noclientPin"
	echo "ok fido2-tools, $name"

	trace "ssh-keygen, $name"
	for type in ed25519-sk ecdsa-sk; do
		run ssh-keygen -q -t "$type" -f "ssh-$type" -N '' </dev/null
		echo "me $(cat "ssh-$type.pub")" >signers
		echo hello >text
		rm -f text.sig
		run ssh-keygen -Y sign -f "ssh-$type" -n test text </dev/null
		run ssh-keygen -Y verify -f signers -I me -n test -s text.sig <text
		has out "Good"
		echo tampered >text
		! ssh-keygen -Y verify -f signers -I me -n test -s text.sig <text >out 2>&1 ||
			fail "ssh-keygen accepts another text"
		rm -f ssh-*
	done
	echo "ok ssh-keygen, $name"
done
