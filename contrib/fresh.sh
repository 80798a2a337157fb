#!/bin/sh
# usage: contrib/fresh.sh
# What somebody sees who has a new Debian 12 with git and make and nothing else:
# a clone of this repository, then `make demo` and `make check`.  Takes root.
set -eu
cd "$(dirname "$0")/.."

[ "$(id -u)" = 0 ] || exec sudo "$0"
contrib/deps.sh fresh

root=$(mktemp -d /var/tmp/ownkey-fresh.XXXXXX)
cleanup()
{
	for mounted in dev proc sys; do
		! mountpoint -q "$root/$mounted" || umount -R -l "$root/$mounted"
	done
	rm -rf --one-file-system "$root"
}
trap cleanup EXIT
trap 'exit 130' INT TERM

# from the mirrors that this machine uses, without those of other vendors
# shellcheck disable=SC2046 # a list of files
mmdebstrap --quiet --variant=apt --include=git,make,ca-certificates bookworm "$root" $(
	find /etc/apt/sources.list /etc/apt/sources.list.d -type f \
		-exec grep -lE '^(URIs:|deb ).*/debian( |$)' {} + 2>/dev/null
)

git clone -q . "$root/src"
cp -L /etc/resolv.conf "$root/etc/resolv.conf"
mount -t proc proc "$root/proc"
mount -t sysfs -o ro sysfs "$root/sys"
mount --rbind --make-rslave /dev "$root/dev"

for target in demo check; do
	echo "fresh: make $target"
	env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin HOME=/root TERM=dumb LANG=C.UTF-8 \
		http_proxy="${http_proxy-}" https_proxy="${https_proxy-}" \
		chroot "$root" make -C /src "$target" </dev/null
done
