#!/bin/sh
# WeeChat opens its encrypted sec.conf with sec.crypt.passphrase_command = ownkey secret get ...
. "$TOP/tests/interop/lib.sh"

phrase=$(head -c 18 /dev/urandom | base64 | tr '+/' 'xy')
cat >wee.sh <<'RUN'
set -u
# a first start, whose secured data are then kept with that passphrase
timeout 60 weechat-headless -d "$PWD/wee" \
	-r "/set sec.crypt.passphrase_command \"$PWD/pass\"" \
	-r "/secure passphrase $1" -r '/secure set irc hush-hush' \
	-r '/save' -r '/quit' >wee.log 2>&1
# the second one knows the command only; what it decrypts it writes where a test can look
cat >second.sh <<SECOND
weechat-headless -d "$PWD/wee" \
	-r '/eval /set irc.server_default.password "seen \${sec.data.irc}"' \
	-r '/save irc' -r '/quit'
echo ended \$?
sleep 60
SECOND
tmux -S tmux.sock new-session -d -x 80 -y 24 "PATH='$PATH' sh second.sh"
for _ in $(seq 1000); do
	tmux -S tmux.sock capture-pane -p >screen || break
	grep -q ended screen && break
	sleep 0.05
done
cat screen
tmux -S tmux.sock kill-server
RUN
cat >pass <<'RUN'
#!/bin/sh
exec ownkey secret get weechat
RUN
chmod +x pass
"$here/give.py" k <<LINES
secret weechat $phrase
run exec sh wee.sh $phrase >said 2>&1
LINES
cat said >&2
good 'sec.conf is encrypted' grep -q '^irc = "[0-9A-F]\{40,\}"' wee/sec.conf
refused 'and does not hold the passphrase' grep -rF "$phrase" wee
refused 'nor what it keeps' grep -q hush-hush wee/sec.conf
good 'the second start ends well' grep -q 'ended 0' screen
refused 'nothing of ours is on its terminal' grep -q ownkey screen
good 'it opened sec.conf by the command' grep -q 'seen hush-hush' wee/irc.conf
finish
