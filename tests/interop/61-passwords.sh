#!/bin/sh
# Password commands and codes with the programs that want them: msmtp, oathtool, xclip on a real X
# server, mutt's way of asking.
. "$TOP/tests/interop/lib.sh"

password=$(head -c 18 /dev/urandom | base64 | tr '+/' 'xy')
openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2 -subj /CN=localhost \
	-addext subjectAltName=DNS:localhost -keyout key.pem -out cert.pem 2>openssl.err
/usr/bin/python3 "$here/smtp-auth.py" cert.pem key.pem me "$password" mail >port 2>server.err &
pid=$!
Xvfb -displayfd 3 -screen 0 64x64x8 -nolisten tcp 3>display 2>xvfb.err &
x=$!
trap 'kill $pid $x; cat server.err xvfb.err >&2' EXIT
good 'a mail server listens' until_true 20 test -s port
good 'an X server runs' until_true 20 test -s display

cat >msmtprc <<CONF
defaults
tls on
tls_starttls off
tls_trust_file $PWD/cert.pem
auth plain
account test
host localhost
port $(cat port)
from me@example.org
user me
passwordeval ownkey secret get mail/me
CONF
chmod 600 msmtprc

cat >ask.sh <<'RUN'
set -u
printf 'Subject: hello\n\nhello\n' | msmtp -C msmtprc -a test you@example.org; echo msmtp $?
pass=`ownkey secret get mail/me` # mutt's set imap_pass
[ "$pass" = "$1" ]; echo backticks $?
for row in 'SHA1 6 30' 'SHA256 6 60' 'SHA512 8 30'; do
	set -- $row
	seed=$(head -c 35 /dev/urandom | base32 | tr -d =)
	echo "otpauth://totp/x:me?secret=$seed&algorithm=$1&digits=$2&period=$3" |
		ownkey secret set otp --otp --replace
	for _ in 1 2; do # a code may change between the two
		ours=$(ownkey secret code otp)
		theirs=$(oathtool --base32 --totp="$1" --digits="$2" --time-step-size="$3" "$seed")
		[ "$ours" != "$theirs" ] || break
	done
	echo "oathtool $1 $ours $theirs"
done
export DISPLAY=":$(cat display)"
# xclip has gone to the background before the X server knows of it
copied()
{
	for _ in $(seq 40); do
		xclip -selection clipboard -out 2>/dev/null && break
		sleep 0.1
	done
}
ownkey secret clip mail/me --timeout 5; echo clip $?
copied >clip1
for _ in $(seq 200); do
	xclip -selection clipboard -out >clip2 2>/dev/null
	[ -s clip2 ] || break
	sleep 0.1
done
ownkey secret clip mail/me --timeout 5
copied >clip4
echo other | xclip -selection clipboard -in
sleep 7
xclip -selection clipboard -out >clip3
RUN
"$here/give.py" k <<LINES
secret mail/me $password
run exec sh ask.sh $password >said
LINES
cat said >&2
is 'msmtp logs in' 'msmtp 0' "$(grep msmtp said)"
good 'and delivers' grep -q hello mail
refused 'the password is not in its configuration' grep -qF "$password" msmtprc
is 'backticks give one line' 'backticks 0' "$(grep backticks said)"
for hash in SHA1 SHA256 SHA512; do
	# shellcheck disable=SC2046 # three words
	set -- $(grep "oathtool $hash " said)
	is "oathtool has the same code, $hash" "$4" "$3"
done
is 'the clipboard has it' "$password" "$(cat clip1)"
is 'and after a while it has not' '' "$(cat clip2)"
is 'what was copied in between stays' other "$(cat clip3)"
finish
