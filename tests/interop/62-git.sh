#!/bin/sh
# git pushes over https to git's own http-backend, with passwords from git-credential-ownkey.
. "$TOP/tests/interop/lib.sh"

password=$(head -c 18 /dev/urandom | base64 | tr '+/' 'xy')
openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2 -subj /CN=localhost \
	-addext subjectAltName=DNS:localhost -keyout key.pem -out cert.pem 2>openssl.err
mkdir srv
git init -q --bare srv/a.git
git -C srv/a.git config http.receivepack true
/usr/bin/python3 "$here/https-git.py" "$PWD/srv" cert.pem key.pem alice "$password" \
	>port 2>server.err &
pid=$!
trap 'kill $pid; cat server.err >&2' EXIT
good 'the server listens' until_true 20 test -s port
port=$(cat port)

cat >push.sh <<'RUN'
set -u
unset GIT_SSL_CAINFO SSL_CERT_FILE GIT_CONFIG_GLOBAL GIT_ASKPASS SSH_ASKPASS
export HOME="$PWD/home" GIT_TERMINAL_PROMPT=0 GIT_CONFIG_NOSYSTEM=1
mkdir -p home
git config --global credential.helper ownkey
git config --global http.sslCAInfo "$PWD/cert.pem"
git config --global user.email me@example.org
git config --global user.name me
url=https://localhost:$1/a.git
git init -q work
cd work
git commit -q --allow-empty -m one
git push -q "$url" HEAD:main 2>../none; echo none $?
# what a person would have typed
printf 'protocol=https\nhost=localhost:%s\nusername=alice\npassword=wrong\n\n' "$1" |
	git credential approve
git push -q "$url" HEAD:main 2>../wrong; echo wrong $?
git push -q "$url" HEAD:main 2>../rejected; echo rejected $?
printf 'protocol=https\nhost=localhost:%s\nusername=alice\npassword=%s\n\n' "$1" "$2" |
	git credential approve
git push -q "$url" HEAD:main; echo right $?
git commit -q --allow-empty -m two
git push -q "$url" HEAD:main; echo again $?
ownkey lock
git commit -q --allow-empty -m three
git push -q "$url" HEAD:main 2>../locked; echo locked $?
RUN
"$here/give.py" k <<LINES
run exec sh push.sh $port $password >said
LINES
cat said none wrong rejected locked >&2
is 'nothing is kept: git cannot go on' 'none 128' "$(grep none said)"
is 'a wrong password does not open' 'wrong 128' "$(grep wrong said)"
is 'and is not tried again' 'rejected 128' "$(grep rejected said)"
good 'but git has none' grep -q 'terminal prompts disabled' rejected
is 'the right one does' 'right 0' "$(grep right said)"
is 'and is found' 'again 0' "$(grep again said)"
is 'locked, and nowhere to ask for the PIN: git is told to stop' 'locked 128' "$(grep locked said)"
good 'it says so' grep -q 'the vault is locked' locked
is 'what was pushed is there' 2 "$(git -C srv/a.git rev-list --count main)"
refused 'the password is in no file of git' grep -rF "$password" home work
finish
