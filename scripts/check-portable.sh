#!/bin/sh
# SPDX-License-Identifier: MIT
# tags: fast
# check-portable.sh: what judges and reports compiles without glibc: base, wire, diagnose, report,
# the finders, and the commands without those that borrow threads or answer system calls. Read by
# musl-gcc, each warning an error. It checks the sources; it links nothing.
set -eu
cd "$(dirname "$0")/.."
command -v musl-gcc >/dev/null || {
	echo "check-portable: skipped, musl-gcc is not installed"
	exit 77
}

# Headers of the archives lie beside glibc's: musl's own come first.
compile() { # OPTION… FILE
	musl-gcc -std=gnu11 -D_GNU_SOURCE -Ishim -I. -Ibuild/cjson -Ibuild/gen -fsyntax-only -Wall -Wextra \
		-Werror -Wstrict-prototypes -Wmissing-prototypes -Wvla -Wpointer-arith -Wwrite-strings -Wshadow -Wundef \
		-idirafter /usr/include -idirafter "/usr/include/$(uname -m)-linux-gnu" "$@"
}
failed=0 count=0
for file in $(find shim tools -name '*.c' ! -path 'shim/tap/*' ! -path 'tools/attach/*' \
	! -path 'tools/redirect/*' | sort) shim/tap/find/*.c; do
	count=$((count + 1))
	case $file in
	shim/*) compile -include shim/base/banned.h "$file" || failed=1 ;;
	*) compile "$file" || failed=1 ;;
	esac
done
echo "$count files"
exit $failed
