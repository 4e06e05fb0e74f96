#!/bin/sh
# SPDX-License-Identifier: MIT
# setup.sh: install what the build and the tests need and is not here yet,
# with apt, as root or through sudo. Says what it does; changes no apt setting.
set -eu

packages="gcc g++ clang make binutils git dpkg-dev ca-certificates
libc6-dev libssl-dev libnghttp2-dev zlib1g-dev libbrotli-dev libzstd-dev uthash-dev libcmocka-dev
curl wget openssl python3 python3-requests python3-httpx python3-h2 nginx-light
shellcheck clang-format strace valgrind musl-tools busybox-static dash procps
groff-base less tmux zsh fish fakeroot python3-jsonschema debootstrap"

if [ "$(id -u)" = 0 ]; then
	as_root=""
elif command -v sudo >/dev/null; then
	as_root=sudo
else
	as_root=none
fi

updated=""
is_here() {
	dpkg-query -W -f '${db:Status-Status}\n' "$1" 2>/dev/null | grep -qx installed
}
update() {
	[ -n "$updated" ] || $as_root apt-get -qq update
	updated=yes
}
# install PACKAGE…: those of them that are not here.
install() {
	missing=""
	for package in "$@"; do
		is_here "$package" || missing="$missing $package"
	done
	[ -n "$missing" ] || return 0
	if [ "$as_root" = none ]; then
		echo "setup: these packages are missing, and there is neither root nor sudo to install them:$missing" >&2
		exit 1
	fi
	echo "setup: installing with apt:$missing"
	update
	# shellcheck disable=SC2086 # a list of words on purpose
	$as_root env DEBIAN_FRONTEND=noninteractive apt-get -qq -y --no-install-recommends install $missing
}

# shellcheck disable=SC2086 # a list of words on purpose
install $packages

# The sanitizers' and the fuzzer's runtime comes with clang in some releases and
# in a package named after clang's version in others.
if [ -z "$(find "$(clang -print-resource-dir)/" -name 'libclang_rt.fuzzer*' 2>/dev/null | head -n 1)" ]; then
	install "libclang-rt-$(clang -dumpversion | cut -d. -f1)-dev"
fi

# Not every release has each of these, and their tests say that they are left out: the browser in
# which the report's page is tried (Ubuntu has it as a snap only), Go for a program whose TLS cannot
# be tapped, and what stands beside the shim.
for package in chromium golang-go libjemalloc2 libmimalloc2.0 libtcmalloc-minimal4 musl-tools; do
	if ! is_here "$package" && ! command -v "$package" >/dev/null && [ "$as_root" != none ]; then
		update || true
		! apt-cache madison "$package" | grep -q . || install "$package"
	fi
done

# Only the tests need npm: it fetches the real clients that they run.
command -v npm >/dev/null || install nodejs npm
