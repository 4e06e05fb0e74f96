#!/bin/sh
# SPDX-License-Identifier: MIT
# root.sh SUITE [PACKAGE…]: a small Debian of another release (bullseye, bookworm, trixie, sid) to run programs of it,
# made by debootstrap in the cache outside the checkout, with these packages; prints its folder.
set -eu

# shellcheck source=scripts/cache.sh
. "$(dirname "$0")/cache.sh"
mirror=${ORSHIM_MIRROR:-http://deb.debian.org/debian}

case ${1:-} in
bullseye | bookworm | trixie | sid) suite=$1 ;;
*)
	echo "root: usage: root.sh bullseye|bookworm|trixie|sid [PACKAGE…]" >&2
	exit 2
	;;
esac
shift
if [ "$(id -u)" != 0 ]; then
	echo "root: debootstrap needs root: a folder of another system has files of other users" >&2
	exit 1
fi
if ! command -v debootstrap >/dev/null; then
	echo "root: debootstrap is not installed; scripts/setup.sh names it" >&2
	exit 1
fi

root=$cache/root-$suite
mkdir -p "$cache"
exec 9>"$cache/root-$suite.lock"
flock 9 # two runs at once: the second finds what the first made

# loud COMMAND…: what it says is shown only when it fails.
loud() {
	"$@" >"$root.log" 2>&1 9>&- </dev/null || {
		echo "root: $* failed:" >&2
		tail -n 20 "$root.log" >&2
		exit 1
	}
}

if [ ! -d "$root" ]; then
	echo "root: $suite, by debootstrap" >&2
	rm -rf "$root.new"
	loud debootstrap --variant=minbase "$suite" "$root.new" "$mirror"
	# No package may start a daemon of its own.
	printf '#!/bin/sh\nexit 101\n' >"$root.new/usr/sbin/policy-rc.d"
	chmod 755 "$root.new/usr/sbin/policy-rc.d"
	mv "$root.new" "$root"
fi

missing=""
for package in "$@"; do
	chroot "$root" dpkg-query -W -f "\${db:Status-Status}\n" "$package" 2>/dev/null | grep -qx installed ||
		missing="$missing $package"
done
if [ -n "$missing" ]; then
	echo "root: $suite gets$missing" >&2
	# A mirror may lag behind the date up to which sid's list is said to be good.
	loud chroot "$root" apt-get -qq -o Acquire::Check-Valid-Until=false update
	# shellcheck disable=SC2086 # a list of words on purpose
	loud chroot "$root" env DEBIAN_FRONTEND=noninteractive apt-get -qq -y --no-install-recommends install $missing
	loud chroot "$root" apt-get -qq clean
fi
rm -f "$root.log"
echo "$root"
