#!/bin/bash
# SPDX-License-Identifier: MIT
# build.sh [SUITE…]: what README says, in a root of each Debian release of scripts/root.sh: set up,
# build with gcc and with clang, no warning, unit tests, captures, checks. What was built stays in
# build/systems/SUITE; containers.py tries it with that system's curl and python3.
set -u
cd "$(dirname "$0")/../.." || exit 2

if [ "${1:-}" = --inside ]; then # in a mount namespace of its own: ROOT SUITE
	root=$2 suite=$3
	mount --bind "$PWD/build/systems/$suite" "$root/mnt" && mount -t proc proc "$root/proc" &&
		mount --rbind /dev "$root/dev" && mount --bind /etc/resolv.conf "$root/etc/resolv.conf" || exit 1
	# shellcheck disable=SC2016 # for the shell in there
	exec env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin HOME=/root LANG=C.UTF-8 MAKEFLAGS=-j2 \
		chroot "$root" /bin/sh -c 'cd /mnt && exec "$0" "$@"' "${@:4}"
fi

suites=("$@")
[ $# -gt 0 ] || suites=(bullseye bookworm trixie sid)
passed=0 failed=0
verdict() { # STATUS NAME
	if [ "$1" = 0 ]; then
		passed=$((passed + 1))
		echo "ok $((passed + failed)) - $2"
	else
		failed=$((failed + 1))
		echo "not ok $((passed + failed)) - $2"
		grep -nE 'error:|warning:|undefined reference|FAILED' "$log" | head -n 20 | sed 's/^/# /'
		tail -n 15 "$log" | cut -c1-300 | sed 's/^/# /'
	fi
}

for suite in "${suites[@]}"; do
	folder=build/systems/$suite
	log=build/systems/$suite.log
	mkdir -p "$folder"
	root=$(scripts/root.sh "$suite" ca-certificates curl python3 make) || {
		: >"$log"
		verdict 1 "$suite: a root of it"
		continue
	}
	# A mirror may lag behind the date up to which sid's list is said to be good.
	echo 'Acquire::Check-Valid-Until "false";' >"$root/etc/apt/apt.conf.d/99lagging-mirror"
	# The checkout's files and no older ones; what did not change keeps its time and is not built again.
	find "$folder" -mindepth 1 -maxdepth 1 ! -name build -exec rm -rf {} +
	git ls-files -z |
		tar -c --null -T - -f - | tar -x -C "$folder" 2>/dev/null
	# Debian 11 has moved to the archive, its mirrors lose sources: cJSON's are this machine's there.
	if [ "$suite" = bullseye ] && [ -d build/cjson ]; then
		mkdir -p "$folder/build" && cp -R build/cjson "$folder/build/"
	fi
	inside() { # NAME COMMAND…
		local name=$1
		shift
		unshare -m --propagation private "$0" --inside "$root" "$suite" "$@" >"$log" 2>&1
		local status=$?
		! grep -E 'warning:' "$log" | grep -vq 'in statically linked applications' || status=1
		verdict $status "$suite: $name"
		return $status
	}
	inside "set-up" scripts/setup.sh build || continue
	inside "cmocka and clang" sh -c 'DEBIAN_FRONTEND=noninteractive apt-get -qq -y --no-install-recommends install libcmocka-dev clang git file >/dev/null'
	inside "make, gcc $(chroot "$root" gcc -dumpfullversion), no warning" make WERROR=1 all || continue
	inside "needs libc alone" scripts/check-needed.sh
	inside "versions of glibc" scripts/check-glibc.sh
	inside "unit tests" make WERROR=1 unit
	inside "captures" make WERROR=1 captures
	inside "make, clang $(chroot "$root" clang -dumpversion), no warning" make WERROR=1 CC=clang all
done
echo "$passed passed, $failed failed"
[ "$failed" = 0 ]
