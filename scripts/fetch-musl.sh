#!/bin/sh
# SPDX-License-Identifier: MIT
# fetch-musl.sh: curl and OpenSSL for musl, as libraries, built by musl-gcc from the
# distribution's own source packages, once, into the cache outside the checkout;
# prints the folder there: bin/curl, bin/curl-static, lib/libssl.so. What another recipe built is
# built anew.
set -eu

cache=${ORSHIM_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/orshim}
release=$(sed -n 's/^VERSION_CODENAME=//p' /etc/os-release)
machine=$(uname -m)
folder=$cache/musl-$release-$machine
recipe=$(cd "$(dirname "$0")" && cat fetch-musl.sh unpack-source.sh fetch-source.sh | sha256sum)
if [ "$(cat "$folder/recipe" 2>/dev/null)" = "$recipe" ]; then
	echo "$folder"
	exit
fi
for program in musl-gcc perl make; do
	command -v "$program" >/dev/null || {
		echo "fetch-musl: $program is not installed" >&2
		exit 1
	}
done
mkdir -p "$cache"
work=$(mktemp -d "$cache/.fetch.XXXXXX")
trap 'rm -rf "$work"' EXIT INT TERM
exec 3>"$cache/musl-build.log"

# The kernel's headers lie beside glibc's: musl's own come first.
CC="musl-gcc -idirafter /usr/include -idirafter /usr/include/$machine-linux-gnu"
export CC
unset CFLAGS LDFLAGS MAKEFLAGS
failed() {
	echo "fetch-musl: $1 was not built; $cache/musl-build.log has why:" >&2
	tail -n 15 "$cache/musl-build.log" >&2
	exit 1
}

echo "fetch-musl: OpenSSL, by musl-gcc" >&2
openssl=$("$(dirname "$0")/unpack-source.sh" openssl "$work/openssl" 2>&3) || failed OpenSSL
(cd "$openssl" && ./Configure "linux-$machine" --prefix="$folder" --libdir=lib --openssldir=/etc/ssl \
	shared no-tests no-engine no-afalgeng no-async no-legacy no-docs no-dtls no-ssl3 2>/dev/null ||
	./Configure "linux-$machine" --prefix="$folder" --libdir=lib --openssldir=/etc/ssl \
		shared no-tests no-engine no-async) >&3 2>&1 || failed OpenSSL
make -C "$openssl" -j2 build_libs >&3 2>&1 || failed OpenSSL
make -C "$openssl" DESTDIR="$work/built" install_dev >&3 2>&1 || failed OpenSSL

echo "fetch-musl: curl, by musl-gcc" >&2
curl=$("$(dirname "$0")/unpack-source.sh" curl "$work/curl" 2>&3) || failed curl
at=$work/built$folder
rm -r "$at/lib/pkgconfig" # it names the folder to come
(cd "$curl" && ./configure CPPFLAGS="-I$at/include" --prefix="$folder" --with-openssl="$at" \
	LDFLAGS="-L$at/lib -Wl,-rpath,$at/lib:$folder/lib" PKG_CONFIG=false --without-libpsl --without-zlib --without-brotli --without-zstd \
	--without-nghttp2 --without-libidn2 --without-librtmp --without-libssh2 --disable-ldap --disable-ldaps \
	--disable-rtsp --disable-dict --disable-telnet --disable-tftp --disable-pop3 --disable-imap \
	--disable-smb --disable-smtp --disable-gopher --disable-mqtt --disable-manual) >&3 2>&1 ||
	failed curl
make -C "$curl/lib" -j2 >&3 2>&1 || failed curl
make -C "$curl/src" -j2 >&3 2>&1 || failed curl
make -C "$curl/lib" DESTDIR="$work/built" install >&3 2>&1 || failed curl
make -C "$curl/src" DESTDIR="$work/built" install >&3 2>&1 || failed curl
rm -f "$curl/src/curl"
make -C "$curl/src" -j2 curl LDFLAGS="-all-static -L$at/lib" >&3 2>&1 || failed "a static curl"
cp "$curl/src/curl" "$at/bin/curl-static"
strip "$at/bin/curl-static"
rm -rf "$at/share" "$at/lib/libcurl.a"
echo "$recipe" >"$at/recipe"
mv -T "$folder" "$work/old" 2>/dev/null || : # of another recipe
mv -T "$at" "$folder" 2>/dev/null || [ -d "$folder" ] # two runs at once: the first one's stays
echo "$folder"
