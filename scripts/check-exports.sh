#!/bin/sh
# SPDX-License-Identifier: MIT
# tags: fast
# check-exports.sh [LIBRARY]: the library exports what its tables say and nothing else.
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
	sed -n 's/^HOOK([^,]*, *\([A-Za-z_0-9]*\),.*/\1/p' "$root/shim/tap/hooks.def" "$root/shim/tap/plain_hooks.def"
	sed -n 's/^EXPORT .*[ *]\([a-z_0-9]*\)\((.*\|;$\)/\1/p' "$root/shim/tap/preload_env/preload_env.c" "$root/shim/tap/attach_agent.c"
} | sort -u)
exported=$(nm -D --defined-only "$library" | awk '{ print $3 }' | sort)
[ "$exported" = "$wanted" ] || {
	problem "exports differ from the tables (< wanted, > exported)"
	printf '%s\n' "$wanted" >"${TMPDIR:-/tmp}/wanted.$$"
	printf '%s\n' "$exported" | diff "${TMPDIR:-/tmp}/wanted.$$" - >&2 || true
	rm -f "${TMPDIR:-/tmp}/wanted.$$"
}

# A dynamic TLS model would allocate in the host's calls.
printf '%s\n' "$(readelf -rW "$library")" | grep -qE 'DTPMOD64|TLSDESC' && problem "uses a dynamic TLS model"

exit $failed
