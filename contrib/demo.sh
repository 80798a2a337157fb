#!/bin/bash
# usage: contrib/demo.sh		(make demo)
# The main job, end to end, with real programs: a software token makes and opens
# a vault, identities come out of it, and ssh-keygen, age and Profanity accept
# what they get.  All of it in a home of its own, which is wiped.
set -euo pipefail

# ---- inside `ownkey try` ----
if [ "${1-}" = --inside ]; then
	# shellcheck source=contrib/demo-lib.sh
	. "${0%/*}/demo-lib.sh"
	cd "$HOME"
	exec 2>&1
	trap demo_stop EXIT
	trap 'exit 130' INT TERM HUP
	echo '1. the vault is locked; one touch opens it'
	ownkey lock
	! ownkey secret list 2>locked || die 'an answer from a locked vault'
	say "$(head -n 1 locked)"
	ownkey unlock
	echo '2. ssh-keygen checks a signature of a derived key'
	demo_ssh
	echo '3. age decrypts with an exported identity'
	demo_age
	echo '4. Profanity logs in to Prosody'
	demo_profanity
	echo '5. locked again: nothing answers without a touch'
	ownkey lock
	! ownkey secret list 2>locked || die 'an answer from a locked vault'
	say "$(head -n 1 locked)"
	exit 0
fi

# ---- outside: copies that anybody may run, whoever owns this tree ----
cd "$(dirname "$(readlink -f "$0")")/.."
place=$(mktemp -d /tmp/ownkey-demo.XXXXXX)
trap 'rm -rf "$place"' EXIT
trap 'exit 130' INT TERM HUP
chmod 711 "$place"
for program in ownkey ownkey-agent ownkey-token ownkey-worker ownkey-prompt ownkey-softtoken; do
	install -m 755 "${B:-build}/$program" "$place/"
done
install -m 755 contrib/demo.sh contrib/demo-lib.sh "$place/"

# Prosody, and people, do not work as root
drop=()
if [ "$(id -u)" = 0 ]; then
	drop=(setpriv --reuid=65534 --regid=65534 --clear-groups --inh-caps=-all)
fi
cd "$place"
echo 'demo: a token of software, which touches itself; nothing here is real'
env -i PATH="$PATH:/usr/sbin:/sbin" LANG=C.UTF-8 TERM="${TERM:-dumb}" SHELL=/bin/sh \
	"${drop[@]}" "$place/ownkey" try -- "$place/demo.sh" --inside </dev/null
echo 'demo: everything worked'
