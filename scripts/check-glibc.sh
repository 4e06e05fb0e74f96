#!/bin/sh
# SPDX-License-Identifier: MIT
# tags: fast
# check-glibc.sh [LIBRARY [NEWEST]]: the library asks glibc for no version above NEWEST (2.17, the
# oldest with which distributions are in use), and musl for nothing that it lacks: what is glibc's
# alone is weak.
set -eu
cd "$(dirname "$0")/.."
library=${1:-build/liborshim.so}
newest=${2:-2.17}

wanted=$(objdump -T "$library" | sed -n 's/.*\*UND\*.*(\{0,1\}\(GLIBC_[0-9A-Z.]*\))\{0,1\} *\([^ ]*\)$/\1 \2/p')
if [ -z "$wanted" ]; then
	echo "check-glibc: $library asks for nothing of glibc: is that the library?" >&2
	exit 2
fi
failed=0
echo "$wanted" | while read -r version name; do
	highest=$(printf '%s\n%s\n' "${version#GLIBC_}" "$newest" | sort -V | tail -n 1)
	case $version in
	GLIBC_[0-9]*) [ "$highest" != "$newest" ] || continue ;;
	esac
	echo "check-glibc: $library asks for $name of $version; see shim/base/glibc.h" >&2
	echo 1
done | grep -q 1 && failed=1

# nm prints "w" for a weak name. What musl exports is known where musl is installed.
musl=/usr/lib/$(uname -m)-linux-musl/libc.so
if [ -f "$musl" ]; then
	has=$(nm -D --defined-only "$musl" | sed 's/.* //; s/@.*//' | sort -u)
	strong=$(nm -D --undefined-only "$library" | sed -n 's/^ *U \([^@]*\).*/\1/p' | sort -u)
	lacking=$(printf '%s\n' "$strong" | while read -r name; do
		printf '%s\n' "$has" | grep -qxF -- "$name" || echo "$name"
	done)
	if [ -n "$lacking" ]; then
		echo "check-glibc: musl lacks: $(echo "$lacking" | tr "\n" " ")" >&2
		failed=1
	fi
else
	echo "check-glibc: musl is not installed; what it lacks was not looked for"
fi
exit $failed
