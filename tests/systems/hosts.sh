#!/bin/bash
# SPDX-License-Identifier: MIT
# hosts.sh [SUITE…]: tests/e2e/tap.py, with the programs that use TLS in unusual ways, in a root of
# each Debian release of scripts/root.sh: with its OpenSSL, curl, CPython and Node, and the library
# that was built here. In a mount namespace of its own, and a network that is `lo` alone.
set -u
cd "$(dirname "$0")/../.." || exit 2

if [ "${1:-}" = --inside ]; then # ROOT
	mount --bind "$PWD" "$2/mnt" && mount -t proc proc "$2/proc" && mount --rbind /dev "$2/dev" &&
		mount -t tmpfs none "$2/tmp" && ip link set lo up || exit 1
	echo "127.0.0.1 localhost" >"$2/tmp/hosts"
	[ -e "$2/etc/hosts" ] || : >"$2/etc/hosts"
	mount --bind "$2/tmp/hosts" "$2/etc/hosts" || exit 1
	exec env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin HOME=/tmp LANG=C.UTF-8 \
		chroot "$2" python3 -B /mnt/tests/e2e/tap.py
fi

suites=("$@")
[ $# -gt 0 ] || suites=(trixie sid)
failed=0
for suite in "${suites[@]}"; do
	root=$(scripts/root.sh "$suite" ca-certificates curl python3 gcc libc6-dev libssl-dev zlib1g-dev libzstd-dev \
		openssl nodejs) || exit 1
	echo "# $suite: $(chroot "$root" openssl version)"
	unshare -mnp --fork --propagation private "$0" --inside "$root" || failed=1
done
exit $failed
