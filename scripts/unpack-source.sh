#!/bin/sh
# SPDX-License-Identifier: MIT
# unpack-source.sh PACKAGE DIR: the upstream source of the distribution's PACKAGE, unpacked below
# DIR, which is made; prints its folder. Mirrors may lack the newest one's source: then it is the
# release's. What apt said is printed on standard error if neither is to be had.
set -eu

package=$1
dir=$2
release=$(sed -n 's/^VERSION_CODENAME=//p' /etc/os-release)
mkdir -p "$dir/unpacked"
for which in "$package" "$package/$release"; do
	"$(dirname "$0")/fetch-source.sh" "$which" "$dir" --tar-only --download-only >"$dir/log" 2>&1 && break
done || {
	cat "$dir/log" >&2
	exit 1
}
tar -xf "$(find "$dir" -name '*.orig.tar.*' ! -name '*.asc')" -C "$dir/unpacked" --strip-components=1
echo "$dir/unpacked"
