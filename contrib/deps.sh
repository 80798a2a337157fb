#!/bin/sh
# usage: contrib/deps.sh WHAT...	(check, demo, interop, fresh; build always)
# Installs the packages that contrib/deps*.txt name for WHAT: says which ones,
# and asks when somebody is there to answer.
set -eu
cd "$(dirname "$0")/.."

wanted()
{
	awk -v what=" build $* " '
		!/^#/ && index(what, " " $1 " ") && !seen[$2]++ { print $2, $3 }
		' contrib/deps.txt contrib/deps-interop.txt
}

missing()
{
	while read -r package instead; do
		[ -n "$instead" ] && command -v "$instead" >/dev/null && continue
		dpkg-query -W -f '${db:Status-Status}\n' "$package" 2>/dev/null |
			grep -qx installed ||
			echo "$package"
	done
}

debian_12()
{
	[ -e /etc/debian_version ] && (
		# shellcheck source=/dev/null
		. /etc/os-release
		[ "$ID" = debian ] && [ "${VERSION_ID:-99}" -ge 12 ]
	)
}

# as_root COMMAND...
as_root()
{
	if [ "$(id -u)" = 0 ]; then
		"$@"
	elif ! command -v sudo >/dev/null; then
		echo "deps: neither root nor sudo; as root: $*" >&2
		exit 1
	elif [ -t 0 ]; then
		sudo "$@"
	else
		sudo -n "$@"
	fi
}

ask()
{
	echo "deps: to be installed: $*" >&2
	[ -t 0 ] || return 0
	printf 'deps: go ahead? [y/N] ' >&2
	read -r answer
	case $answer in
	[yY]*) ;;
	*) exit 1 ;;
	esac
}

if ! debian_12; then
	echo "deps: this is not Debian 12 or later; the Debian packages are:" >&2
	wanted "$@" | cut -d' ' -f1 | fmt
	echo "deps: install what is like them, then add DEPS=no to the make command" >&2
	exit 1
fi

packages=$(wanted "$@" | missing)
if [ -n "$packages" ]; then
	# shellcheck disable=SC2086 # a list
	ask $packages
	as_root apt-get -q -o DPkg::Lock::Timeout=300 update
	# shellcheck disable=SC2086
	as_root env DEBIAN_FRONTEND=noninteractive apt-get -q -y --no-install-recommends \
		-o DPkg::Lock::Timeout=300 install $packages
fi

case " $* " in
*' interop '*)
	if ! cmp -s contrib/deps-npm.txt build/npm/installed; then
		# shellcheck disable=SC2046
		ask $(cat contrib/deps-npm.txt) '(npm, into build/npm)'
		# shellcheck disable=SC2046
		npm install --silent --no-audit --no-fund --prefix build/npm \
			$(cat contrib/deps-npm.txt)
		cp contrib/deps-npm.txt build/npm/installed
	fi
	;;
esac
