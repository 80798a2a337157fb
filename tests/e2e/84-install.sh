#!/bin/sh
# make install: into a home, next to the vault; what was installed is taken away without a rest;
# nothing answers for the desktop's store before a person says so.
# limit: 120
set -eu
here=$(cd "$(dirname "$0")" && pwd)
case ${B:=build} in /*) ;; *) B=$here/../../$B ;; esac
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
cd "$here/../.."

run()
{
	PREFIX=$dir/.local SHARE=$dir/.local/share BINDIR=$dir/.local/bin \
		LIBEXECDIR=$dir/.local/libexec/ownkey MANDIR=$dir/.local/share/man \
		UNITDIR=$dir/.local/share/systemd/user LIBDIR=$dir/.local/lib \
		INCLUDEDIR=$dir/.local/include RUNS_FROM=$dir/.local/bin \
		LINKED_FROM=$dir/.local/lib INCLUDED_FROM=$dir/.local/include VERSION=0 B=$B \
		contrib/install.sh "$1"
}

fail()
{
	echo "FAIL $*"
	exit 1
}

# The profile, enabled and taken away again by Debian's own program, which asks libpam for nothing:
# then the service is asked for by libpam.  Its folders are copies that nobody else sees.
folders='/etc/pam.d /usr/share/pam-configs /var/lib/pam'
answers=/var/cache/debconf
enabled()
{
	for folder in $folders $answers; do
		[ -d "$folder" ] || missing=$folder
	done
	[ -x /usr/sbin/pam-auth-update ] || missing=pam-auth-update
	unshare -rm true 2>/dev/null || missing='a private namespace'
	if [ -n "${missing:-}" ]; then
		echo "not tried: pam-auth-update ($missing)"
		return
	fi
	profile=$profile module=$module folders=$folders answers=$answers dir=$dir \
		unshare -rm sh -eu <<-'EOF' ||
		for folder in $folders; do
			mkdir -p "$dir/was$folder"
			cp -r "$folder/." "$dir/was$folder"
			mount -t tmpfs none "$folder"
			cp -r "$dir/was$folder/." "$folder"
		done
		mkdir "$dir/was/answers"
		cp "$answers/config.dat" "$answers/templates.dat" "$dir/was/answers"
		mount -t tmpfs none "$answers"
		cp "$dir/was/answers/"* "$answers"
		export DEBIAN_FRONTEND=noninteractive PATH=/usr/sbin:/usr/bin:/sbin:/bin
		cp "$profile" /usr/share/pam-configs/
		pam-auth-update --package </dev/null
		! grep -q ownkey /etc/pam.d/common-* # installed is not enabled
		pam-auth-update --enable ownkey </dev/null
		grep -qF "	$module nouserok wait=0" /etc/pam.d/common-auth
		grep -q "^session	optional	$module" /etc/pam.d/common-session
		! grep -q ownkey /etc/pam.d/common-session-noninteractive
		"$dir/.local/bin/ownkey" pam check |
			grep -A1 -x 'ok  *common-auth' | grep -q 'or else'
		pam-auth-update --remove ownkey </dev/null
		rm /usr/share/pam-configs/ownkey
		for folder in $folders; do
			diff -r "$dir/was$folder" "$folder"
		done
	EOF
		fail "pam-auth-update"
	rm -r "$dir/was"
}

(umask 022 && run install)
[ ! -e "$dir/.local/share/ownkey" ] || fail "the folder of the vault is not made by installing"
services=$dir/.local/share/dbus-1/services
[ ! -e "$services/org.freedesktop.secrets.service" ] || fail "installed, and the store already"
[ -e "$services/org.freedesktop.impl.portal.desktop.ownkey.service" ] || fail "no portal"
grep -q "^Exec=$dir/.local/bin/ownkey-session$" \
	"$dir/.local/share/ownkey-desktop/ownkey-session.desktop" || fail "no autostart"
profile=$dir/.local/share/ownkey-desktop/pam-configs/ownkey
module=$dir/.local/lib/security/pam_ownkey.so
# libpam looks for a bare name in its own folder only
[ -f "$module" ] || fail "no module"
! grep pam_ownkey "$profile" | grep -vF "	$module" || fail "the profile names another module"
enabled
run uninstall
left=$(find "$dir" ! -type d)
[ -z "$left" ] || fail "left after uninstall: $left"
echo "ok   installed, and taken away"
