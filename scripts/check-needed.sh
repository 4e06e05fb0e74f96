#!/bin/sh
# SPDX-License-Identifier: MIT
# tags: fast
# check-needed.sh [BUILD]: the library needs libc alone, is bound at start and read-only after; the
# command needs no library at all.
set -eu
cd "$(dirname "$0")/.."
library=${1:-build}/liborshim.so
needed=$(readelf -dW "$library" | sed -n 's/.*(NEEDED).*\[\(.*\)\]/\1/p' | grep -vE '^(libc\.so\.6|ld-linux-[a-z0-9-]*\.so\.[12])$' || true)
if [ -n "$needed" ]; then
	echo "check-needed: $library needs more than libc:" "$needed" >&2
	exit 1
fi
if ! readelf -dW "$library" | grep -qE 'BIND_NOW|Flags: .*NOW'; then
	echo "check-needed: $library is not bound at start (-z now)" >&2
	exit 1
fi
if ! readelf -lW "$library" | grep -q GNU_RELRO || readelf -dW "$library" | grep -q TEXTREL; then
	echo "check-needed: $library has no RELRO, or relocations in its code" >&2
	exit 1
fi
if readelf -lW "$library" | grep GNU_STACK | grep -q E; then
	echo "check-needed: $library asks for an executable stack" >&2
	exit 1
fi
command=${1:-build}/orshim
if readelf -lW "$command" | grep -q INTERP || readelf -dW "$command" | grep -q NEEDED; then
	echo "check-needed: $command needs shared libraries of this machine" >&2
	exit 1
fi
