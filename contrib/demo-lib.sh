# shellcheck shell=bash
# What real programs do with what ownkey gives them: used by contrib/demo.sh and
# by tests/interop.  Each function needs an agent that is open, works in the
# current directory, and fails loudly; demo_stop ends what they started.

# say TEXT...: one short line
say()
{
	printf '  %s\n' "$*"
}

# die TEXT [FILE...]: with what is known
die()
{
	echo "demo: FAILED: $1" >&2
	shift
	for file in "$@"; do
		[ ! -s "$file" ] || { echo "--- $file" && tail -n 25 "$file"; } >&2
	done
	exit 1
}

# until_true SECONDS COMMAND...
until_true()
{
	local tries=$(($1 * 10))
	shift
	until "$@"; do
		((tries-- > 0)) || return 1
		sleep 0.1
	done
}

# ---- ssh-keygen accepts a signature of a derived identity ----
demo_ssh()
{
	local me=demo@example.org line
	line=$(ownkey id add ssh $me | grep -o 'ssh-ed25519 [^ ]*') || die 'no ssh identity'
	say "derived: $line"
	echo "$me $line" >signers
	echo 'I promise.' >letter.txt
	ownkey sign --key ssh/$me -n file letter.txt || die 'no signature'
	ssh-keygen -Y verify -f signers -I $me -n file -s letter.txt.sig <letter.txt ||
		die 'ssh-keygen refuses the signature' letter.txt.sig
	echo 'I promise nothing.' >letter.txt
	! ssh-keygen -Y verify -f signers -I $me -n file -s letter.txt.sig <letter.txt \
		>/dev/null 2>&1 || die 'ssh-keygen accepts another letter'
}

# ---- age decrypts with an exported identity ----
demo_age()
{
	local recipient
	recipient=$(ownkey id add age demo | grep -o 'age1[a-z0-9]*') || die 'no age identity'
	say "derived: $recipient"
	echo 'meet me at noon' | age -r "$recipient" -o note.age || die 'age does not encrypt'
	ownkey id export age/demo --out key.txt || die 'no export'
	[ "$(age -d -i key.txt note.age)" = 'meet me at noon' ] || die 'age does not decrypt'
	say 'age -d: meet me at noon'
}

# ---- Profanity logs in to Prosody ----
prosody_pid=

free_port()
{
	local port
	for _ in {1..50}; do
		port=$((20000 + RANDOM))
		(: <>"/dev/tcp/127.0.0.1/$port") 2>/dev/null || { echo $port && return; }
	done
	return 1
}

# prosody_start PORT PASSWORD: with the account alice@localhost
prosody_start()
{
	mkdir -p prosody/data
	openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2 \
		-subj /CN=localhost -keyout prosody/key.pem -out prosody/cert.pem \
		2>prosody/openssl ||
		die 'no certificate' prosody/openssl
	cat >prosody/conf.lua <<-END
		pidfile = "$PWD/prosody/pid"
		data_path = "$PWD/prosody/data"
		log = { debug = "$PWD/prosody/log" }
		modules_enabled = { "roster", "saslauth", "tls", "disco", "ping", "presence" }
		modules_disabled = { "s2s", "http", "offline" }
		interfaces = { "127.0.0.1" }
		c2s_ports = { $1 }
		c2s_direct_tls_ports = {}
		s2s_ports = {}
		authentication = "internal_hashed"
		ssl = { key = "$PWD/prosody/key.pem", certificate = "$PWD/prosody/cert.pem" }
		VirtualHost "localhost"
	END
	prosodyctl --config "$PWD/prosody/conf.lua" register alice localhost "$2" \
		>prosody/register 2>&1 || die 'no account' prosody/register
	prosody --config "$PWD/prosody/conf.lua" -F >prosody/out 2>&1 &
	prosody_pid=$!
	until_true 20 grep -qs "Activated service 'c2s' on .*$1" prosody/log ||
		die 'prosody does not start' prosody/out prosody/log
}

tmux_()
{
	TMUX_TMPDIR=$PWD tmux -L demo -f /dev/null "$@" 2>>tmux.err
}

on_screen()
{
	tmux_ capture-pane -p -J -t demo >screen && grep -q "$1" screen
}

demo_profanity()
{
	local port password
	port=$(free_port) || die 'no free port'
	password=$(openssl rand -hex 16)
	prosody_start "$port" "$password"
	say "prosody serves alice@localhost on port $port"
	printf '%s\n' "$password" | ownkey secret set xmpp/alice || die 'secret not kept'
	mkdir -p "$XDG_DATA_HOME/profanity"
	cat >"$XDG_DATA_HOME/profanity/accounts" <<-END
		[alice@localhost]
		enabled=true
		jid=alice@localhost
		server=127.0.0.1
		port=$port
		tls.policy=trust
		eval_password=ownkey secret get xmpp/alice
	END
	say 'its account: eval_password=ownkey secret get xmpp/alice'
	TERM=screen LANG=C.UTF-8 tmux_ new-session -d -s demo -x 160 -y 40 \
		'profanity -a alice@localhost' || die 'no tmux' tmux.err
	until_true 30 on_screen 'logged in successfully' ||
		die 'profanity does not log in' screen prosody/log
	grep -q 'Authenticated as alice@localhost' prosody/log ||
		die 'prosody knows nothing of it' prosody/log
	say "profanity: $(grep -o 'alice@localhost.* logged in successfully' screen | head -n 1)"
}

demo_stop()
{
	[ ! -e tmux.err ] || tmux_ kill-server || true
	[ -z "$prosody_pid" ] || { kill "$prosody_pid" && wait "$prosody_pid"; } 2>/dev/null || true
	prosody_pid=
}
