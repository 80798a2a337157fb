#!/bin/sh
# What the programs are linked with, and that clients contain no agent's code.
. tests/lint/lib.sh
need ldd nm readelf

# direct PROGRAM LIBRARY...: it names these and no other
direct()
{
	program=$B/$1
	shift
	[ -e "$program" ] || return
	# shellcheck disable=SC2046 # a list
	readelf -d "$program" | sed -n 's/.*(NEEDED).*\[\(.*\)\.so.*/\1/p' |
		grep -vx -e libc -e libm -e 'ld-linux.*' -e libasan -e libubsan \
			-e 'libclang_rt.*' $(printf -- '-e %s ' "$@") |
		sed "s|^|$program is linked with |"
}

# never PROGRAM [BUT]: not even through another library
never()
{
	[ ! -e "$B/$1" ] || ldd "$B/$1" |
		grep -e libfido2 -e libcbor -e libcurl -e libsystemd -e libdbus |
		grep -v "${2:-^$}" | sed "s|^|$B/$1: |"
}

# functions FILE...: those with external linkage
functions()
{
	nm --defined-only "$@" 2>/dev/null | sed -n 's/.* [TW] //p' |
		grep -vx -e main -e _init -e _fini | sort -u
}

# client PROGRAM: shares no function with the agent's own rooms, and names none like the vault's
client()
{
	[ -e "$B/$1" ] || return
	functions "$B/$1" >"$work/client"
	{
		comm -12 "$work/agent" "$work/client"
		grep -E '^(vault|slot|seed)_' "$work/client"
	} | sort -u | sed "s|^|$B/$1 has the agent's |"
}

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
functions "$B"/agent.a >"$work/agent"
crypto='libsodium libcrypto libutf8proc'
{
	for program in ownkey-agent ownkey-prompt age-plugin-ownkey git-credential-ownkey \
		pinentry-ownkey; do
		# shellcheck disable=SC2086 # a list
		direct "$program" $crypto
		never "$program"
	done
	direct libownkey.so.0 libc
	# shellcheck disable=SC2086
	direct ownkey-verify $crypto
	never ownkey-verify
	direct ownkey-list libc
	never ownkey-list
	# shellcheck disable=SC2086 # a list
	direct libownkey-sk.so $crypto
	never libownkey-sk.so
	direct pam_ownkey.so libpam
	never pam_ownkey.so
	# shellcheck disable=SC2086
	direct ownkey-token libfido2 $crypto
	# shellcheck disable=SC2086
	direct ownkey-worker libjansson $crypto
	never ownkey-worker
	# shellcheck disable=SC2086
	direct ownkey libqrencode libexpat $crypto
	never ownkey
	# shellcheck disable=SC2086
	direct ownkey-secrets libsystemd $crypto
	never ownkey-secrets libsystemd
	# shellcheck disable=SC2086
	direct ownkey-session libsystemd $crypto
	never ownkey-session libsystemd
	# shellcheck disable=SC2086
	direct ownkey-handoff $crypto
	# shellcheck disable=SC2086
	direct ownkey-oidc libmicrohttpd libsqlite3 libjansson libfido2 $crypto
	never ownkey-oidc 'libfido2\|libcbor'
	# shellcheck disable=SC2086
	direct ownkey-oidc-fetch libcurl libgumbo libjansson $crypto
	never ownkey-oidc-fetch libcurl
	for program in ownkey age-plugin-ownkey git-credential-ownkey pinentry-ownkey \
		ownkey-secrets ownkey-session ownkey-oidc ownkey-oidc-fetch pam_ownkey.so; do
		client "$program"
	done
} | violations
