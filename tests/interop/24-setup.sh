#!/bin/sh
# What `ownkey setup` writes is understood by gpg, age, WeeChat, Profanity, msmtp and mbsync.
. "$TOP/tests/interop/lib.sh"

password=$(head -c 18 /dev/urandom | base64 | tr '+/' 'xy')

# a mail server: says on which port, keeps what AUTH PLAIN and LOGIN bring
cat >smtp.py <<'RUN'
import base64, socket
s = socket.create_server(("127.0.0.1", 0))
print(s.getsockname()[1], flush=True)
f = s.accept()[0].makefile("rwb", 0)
f.write(b"220 test\r\n")
for line in f:
    verb = line.upper().split()[0] if line.strip() else b""
    if verb == b"AUTH":
        if len(line.split()) == 2:
            f.write(b"334 \r\n")
            line += f.readline()
        with open("smtp.got", "wb") as got:
            got.write(base64.b64decode(line.split()[2]).split(b"\0")[2])
    f.write({b"EHLO": b"250-test\r\n250 AUTH PLAIN\r\n", b"AUTH": b"235 good\r\n",
             b"DATA": b"354 go\r\n", b".": b"250 taken\r\n", b"QUIT": b"221 bye\r\n"}.get(
                 verb, b"250 ok\r\n" if verb in (b"MAIL", b"RCPT") else b""))
RUN
cat >imap.sh <<'RUN'
echo '* OK [CAPABILITY IMAP4rev1] test'
while read -r tag verb rest; do
	case $verb in
	LOGIN*) printf '%s\n' "$rest" >imap.got && echo "$tag NO enough" ;;
	*) echo "$tag OK" ;;
	esac
done
RUN
python3 smtp.py >port &
pid=$!
trap 'kill $pid 2>/dev/null || :; HOME=$PWD/h gpgconf --kill gpg-agent || :' EXIT
good 'a mail server listens' until_true 20 test -s port

cat >inside.sh <<'RUN'
set -u
export HOME="$PWD/h"
mkdir -p h/.gnupg h/.weechat h/mail
chmod 700 h/.gnupg
undone() # TOOL FILE
{
	ownkey setup "$1" --undo --yes >&2 && cmp "$2" "$2.before" && echo "undone $1"
}
echo 'max-cache-ttl 0' >h/.gnupg/gpg-agent.conf
cp h/.gnupg/gpg-agent.conf h/.gnupg/gpg-agent.conf.before
gpg --batch --quiet --pinentry-mode loopback --passphrase "$1" --quick-generate-key \
	me@example.org ed25519 sign never
grip=$(gpg --batch --with-colons --with-keygrip -K | sed -n 's/^grp:*\([0-9A-F]*\):/\1/p')
printf %s "$1" | ownkey secret set "gpg/$grip"
ownkey setup gpg --yes >&2
gpgconf --check-options gpg-agent | grep -q ':1:1:$' && echo 'gpgconf is content'
echo text | gpg --batch --clearsign >signed && gpg --verify signed && echo 'gpg signs'
undone gpg h/.gnupg/gpg-agent.conf
echo text | gpg --batch --pinentry-mode error --clearsign >signed || echo 'gpg asks again'
gpgconf --kill gpg-agent

cat >h/.msmtprc <<CONF
account work
host localhost
port $(cat port)
from me@example.org
auth plain
user me
tls off
CONF
chmod 600 h/.msmtprc
cp h/.msmtprc h/.msmtprc.before
ownkey setup msmtp --yes >&2
printf 'Subject: x\n\nx\n' | msmtp -a work you@example.org && echo "msmtp $(cat smtp.got)"
undone msmtp h/.msmtprc

cat >h/.mbsyncrc <<CONF
IMAPAccount work
Tunnel "sh $PWD/imap.sh"
User me
AuthMechs LOGIN

IMAPStore there
Account work

MaildirStore here
Path $PWD/h/mail/
Inbox $PWD/h/mail/inbox

Channel all
Far :there:
Near :here:
CONF
cp h/.mbsyncrc h/.mbsyncrc.before
ownkey setup mbsync --yes >&2
mbsync all
echo "mbsync $(tr -d '\r' <imap.got)"
undone mbsync h/.mbsyncrc

wee()
{
	timeout 30 weechat-headless -d "$HOME/.weechat" "$@" -r /save -r /quit >>wee.log 2>&1
}
wee -r "/secure passphrase $1" -r '/secure set irc hush-hush'
sec=h/.weechat/sec.conf
cp $sec $sec.before
ownkey setup weechat --yes >&2
wee -r '/eval /set irc.server_default.password "seen ${sec.data.irc}"'
grep -q 'seen hush-hush' h/.weechat/irc.conf && echo 'weechat opens it'
ownkey setup | grep -q '^weechat  *set up ' && echo 'weechat kept the line'
ownkey setup weechat --undo --yes >&2
grep -q '^passphrase_command = ""$' $sec && echo 'undone weechat'

ownkey id add age me >&2
recipient=$(ownkey id show age/me | grep -o 'age1[a-z0-9]*' | head -n 1)
ownkey setup age --yes >&2
echo hello | age -r "$recipient" -o sealed
age -d -i "$XDG_CONFIG_HOME/age/identities" sealed
ownkey setup age --undo --yes >&2
[ ! -e "$XDG_CONFIG_HOME/age/identities" ] && echo 'undone age'

mkdir -p "$XDG_DATA_HOME/profanity"
accounts=$XDG_DATA_HOME/profanity/accounts
printf '[me@localhost]\nenabled=true\njid=me@localhost\n' >"$accounts"
cp "$accounts" "$accounts.before"
ownkey setup profanity --yes >&2
tmux -S tmux.sock new-session -d -x 80 -y 24 profanity
for _ in $(seq 200); do
	tmux -S tmux.sock capture-pane -p >screen || break
	grep -q '/help' screen && break
	sleep 0.05
done
tmux -S tmux.sock send-keys '/account show me@localhost' Enter
for _ in $(seq 100); do
	tmux -S tmux.sock capture-pane -p >screen || break
	grep -q 'eval_password' screen && break
	sleep 0.05
done
cat screen >&2
grep -q 'eval_password.*ownkey' screen && echo 'profanity knows'
tmux -S tmux.sock kill-server
undone profanity "$accounts"
RUN
"$here/give.py" k <<LINES
secret smtp/work $password
secret imap/work $password
secret weechat $password
run exec sh inside.sh $password >said
LINES
for fact in 'gpgconf is content' 'gpg signs' 'undone gpg' 'gpg asks again' "msmtp $password" \
	'undone msmtp' "mbsync \"me\" \"$password\"" 'undone mbsync' 'weechat opens it' \
	'weechat kept the line' 'undone weechat' hello 'undone age' \
	'profanity knows' 'undone profanity'; do
	good "${fact%%"$password"*}" grep -qxF "$fact" said
done
finish
