#!/bin/sh
# usage: contrib/install.sh install|uninstall	(called by make, which sets the variables)
# One list of what goes where, to put there or to take away.
set -eu
what=$1

# file MODE SOURCE DESTINATION
file()
{
	if [ "$what" = install ]; then
		install -D -m "$1" "$2" "$3"
	else
		rm -f "$3"
	fi
}

# made DESTINATION COMMAND...: what the command prints
made()
{
	to=$1
	shift
	if [ "$what" = install ]; then
		mkdir -p "${to%/*}"
		"$@" >"$to"
		chmod 644 "$to"
	else
		rm -f "$to"
	fi
}

for program in ownkey ownkey-agent git-credential-ownkey age-plugin-ownkey pinentry-ownkey \
	ownkey-secrets ownkey-session ownkey-oidc; do
	[ ! -e "$B/$program" ] || file 755 "$B/$program" "$BINDIR/$program"
done
for program in ownkey-token ownkey-list ownkey-verify ownkey-handoff ownkey-worker ownkey-prompt \
	ownkey-softtoken ownkey-oidc-fetch; do
	[ ! -e "$B/$program" ] || file 755 "$B/$program" "$LIBEXECDIR/$program"
done
# a program is linked with .so and runs with .so.0
if [ -e "$B/libownkey.so.0" ]; then
	file 644 "$B/libownkey.so.0" "$LIBDIR/libownkey.so.0"
	if [ "$what" = install ]; then
		ln -sfn libownkey.so.0 "$LIBDIR/libownkey.so"
	else
		rm -f "$LIBDIR/libownkey.so"
	fi
fi
[ ! -e "$B/libownkey-sk.so" ] || file 644 "$B/libownkey-sk.so" "$LIBDIR/libownkey-sk.so"
[ ! -e "$B/pam_ownkey.so" ] || file 644 "$B/pam_ownkey.so" "$LIBDIR/security/pam_ownkey.so"
# libpam finds a module by its name only in its own folder
made "$SHARE/ownkey-desktop/pam-configs/ownkey" \
	sed "s|pam_ownkey.so|$LINKED_FROM/security/&|" contrib/pam-configs/ownkey
file 644 include/ownkey.h "$INCLUDEDIR/ownkey.h"
made "$LIBDIR/pkgconfig/ownkey.pc" sed -e "s|@PREFIX@|$PREFIX|" -e "s|@LIBDIR@|$LINKED_FROM|" \
	-e "s|@INCLUDEDIR@|$INCLUDED_FROM|" -e "s|@VERSION@|$VERSION|" contrib/ownkey.pc.in
for page in man/*.[1-8]; do
	[ ! -e "$page" ] || file 644 "$page" "$MANDIR/man${page##*.}/${page##*/}"
done
# Who is installed does not answer yet: programs that find an empty store begin anew.  `ownkey setup
# secret-service` says to the bus of one person that it does.
for service in contrib/dbus/*.in; do
	to=${service##*/}
	to=${to%.in}
	place=$SHARE/dbus-1/services
	[ "$to" != org.freedesktop.secrets.service ] || place=$SHARE/ownkey-desktop
	made "$place/$to" sed "s|@BINDIR@|$RUNS_FROM|" "$service"
done
file 644 contrib/portal/ownkey.portal "$SHARE/xdg-desktop-portal/portals/ownkey.portal"
for unit in contrib/systemd/user/*; do
	made "$UNITDIR/${unit##*/}" sed "s|@BINDIR@|$RUNS_FROM|" "$unit"
done
# An agent for the whole machine is for the administrator to put in force: ownkey-agent(1).
for unit in contrib/systemd/system/*; do
	made "$SHARE/ownkey-system/systemd/${unit##*/}" sed "s|@BINDIR@|$RUNS_FROM|" "$unit"
done
for kind in sysusers.d tmpfiles.d udev; do
	for conf in "contrib/$kind"/*; do
		file 644 "$conf" "$SHARE/ownkey-system/$kind/${conf##*/}"
	done
done
# For ~/.config/autostart, where no systemd starts a session's programs.  Not in $SHARE/ownkey: in
# ~/.local/share that is the folder of the vault, and nobody else may look into it.
made "$SHARE/ownkey-desktop/ownkey-session.desktop" sed "s|@BINDIR@|$RUNS_FROM|" \
	contrib/autostart/ownkey-session.desktop
if [ -e "$B/ownkey" ]; then
	made "$SHARE/bash-completion/completions/ownkey" "$B/ownkey" --dump-completion bash
	made "$SHARE/zsh/site-functions/_ownkey" "$B/ownkey" --dump-completion zsh
	made "$SHARE/fish/vendor_completions.d/ownkey.fish" "$B/ownkey" --dump-completion fish
fi
for dir in "$LIBEXECDIR" "$SHARE/ownkey-desktop/pam-configs" "$SHARE/ownkey-desktop" \
	"$SHARE/ownkey-system"/* "$SHARE/ownkey-system"; do
	[ "$what" = install ] || [ ! -d "$dir" ] || rmdir --ignore-fail-on-non-empty "$dir"
done
