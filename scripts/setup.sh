#!/bin/sh
# setup.sh: install what the build and the tests need and is not here yet,
# with apt, as root or through sudo. Says what it does; changes no apt setting.
set -eu

packages="gcc clang make binutils dpkg-dev ca-certificates
libc6-dev libssl-dev libnghttp2-dev zlib1g-dev libbrotli-dev libzstd-dev uthash-dev libcmocka-dev
curl openssl python3 python3-requests python3-httpx python3-h2 nginx-light
shellcheck clang-format libclang-rt-14-dev busybox-static dash"

missing=""
for package in $packages; do
	dpkg-query -W -f '${db:Status-Status}\n' "$package" 2>/dev/null | grep -qx installed ||
		missing="$missing $package"
done
[ -n "$missing" ] || exit 0

if [ "$(id -u)" = 0 ]; then
	as_root=""
elif command -v sudo >/dev/null; then
	as_root=sudo
else
	echo "setup: these packages are missing, and there is neither root nor sudo to install them:$missing" >&2
	exit 1
fi
echo "setup: installing with apt:$missing"
$as_root apt-get -qq update
# shellcheck disable=SC2086 # lists of words on purpose
$as_root env DEBIAN_FRONTEND=noninteractive apt-get -qq -y --no-install-recommends install $missing
