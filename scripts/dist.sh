#!/bin/sh
# SPDX-License-Identifier: MIT
# dist.sh [FOLDER]: everything in scripts/dist/table, into FOLDER (build/dist) with SHA256SUMS.
# The same sources, compiler and archives give the same bytes: no time but SOURCE_DATE_EPOCH (that
# of the last commit), no path, no order of a folder. ARCHITECTURES="x64 arm64" for both; arm64 is
# built by a cross compiler with the packages of scripts/fetch-arm64.sh. ONLY=MAKER: that maker's files
# alone. REUSE=1: of the objects in build/ as they are, for a package to try.
set -eu
cd "$(dirname "$0")/.."
top=$PWD
out=${1:-build/dist}
mkdir -p "$out"
out=$(cd "$out" && pwd)
SOURCE_DATE_EPOCH=${SOURCE_DATE_EPOCH:-$(git log -1 --format=%ct 2>/dev/null || stat -c %Y CHANGELOG.md)}
V=$(sed -n 's/^#define ORSHIM_VERSION "\(.*\)"/\1/p' shim/base/version.h)
export SOURCE_DATE_EPOCH V LC_ALL=C TZ=UTC0
umask 022
unset CFLAGS LDFLAGS DESTDIR PREFIX B SAN WERROR

case $(uname -m) in
x86_64) own=x64 ;;
aarch64) own=arm64 ;;
*)
	echo "dist: there is no package for $(uname -m)" >&2
	exit 1
	;;
esac
architectures=${ARCHITECTURES:-$own}

# words ARCHITECTURE: what it is called elsewhere
words() {
	A=$1
	case $A in
	x64) D=amd64 R=x86_64 ;;
	arm64) D=arm64 R=aarch64 ;;
	*)
		echo "dist: unknown architecture '$A'; x64 or arm64" >&2
		exit 2
		;;
	esac
	prefix=$R-linux-gnu-
	folder=$work/$A
	export A D R
}

# build ARCHITECTURE: into $work/ARCHITECTURE/tree what `make install` installs, stripped. The
# linker tells which archives it took: the SBOM has no other source.
build() {
	words "$1"
	cc=gcc
	[ "$A" = "$own" ] || cc="${prefix}gcc --sysroot=$(scripts/fetch-arm64.sh)"
	made=build/release-$A
	if [ "${REUSE:-}" ] && [ "$A" = "$own" ]; then
		make --no-print-directory install PREFIX=/usr DESTDIR="$folder/tree" >/dev/null
		strip --strip-unneeded "$folder/tree/usr/bin/orshim" "$folder/tree/usr/lib/liborshim.so"
		return
	fi
	rm -f "$made/orshim" "$made/liborshim.so"
	mkdir -p "$made" "$folder"
	make --no-print-directory CC="$cc" B="$made" CFLAGS="-O2 -g -ffile-prefix-map=$top=." \
		LDFLAGS=-Wl,--trace all >"$folder/link.log"
	[ "$A" = "$own" ] || make --no-print-directory B=build all >/dev/null
	make --no-print-directory CC="$cc" B="$made" CFLAGS="-O2 -g -ffile-prefix-map=$top=." \
		ORSHIM="$([ "$A" = "$own" ] && echo "$made" || echo build)/orshim" \
		install PREFIX=/usr DESTDIR="$folder/tree" >/dev/null
	strip="strip"
	[ "$A" = "$own" ] || strip=${prefix}strip
	$strip --strip-unneeded "$folder/tree/usr/bin/orshim" "$folder/tree/usr/lib/liborshim.so"
	scripts/check-needed.sh "$made" >&2
	scripts/check-glibc.sh "$folder/tree/usr/lib/liborshim.so" >&2
}

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT INT TERM
export work top
rm -rf "${out:?}"/*
mkdir -p "$out/npm"
for architecture in $architectures; do build "$architecture"; done
grep -v '^#' scripts/dist/table | while read -r often maker name; do
	[ "${ONLY:-$maker}" = "$maker" ] || continue
	for_which=$own
	[ "$often" = once ] || for_which=$architectures
	for architecture in $for_which; do
		words "$architecture"
		file=$(echo "$name" | sed "s/@V@/$V/; s/@A@/$A/; s/@D@/$D/; s/@R@/$R/")
		(cd "$folder" && OFTEN=$often ARCHITECTURES=$architectures "$top/scripts/dist/$maker" "$out/$file")
		echo "$out/$file"
	done
done
cd "$out"
find . -type f ! -name SHA256SUMS | sed 's|^\./||' | sort | xargs sha256sum >../SHA256SUMS.$$
mv ../SHA256SUMS.$$ SHA256SUMS
