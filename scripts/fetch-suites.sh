#!/bin/sh
# SPDX-License-Identifier: MIT
# fetch-suites.sh: CPython's own tests for the distribution's python3, unpacked
# into the cache outside the checkout. The package is downloaded and not
# installed: it would bring another python3 with it. Prints the folder to put
# in PYTHONPATH.
set -eu

# shellcheck source=scripts/cache.sh
. "$(dirname "$0")/cache.sh"
python=/usr/bin/python3
version=$($python -c 'import sys; print("%d.%d" % sys.version_info[:2])')
folder=$cache/python$version-tests

if [ ! -d "$folder" ]; then
	begin_work
	echo "fetch-suites: libpython$version-testsuite" >&2
	(cd "$work" && apt-get -qq -o APT::Sandbox::User="$(id -un)" download "libpython$version-testsuite" >&2)
	dpkg-deb -x "$work"/*.deb "$work/x"
	mkdir "$work/tests"
	cp -r "$work/x/usr/lib/python$version/test" "$work/tests/"
	# The part that python3 itself brings, of the same release.
	cp -rn "/usr/lib/python$version/test/." "$work/tests/test/"
	mv -T "$work/tests" "$folder" 2>/dev/null || [ -d "$folder" ]
fi
echo "$folder"
