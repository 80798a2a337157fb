#!/bin/sh
# Profanity logs in to a real XMPP server with eval_password = ownkey secret get …, as a person
# writes it and as `ownkey setup profanity` does.
. "$TOP/tests/interop/lib.sh"

password=$(head -c 18 /dev/urandom | base64 | tr '+/' 'xy')
port=$("$here/free_port.py")

mkdir -p data/localhost/accounts
echo "return { [\"password\"] = \"$password\" };" >data/localhost/accounts/alice.dat
cat >prosody.cfg.lua <<CFG
run_as_root = true
data_path = "$PWD/data"
pidfile = "$PWD/prosody.pid"
modules_enabled = { "roster", "saslauth", "disco", "ping" }
modules_disabled = { "s2s", "tls" }
interfaces = { "127.0.0.1" }
c2s_ports = { $port }
s2s_ports = { }
c2s_require_encryption = false
allow_unencrypted_plain_auth = true
authentication = "internal_plain"
log = { debug = "$PWD/prosody.log" }
VirtualHost "localhost"
CFG

# Profanity in a terminal of 80 x 24; it ends with its terminal.  Without a command setup writes it.
cat >client.sh <<'RUN'
set -eu
mkdir -p "$3/config/profanity" "$3/share/profanity"
cd "$3"
cat >share/profanity/accounts <<ACCOUNT
[alice@localhost]
enabled=true
jid=alice@localhost
server=127.0.0.1
port=$1
resource=test
tls.policy=disable
auth.policy=default
ACCOUNT
if [ -n "$2" ]; then
	echo "eval_password=$2" >>share/profanity/accounts
else
	XDG_DATA_HOME=$PWD/share "$B/ownkey" setup profanity --yes >&2
fi
# the client of the agent has the environment of the agent, profanity has homes of its own
{
	echo '#!/bin/sh'
	export -p | grep -E ' (XDG_RUNTIME_DIR|XDG_DATA_HOME|XDG_STATE_HOME|XDG_CONFIG_HOME)='
	echo "exec '$B/ownkey' \"\$@\""
} >ownkey
chmod +x ownkey
tmux -S tmux.sock new-session -d -x 80 -y 24 "XDG_CONFIG_HOME=$PWD/config XDG_DATA_HOME=$PWD/share \
	PATH=$PWD:\$PATH profanity -a alice@localhost 2>profanity.err"
for _ in $(seq 600); do
	tmux -S tmux.sock capture-pane -p >screen || break
	grep -q 'alice@localhost.* logged in successfully' screen && break
	sleep 0.05
done
cat screen >&2
tmux -S tmux.sock kill-server
RUN

prosody -F --config "$PWD/prosody.cfg.lua" >prosody.out 2>&1 &
pid=$!
trap 'kill $pid; tail -n 40 prosody.log prosody.out >&2' EXIT
good 'prosody listens' until_true 20 \
	sh -c "grep -sq 'Activated service .c2s. on.*$port' prosody.log"

"$here/give.py" k <<LINES
secret xmpp/alice@localhost $password
run sh client.sh $port 'ownkey secret get xmpp/alice@localhost' hand
run sh client.sh $port '' setup
LINES
for how in hand setup; do
	good "profanity says so: $how" grep 'alice@localhost.* logged in successfully' "$how/screen"
done
good 'prosody says so, both times' \
	test "$(grep -c 'Authenticated as alice@localhost' prosody.log)" = 2
good 'setup wrote the command' grep '^eval_password=.*ownkey secret get xmpp/alice@localhost$' \
	setup/share/profanity/accounts
refused 'the password is in no file of profanity' grep -rF "$password" hand setup
finish
