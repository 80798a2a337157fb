#!/bin/sh
# Which room may include what (DESIGN 2).  Libraries are rooms here, too: only
# lib/crypto* meets sodium and openssl, only ownkey-token meets libfido2, only cli/qr.c libqrencode,
# only cli/import_xml.c expat,
# only ownkey-worker and the provider jansson, only pam_ownkey.so libpam; in the provider only
# oidc/web meets libmicrohttpd, only oidc/db sqlite, only oidc/login libfido2, only oidc/fetch
# libcurl.
# agent/*.h is what the processes of the agent say to each other.
. tests/lint/lib.sh

# allowed FILE: the directories and libraries it may include from
allowed()
{
	case $1 in
	tests/*)          echo '*' ;;
	include/*)        echo include ;;
	lib/crypto*)      echo lib include sodium openssl ;;
	lib/ownkey/*)     echo lib include lib/ownkey ;;
	lib/*)            echo lib include utf8proc ;;
	agent/token/*)    echo lib agent/token fido ;;
	agent/worker/*)   echo lib agent/worker jansson ;;
	agent/prompt/*)   echo lib agent/prompt ;;
	agent/door/*)     echo lib agent agent/door ;;
	agent/slot/*)     echo lib agent/slot ;;
	agent/format/*)   echo lib agent/format ;;
	agent/copy/*)     echo lib agent agent/copy agent/vault ;;
	agent/vault/*)    echo lib agent agent/vault agent/slot agent/format ;;
	agent/*)          echo lib agent agent/vault agent/door ;;
	cli/sk/*)         echo lib include cli/sk ;;
	cli/qr.c)         echo lib include cli qrencode ;;
	cli/pinentry/*)   echo lib cli/pinentry ;;
	cli/age/*)        echo lib cli/age ;;
	cli/import_xml.c) echo lib include cli expat ;;
	cli/secrets/*)    echo lib cli/secrets systemd ;;
	cli/session/*)    echo lib cli/session systemd ;;
	cli/git/*)        echo lib include cli/git ;;
	cli/*)            echo lib include cli ;;
	pam/verify/*)     echo lib pam/verify ;;
	pam/handoff/*)    echo lib pam/handoff ;;
	pam/list/*)       echo lib pam/list ;;
	pam/*.[ch])       echo lib pam pam-headers ;;
	pam/*)            echo lib include pam ;;
	oidc/fetch/*)     echo lib oidc/fetch curl gumbo jansson ;;
	oidc/web/*)       echo lib oidc/web microhttpd ;;
	oidc/db/*)     echo lib oidc/db sqlite ;;
	oidc/page/*)      echo lib oidc oidc/web oidc/db oidc/page jansson ;;
	oidc/login/*)     echo lib oidc oidc/web oidc/db oidc/page oidc/login jansson fido ;;
	oidc/op/*)        echo lib oidc oidc/web oidc/db oidc/page oidc/login oidc/op jansson ;;
	oidc/*)           echo lib include oidc oidc/web oidc/db oidc/page oidc/login oidc/op \
				oidc/setup oidc/demo oidc/fetch jansson ;;
	contrib/*)        echo include ;;
	esac
}

# room HEADER: where it is from; nothing for a header of the system
room()
{
	case $1 in
	'<sodium'*)               echo sodium ;;
	'<openssl/'*)             echo openssl ;;
	'<fido'*)                 echo fido ;;
	'<qrencode'*)             echo qrencode ;;
	'<expat'*)                echo expat ;;
	'<jansson'*)              echo jansson ;;
	'<utf8proc'*)             echo utf8proc ;;
	'<microhttpd'*)           echo microhttpd ;;
	'<sqlite3'*)              echo sqlite ;;
	'<gumbo'*)                echo gumbo ;;
	'<curl/'*)                echo curl ;;
	'<systemd/'*)             echo systemd ;;
	'<security/'*)            echo pam-headers ;;
	'<cbor'*)                 echo "${1#<}" ;;
	'"'*/*)                   h=${1#?} && echo "${h%/*}" ;;
	'"'*)                     echo 'without a directory' ;;
	esac
}

files '*.[ch]' | xargs grep -n '^[[:space:]]*#[[:space:]]*include' /dev/null |
	sed 's/#[[:space:]]*include[[:space:]]*//' |
	while IFS=: read -r file line header; do
		may=$(set -f && echo " $(allowed "$file") ")
		from=$(room "${header%[>\"]*}")
		case $may in
		*" ${from:-*} "* | ' * ') ;;
		*) [ -z "$from" ] || echo "$file:$line: may not include $header" ;;
		esac
	done | violations
