#!/bin/bash
# SPDX-License-Identifier: MIT
# arm64.sh: the library built for arm64 and preloaded into arm64 programs, which
# qemu runs: OpenSSL as a library, and linked in and stripped. Skipped with a word
# where the machine lacks the compiler, qemu or an arm64 Debian's packages.
# shellcheck disable=SC2317 # functions that check() calls
set -u
root=$(cd "$(dirname "$0")/../.." && pwd)
gcc=aarch64-linux-gnu-gcc
for program in $gcc qemu-aarch64; do
	if ! command -v "$program" >/dev/null; then
		echo "skip  $program is not installed (apt-get install gcc-aarch64-linux-gnu libc6-dev-arm64-cross qemu-user)"
		exit 0
	fi
done
if ! sysroot=$("$root/scripts/fetch-arm64.sh"); then
	echo "skip  no arm64 packages to be had here"
	exit 0
fi
scratch=$(mktemp -d)
server=
trap '[ -z "$server" ] || kill "$server" 2>/dev/null; wait; rm -rf "$scratch"' EXIT
failed=0

check() { # NAME COMMAND...: the command succeeds
	local name=$1
	shift
	if "$@" >"$scratch/out" 2>&1; then
		echo "ok    $name"
	else
		echo "FAIL  $name"
		tail -n 30 "$scratch/out" | sed 's/^/      /'
		failed=1
	fi
}

library=$root/build/aarch64/liborshim.so
check "the library is built for arm64" make -C "$root" CC="$gcc --sysroot=$sysroot" \
	B=build/aarch64 build/aarch64/liborshim.so
check "and says so" sh -c "readelf -h '$library' | grep -q AArch64"

mkfifo "$scratch/hold" "$scratch/ready"
"$root/tests/mock/openrouter.py" <"$scratch/hold" >"$scratch/ready" &
server=$!
exec 3>"$scratch/hold"
read -r line <"$scratch/ready"
[[ $line =~ \"port\":\ *([0-9]+) ]] && port=${BASH_REMATCH[1]}

diagnosed() { # LINK-OPTION...: a program with a quoted key, bare and with the library
	rm -f "$scratch/log"
	"$gcc" --sysroot="$sysroot" -O2 -o "$scratch/program" \
		"$root/tests/e2e/bun/static_openssl.c" "$@" &&
		aarch64-linux-gnu-strip "$scratch/program" &&
		qemu-aarch64 -L "$sysroot" "$scratch/program" "$port" >"$scratch/bare" &&
		qemu-aarch64 -L "$sysroot" -E LD_PRELOAD="$library" -E ORSHIM_LOG="$scratch/log" \
			-E ORSHIM_HOSTS=localhost=openrouter "$scratch/program" "$port" \
			>"$scratch/shimmed" &&
		cat "$scratch/log" && cmp "$scratch/bare" "$scratch/shimmed" &&
		grep -q '"library":"OpenSSL".*"tap":"method-table"' "$scratch/log" &&
		grep -q '"status":401.*"rule":"auth_token_quoted"' "$scratch/log"
}
static=('-Wl,-Bstatic' -lssl -lcrypto '-Wl,-Bdynamic')
check "arm64, OpenSSL as a library" diagnosed -lssl -lcrypto
check "arm64, stripped OpenSSL, position-independent" diagnosed -pie "${static[@]}"
check "arm64, stripped OpenSSL, at a fixed address" diagnosed -no-pie "${static[@]}"
exit "$failed"
