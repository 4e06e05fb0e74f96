#!/bin/bash
# SPDX-License-Identifier: MIT
# tags: clients
# arm64.sh: the library built for arm64 and preloaded into arm64 programs, which
# qemu runs: with OpenSSL as a library, and linked in and stripped. Skipped with a message
# if the machine lacks the compiler, qemu or an arm64 Debian's packages.
# shellcheck disable=SC2317 # functions that check() calls
set -u
# shellcheck source=tests/e2e/harness/cases.sh
. "$(dirname "$0")/harness/cases.sh"
gcc=aarch64-linux-gnu-gcc
for program in $gcc qemu-aarch64; do
	command -v "$program" >/dev/null ||
		skip_all "$program is not installed (apt-get install gcc-aarch64-linux-gnu libc6-dev-arm64-cross qemu-user)"
done
sysroot=$("$root/scripts/fetch-arm64.sh") || skip_all "no arm64 packages to be had here"

library=$root/build/aarch64/liborshim.so
check "the library is built for arm64" make -C "$root" CC="$gcc --sysroot=$sysroot" \
	B=build/aarch64 build/aarch64/liborshim.so
check "and says so" sh -c "readelf -h '$library' | grep -q AArch64"

standin

diagnosed() { # LINK-OPTION...: a program with a quoted key, bare and with the library
	rm -f "$work/log"
	"$gcc" --sysroot="$sysroot" -O2 -o "$work/program" \
		"$root/tests/e2e/bun/static_openssl.c" "$@" &&
		aarch64-linux-gnu-strip "$work/program" &&
		qemu-aarch64 -L "$sysroot" "$work/program" "$port" >"$work/bare" &&
		qemu-aarch64 -L "$sysroot" -E LD_PRELOAD="$library" -E ORSHIM_LOG="$work/log" \
			-E ORSHIM_HOSTS=localhost=openrouter "$work/program" "$port" \
			>"$work/shimmed" &&
		cat "$work/log" && cmp "$work/bare" "$work/shimmed" &&
		grep -q '"library":"OpenSSL".*"tap":"method-table"' "$work/log" &&
		grep -q '"status":401.*"rule":"auth_token_quoted"' "$work/log"
}
static=('-Wl,-Bstatic' -lssl -lcrypto '-Wl,-Bdynamic')
check "arm64, OpenSSL as a library" diagnosed -lssl -lcrypto
check "arm64, stripped OpenSSL, position-independent" diagnosed -pie "${static[@]}"
check "arm64, stripped OpenSSL, at a fixed address" diagnosed -no-pie "${static[@]}"
finish
