#!/bin/sh
# SPDX-License-Identifier: MIT
# fetch-musl-archives.sh: what orshim is linked with, as archives for musl, built by musl-gcc from
# the distribution's own source packages, once, into the cache outside the checkout: zlib, brotli,
# Zstandard, nghttp2, cmocka for the unit tests, and OpenSSL's from scripts/fetch-musl.sh. Prints the folder with all of them.
# What another recipe built is built anew.
set -eu

cache=${ORSHIM_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/orshim}
release=$(sed -n 's/^VERSION_CODENAME=//p' /etc/os-release)
machine=$(uname -m)
folder=$cache/musl-archives-$release-$machine
top=$(cd "$(dirname "$0")/.." && pwd)
recipe=$(cd "$top/scripts" && cat fetch-musl-archives.sh fetch-musl.sh unpack-source.sh fetch-source.sh | sha256sum)
if [ "$(cat "$folder/recipe" 2>/dev/null)" = "$recipe" ]; then
	echo "$folder"
	exit
fi
openssl=$("$top/scripts/fetch-musl.sh")
work=$(mktemp -d "$cache/.fetch.XXXXXX")
trap 'rm -rf "$work"' EXIT INT TERM
mkdir "$work/made"
cp "$openssl/lib/libcrypto.a" "$openssl/lib/libssl.a" "$work/made"
unset CFLAGS LDFLAGS MAKEFLAGS

source_of() { # PACKAGE: unpacked; its folder
	"$top/scripts/unpack-source.sh" "$1" "$work/$1"
}
# archive NAME FOLDER OPTIONS FILE…: the sources in FOLDER as NAME; words of OPTIONS are split.
archive() {
	echo "fetch-musl-archives: $1" >&2
	name=$1 at=$2 options=$3
	shift 3
	# shellcheck disable=SC2086 # several options
	(cd "$at" && musl-gcc -O2 -fPIC -c $options "$@") && ar rcs "$work/made/$name" "$at"/*.o && rm "$at"/*.o
}

zlib=$(source_of zlib)
(cd "$zlib" && archive libz.a "$zlib" "-DHAVE_UNISTD_H -D_LARGEFILE64_SOURCE" adler32.c crc32.c deflate.c \
	infback.c inffast.c inflate.c inftrees.c trees.c zutil.c compress.c uncompr.c)
brotli=$(source_of brotli)
for part in common dec enc; do
	(cd "$brotli" && archive "libbrotli$part.a" "$brotli" "-Ic/include" c/"$part"/*.c)
done
zstd=$(source_of libzstd)
(cd "$zstd" && archive libzstd.a "$zstd" "-DZSTD_DISABLE_ASM -DXXH_NAMESPACE=ZSTD_ -Ilib -Ilib/common" \
	lib/common/*.c lib/compress/*.c lib/decompress/*.c)
nghttp2=$(source_of nghttp2)
version=$(dpkg-query -W -f '${source:Upstream-Version}' libnghttp2-dev)
sed "s/@PACKAGE_VERSION@/$version/; s/@PACKAGE_VERSION_NUM@/0/" "$nghttp2/lib/includes/nghttp2/nghttp2ver.h.in" \
	>"$nghttp2/lib/includes/nghttp2/nghttp2ver.h"
(cd "$nghttp2" && archive libnghttp2.a "$nghttp2" "-DHAVE_ARPA_INET_H -DHAVE_NETINET_IN_H -DNGHTTP2_STATICLIB -Ilib/includes" lib/*.c)
cmocka=$(source_of cmocka)
(cd "$cmocka" && archive libcmocka.a "$cmocka" "-D_GNU_SOURCE -DHAVE_INTTYPES_H -DHAVE_SIGNAL_H -DHAVE_STRINGS_H \
	-DHAVE_STRUCT_TIMESPEC -DHAVE_CLOCK_REALTIME -DHAVE_GCC_THREAD_LOCAL_STORAGE -Iinclude" src/cmocka.c)
echo "$recipe" >"$work/made/recipe"
mv -T "$folder" "$work/old" 2>/dev/null || : # of another recipe
mv -T "$work/made" "$folder" 2>/dev/null || [ -d "$folder" ] # two runs at once: the first one's stays
echo "$folder"
