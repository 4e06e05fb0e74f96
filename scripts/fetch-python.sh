#!/bin/sh
# SPDX-License-Identifier: MIT
# fetch-python.sh: CPython with an OpenSSL inside that is exported by nothing, as relocatable
# builds of Python carry it: the distribution's own libpython, CPython's ssl module as
# upstream released it, and libssl.a. Three times: in the program, in libpython.so, in a module
# alone. Built once into the cache outside the checkout; prints its folder there.
set -eu

# shellcheck source=scripts/cache.sh
. "$(dirname "$0")/cache.sh"
version=$(/usr/bin/python3 -c 'import sys; print("%d.%d" % sys.version_info[:2])')
folder=$cache/python$version-hidden-openssl
if [ -d "$folder" ]; then
	echo "$folder"
	exit
fi
begin_work

# Headers and archives: what is installed, or the package, unpacked and not installed.
system=
if [ ! -f "/usr/include/python$version/Python.h" ]; then
	echo "fetch-python: libpython$version-dev" >&2
	(cd "$work" && apt-get -qq -o APT::Sandbox::User="$(id -un)" download "libpython$version-dev" >&2)
	dpkg-deb -x "$work"/*.deb "$work/dev"
	system=$work/dev
fi

echo "fetch-python: python$version's source" >&2
"$(dirname "$0")/fetch-source.sh" "python$version" "$work/source" --tar-only --download-only
tar -xf "$(find "$work/source" -name '*.orig.tar.*' ! -name '*.asc')" -C "$work" --wildcards '*/Modules/_ssl*' \
	'*/Modules/clinic/_ssl*' '*/Modules/socketmodule.h'
modules=$(echo "$work"/Python-*/Modules)
sed -i 's/HAVE_BLUETOOTH/NO_BLUETOOTH/' "$modules/socketmodule.h" # its header is not needed

cat >"$work/main.c" <<'C'
#include <Python.h>

PyMODINIT_FUNC PyInit__ssl(void);

int main(int argc, char **argv)
{
	PyImport_AppendInittab("_ssl", PyInit__ssl);
	return Py_BytesMain(argc, argv);
}
C
compile() {
	"${CC:-cc}" -O2 -w -fPIC -DPy_BUILD_CORE_MODULE -I"$modules" -I"$system/usr/include" \
		-I"$system/usr/include/python$version" -I"$system/usr/include/python$version/internal" "$@"
}
archives=$(echo "$system"/usr/lib/python"$version"/config-*)
openssl='-Wl,--exclude-libs,libssl.a:libcrypto.a -Wl,-Bstatic -lssl -lcrypto -Wl,-Bdynamic'
system_libraries='-l:libexpat.so.1 -l:libz.so.1 -lm -ldl -lpthread -lutil'
mkdir -p "$work/built/module"
compile -c -o "$work/ssl.o" "$modules/_ssl.c"
compile -c -o "$work/main.o" "$work/main.c"
# shellcheck disable=SC2086 # lists of options
{
	compile -shared -o "$work/built/module/_ssl.so" "$work/ssl.o" $openssl
	compile -no-pie -rdynamic -o "$work/built/python" "$work/main.o" "$work/ssl.o" \
		"$archives/libpython$version.a" $openssl $system_libraries
	compile -shared -o "$work/built/libpython.so" -Wl,-soname,libpython.so "$work/ssl.o" \
		-Wl,--whole-archive "$archives/libpython$version-pic.a" -Wl,--no-whole-archive \
		$openssl $system_libraries
	compile -o "$work/built/python-shared" "$work/main.o" "$work/built/libpython.so" \
		-Wl,-rpath,"\$ORIGIN"
}
strip "$work"/built/python* "$work"/built/*.so "$work"/built/module/*.so
mv -T "$work/built" "$folder" 2>/dev/null || [ -d "$folder" ]
echo "$folder"
