#!/bin/sh
# SPDX-License-Identifier: MIT
# setup.sh [build|demo|tests|fleet|arm64]: install what is missing for the build, the demo, or for everything
# (tests, the default), with apt, as root or through sudo. Prints a line a step; what apt says is in
# build/setup.log. It changes no apt setting.
# setup.sh --check build|tests: install nothing; name what the compiler does not find.
set -eu
cd "$(dirname "$0")/.."

# package, header: what the compiler must find.
headers='
build libc6-dev stdio.h
build libssl-dev openssl/ssl.h
build libnghttp2-dev nghttp2/nghttp2.h
build zlib1g-dev zlib.h
build libbrotli-dev brotli/decode.h
build libzstd-dev zstd.h
build uthash-dev uthash.h
tests libcmocka-dev cmocka.h
'
for_build="gcc make binutils dpkg-dev ca-certificates
libc6-dev libssl-dev libnghttp2-dev zlib1g-dev libbrotli-dev libzstd-dev uthash-dev"
for_demo="$for_build curl openssl python3"
for_tests="$for_demo g++ clang git libcmocka-dev wget python3-requests python3-httpx python3-h2 python3-pycurl aria2
libgnutls28-dev emacs-nox nginx-light shellcheck clang-format strace valgrind musl-tools busybox-static bubblewrap dash procps
groff-base less tmux zsh fish openssh-client fakeroot python3-jsonschema libxml2-utils poppler-utils zstd debootstrap rpm
cmark-gfm python3-pyte"
# The engines of `make test-fleet` and what ships logs to them.
for_fleet="$for_tests postgresql rsyslog iproute2 python3-yaml"
# What `make test-arm64` builds with, and what runs it.
for_arm64="$for_tests gcc-aarch64-linux-gnu libc6-dev-arm64-cross qemu-user-static qemu-system-arm cpio"
# Not every release has each of these, and their tests are skipped without them: the browser for the
# report page (Ubuntu has it as a snap only), the proxy that writes HAR files, one that goes into a
# root of its own, Go, TLS libraries that are not tapped, and libraries that are preloaded beside the shim: allocators and others.
optional="haproxy python3-pygit2 libwolfssl-dev eatmydata faketime proxychains4 torsocks libnss-wrapper libuid-wrapper chromium mitmproxy golang-go libjemalloc2 libmimalloc2.0 libtcmalloc-minimal4"

check() { # build|tests
	compiler=${CC:-cc}
	missing=""
	command -v "${compiler%% *}" >/dev/null || missing=" gcc"
	[ -n "$missing" ] || missing=$(echo "$headers" | while read -r set package header; do
		[ "$set" = build ] || [ "$set" = "$1" ] || continue
		# shellcheck disable=SC2086 # the compiler may have options
		[ -z "$set" ] || echo "#include <stddef.h>
#include <stdarg.h>
#include <setjmp.h>
#include <$header>" | $compiler -E - >/dev/null 2>&1 || printf ' %s' "$package"
	done)
	[ -n "$missing" ] || [ -f build/cjson/cJSON.c ] || missing=" the source of cJSON"
	[ -z "$missing" ] || {
		echo "orshim: missing:$missing" >&2
		echo "orshim: \`scripts/setup.sh $1\` installs that on Debian and Ubuntu" >&2
		exit 1
	}
}

mkdir -p build
if [ "${1:-}" = --check ]; then
	check "${2:-build}"
	exit 0
fi

if [ "$(id -u)" = 0 ]; then
	as_root=""
elif command -v sudo >/dev/null; then
	as_root=sudo
else
	as_root=none
fi
log=build/setup.log
: >"$log"

# Long lists of packages, on several lines.
folded() {
	echo "$1" | fold -s -w 100 | sed '2,$s/^/        /'
}

# step WHAT COMMAND…: what it is; the end of its output when it fails.
step() {
	folded "setup: $1"
	shift
	echo "== $*" >>"$log"
	"$@" >>"$log" 2>&1 || {
		echo "setup: this failed: $*" >&2
		tail -n 20 "$log" | sed 's/^/    /' >&2
		echo "setup: the whole output is in $log" >&2
		exit 1
	}
}

updated=""
is_here() {
	dpkg-query -W -f '${db:Status-Status}\n' "$1" 2>/dev/null | grep -qx installed
}
update() {
	[ -n "$updated" ] || step 'reading the package lists' $as_root apt-get update
	updated=yes
}
# install PACKAGE…: those of them that are not here.
install() {
	missing=""
	for package in "$@"; do
		is_here "$package" || missing="$missing $package"
	done
	[ -n "$missing" ] || return 0
	if ! command -v apt-get >/dev/null; then
		echo "setup: apt-get is not here; install what your distribution has in place of:" >&2
		folded "   $missing" >&2
		exit 1
	fi
	if [ "$as_root" = none ]; then
		echo "setup: you are not root, and sudo is not here. As root:" >&2
		echo "    apt-get update" >&2
		folded "    apt-get install --no-install-recommends$missing" | sed 's/ $/ \\/' >&2
		echo "setup: or build on another Linux machine of this kind, and copy build/orshim and build/liborshim.so" >&2
		exit 1
	fi
	update
	# shellcheck disable=SC2086 # a list of words on purpose
	step "installing$missing" $as_root env DEBIAN_FRONTEND=noninteractive \
		apt-get -q -y --no-install-recommends install $missing
}

fetch_cjson() {
	[ -f build/cjson/cJSON.c ] || step "fetching the source of cJSON from the distribution's archive" \
		scripts/fetch-cjson.sh build/cjson
}

# What only the tests need, and whose name or presence depends on the release.
install_by_release() {
	# The fuzzer's runtime comes with clang, or in a package named after clang's version.
	if [ -z "$(find "$(clang -print-resource-dir)/" -name 'libclang_rt.fuzzer*' 2>/dev/null | head -n 1)" ]; then
		install "libclang-rt-$(clang -dumpversion | cut -d. -f1)-dev"
	fi
	for package in $optional; do
		if is_here "$package" || command -v "$package" >/dev/null || [ "$as_root" = none ]; then
			continue
		fi
		# Without a network, too, everything else may be here.
		[ -n "$updated" ] || $as_root apt-get update >>"$log" 2>&1 || true
		updated=yes
		! apt-cache madison "$package" | grep -q . || install "$package"
	done
	# It fetches the real clients that the tests run.
	command -v npm >/dev/null || install nodejs npm
}

# By `sudo make demo`, too, the build is its user's: who owns the checkout.
give_back() {
	[ "$(id -u)" != 0 ] || [ "$(stat -c %u .)" = 0 ] || chown -hR --reference=. build
}
trap give_back EXIT

# shellcheck disable=SC2086 # lists of words on purpose
case ${1:-tests} in
build)
	install $for_build
	fetch_cjson
	;;
demo)
	command -v node >/dev/null || for_demo="$for_demo nodejs"
	install $for_demo
	fetch_cjson
	;;
tests)
	install $for_tests
	install_by_release
	fetch_cjson
	;;
arm64)
	install $for_arm64
	install_by_release
	fetch_cjson
	;;
fleet)
	install $for_fleet
	optional="$optional clickhouse-server clickhouse-client"
	install_by_release
	fetch_cjson
	;;
*)
	echo "setup: usage: setup.sh [build|demo|tests|fleet|arm64], setup.sh --check build|tests" >&2
	exit 2
	;;
esac
