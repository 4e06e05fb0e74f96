#!/bin/sh
# SPDX-License-Identifier: MIT
# build_hidden.sh FOLDER: libhidden.so, a library with an OpenSSL inside of which it exports
# nothing, as in wheels of Python; `linked`, a program that needs it; and `loading`, which
# loads it by dlopen().
set -eu
here=$(dirname "$0")
cc=${CC:-cc}
$cc -O2 -fPIC -fvisibility=hidden -DLIBRARY -shared -o "$1/libhidden.so" "$here/static_openssl.c" \
	-Wl,--exclude-libs,ALL,--build-id,-soname,libhidden.so -Wl,-Bstatic -lssl -lcrypto -Wl,-Bdynamic \
	-Wl,--as-needed -lz -lzstd
strip "$1/libhidden.so"
$cc -O2 -DLINKED -o "$1/linked" "$here/hidden_host.c" -L"$1" -lhidden -Wl,-rpath,"$1"
$cc -O2 -o "$1/loading" "$here/hidden_host.c" -ldl
