#!/bin/sh
# SPDX-License-Identifier: MIT
# fetch-source.sh PACKAGE DIR [OPTION…]: the distribution's own source package, by `apt-get
# source` with the OPTIONs, in the folder DIR. Uses a private copy of apt's source list and its
# own lists folder, so the user's apt configuration stays as it is.
set -eu

package=$1
dir=$2
shift 2
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT INT TERM
mkdir -p "$work/lists/partial" "$work/parts" "$dir"

# The user's binary sources, asked for source packages instead.
for list in /etc/apt/sources.list /etc/apt/sources.list.d/*.list; do
	[ -f "$list" ] && sed -n 's/^deb\([[:space:]]\)/deb-src\1/p' "$list" | grep -E 'debian|ubuntu'
done >"$work/sources.list" || true
for list in /etc/apt/sources.list.d/*.sources; do
	[ -f "$list" ] && grep -qE '^URIs:.*(debian|ubuntu)' "$list" &&
		sed 's/^Types:.*/Types: deb-src/' "$list" >"$work/parts/$(basename "$list")"
done || true

private() {
	apt-get -qq -o Dir::Etc::sourcelist="$work/sources.list" -o Dir::Etc::sourceparts="$work/parts" \
		-o Dir::State::lists="$work/lists" -o APT::Sandbox::User="$(id -un)" \
		-o pkgCacheFile="" -o Dir::Cache::pkgcache="" -o Dir::Cache::srcpkgcache="" "$@"
}
private update
cd "$dir"
private source "$@" "$package" >/dev/null
