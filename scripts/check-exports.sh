#!/bin/sh
# SPDX-License-Identifier: MIT
# check-exports.sh [LIBRARY]: the library exports what its tables say and
# nothing else, needs libc alone, and is bound at once and read-only after.
set -eu

root=$(cd "$(dirname "$0")/.." && pwd)
library=${1:-$root/build/liborshim.so}
failed=0

problem() {
	echo "check-exports: $*" >&2
	failed=1
}

[ -r "$library" ] || {
	echo "check-exports: $library is not there; make it first" >&2
	exit 2
}

wanted=$({
	sed -n 's/^HOOK([^,]*, *\([A-Za-z_0-9]*\),.*/\1/p' "$root/shim/tap/hooks.def"
	sed -n 's/^EXPORT .*[ *]\([a-z_0-9]*\)(.*/\1/p' "$root/shim/tap/follow.c"
} | sort)
exported=$(nm -D --defined-only "$library" | awk '{ print $3 }' | sort)
[ "$exported" = "$wanted" ] || {
	problem "exports differ from the tables (< wanted, > exported)"
	printf '%s\n' "$wanted" >"${TMPDIR:-/tmp}/wanted.$$"
	printf '%s\n' "$exported" | diff "${TMPDIR:-/tmp}/wanted.$$" - >&2 || true
	rm -f "${TMPDIR:-/tmp}/wanted.$$"
}

dynamic=$(readelf -dW "$library")
needed=$(printf '%s\n' "$dynamic" | sed -n 's/.*(NEEDED).*\[\(.*\)\].*/\1/p')
for name in $needed; do
	case $name in
	libc.so.* | ld-linux*) ;;
	*) problem "needs $name" ;;
	esac
done
printf '%s\n' "$dynamic" | grep -q 'BIND_NOW\|FLAGS.*NOW' || problem "is bound lazily (-z now)"
printf '%s\n' "$dynamic" | grep -q TEXTREL && problem "has text relocations"
segments=$(readelf -lW "$library")
printf '%s\n' "$segments" | grep -q GNU_RELRO || problem "has no -z relro"
printf '%s\n' "$segments" | grep GNU_STACK | grep -q E && problem "has an executable stack"
# A dynamic TLS model would allocate in the host's calls.
printf '%s\n' "$(readelf -rW "$library")" | grep -qE 'DTPMOD64|TLSDESC' && problem "uses a dynamic TLS model"

exit $failed
