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

(umask 022 && run install)
[ ! -e "$dir/.local/share/ownkey" ] || fail "the folder of the vault is not made by installing"
services=$dir/.local/share/dbus-1/services
[ ! -e "$services/org.freedesktop.secrets.service" ] || fail "installed, and the store already"
[ -e "$services/org.freedesktop.impl.portal.desktop.ownkey.service" ] || fail "no portal"
grep -q "^Exec=$dir/.local/bin/ownkey-session$" \
	"$dir/.local/share/ownkey-desktop/ownkey-session.desktop" || fail "no autostart"
run uninstall
left=$(find "$dir" ! -type d)
[ -z "$left" ] || fail "left after uninstall: $left"
echo "ok   installed, and taken away"
