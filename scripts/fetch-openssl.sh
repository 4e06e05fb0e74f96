#!/bin/sh
# SPDX-License-Identifier: MIT
# fetch-openssl.sh: the distribution's OpenSSL as upstream released it, its libssl.a with a section for
# each constant. A linker that sorts them lays the method tables apart, as optimisation at link time (LTO)
# does in large programs. Built once into the cache outside the checkout; prints its folder there.
set -eu

# shellcheck source=scripts/cache.sh
. "$(dirname "$0")/cache.sh"
folder=$cache/openssl-$(sed -n 's/^VERSION_CODENAME=//p' /etc/os-release)-sections
if [ -d "$folder" ]; then
	echo "$folder"
	exit
fi
begin_work

source=$("$(dirname "$0")/unpack-source.sh" openssl "$work/source")
(
	cd "$source"
	./Configure no-shared no-tests no-engine -fdata-sections &&
		make build_generated && make "-j$(nproc)" libssl.a
) >"$work/log" 2>&1 || {
	tail -n 20 "$work/log" >&2
	exit 1
}
mkdir "$work/made"
cp "$source/libssl.a" "$work/made/"
mv "$work/made" "$folder"
echo "$folder"
