#!/bin/sh
# What libraries show to the programs that load them: what their headers (or OpenSSH) name, no more;
# and that they call nothing that a library must not.
. tests/lint/lib.sh
need nm cc

# shown LIBRARY: its symbols
shown()
{
	nm -D --defined-only "$B/$1" | sed -n 's/.* [B-Z] \([a-z_]*\).*/\1/p' | sort
}

# differs LIBRARY, expected names on stdin
differs()
{
	[ -e "$B/$1" ] || return
	sort >"$work/expected"
	shown "$1" >"$work/shown"
	comm -13 "$work/expected" "$work/shown" | sed "s|^|$B/$1 shows |"
	comm -23 "$work/expected" "$work/shown" | sed "s|^|$B/$1 lacks |"
}

calls='_?exit|_Exit|signal|sigaction|sigprocmask|pthread_.*|thrd_.*|fork|vfork|exec.*|system|popen'
calls="$calls|(__)?v?f?printf(_chk)?|puts|fputs|fwrite|perror|syslog|setenv|putenv|setlocale|atexit"

# never LIBRARY [MORE]: ends the program, changes its signals, writes, starts threads or programs
never()
{
	[ ! -e "$B/$1" ] || nm -D --undefined-only "$B/$1" | sed -n 's/@.*//;s/.* [Uw] //p' |
		grep -xE "$calls${2:+|$2}" |
		sed "s|^|$B/$1 calls |"
}

# alone COMPILER STANDARD LANGUAGE: each header for others
alone()
{
	files '*.h' | grep '^include/' | while read -r header; do
		echo "#include \"$header\"" | "$1" -I. -std="$2" -pedantic -Wall -Wextra -Werror \
			-fsyntax-only -x "$3" - 2>&1
	done
}

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
{
	{
		[ ! -e include/ownkey.h ] || cc -E -P include/ownkey.h | grep -v '^typedef' |
			grep -o 'ownkey_[a-z_]*(' | tr -d '(' | sort -u
	} | differs libownkey.so.0
	never libownkey.so.0
	printf 'sk_%s\n' api_version enroll load_resident_keys sign | differs libownkey-sk.so
	printf 'pam_sm_%s\n' acct_mgmt authenticate chauthtok close_session open_session setcred |
		differs pam_ownkey.so
	never pam_ownkey.so "secure_getenv|environ"
	# one variable, in one place (from-agent)
	grep -nE '(^|[^_])getenv\(' pam/*.c |
		grep -v '^pam/work.c:.*from_agent && is_own(w) ? getenv("SSH_AUTH_SOCK") : NULL;$'
	if command -v c++ >/dev/null; then alone c++ c++17 c++; fi
	alone cc c99 c
	alone cc c11 c
} | violations
