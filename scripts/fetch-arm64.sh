#!/bin/sh
# SPDX-License-Identifier: MIT
# fetch-arm64.sh: what the library needs of an arm64 Debian, unpacked into the
# cache; prints the folder. Uses a private apt configuration: this machine's
# architectures, sources and lists stay as they are, and nothing is installed.
set -eu

cache=${ORSHIM_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/orshim}
# shellcheck source=/dev/null
release=$(. /etc/os-release && echo "$ID-$VERSION_ID")
folder=$cache/arm64-$release
if [ -d "$folder" ]; then
	echo "$folder"
	exit 0
fi
mkdir -p "$cache"
work=$(mktemp -d "$cache/.fetch.XXXXXX")
trap 'rm -rf "$work"' EXIT INT TERM
mkdir -p "$work/state" "$work/lists/partial" "$work/archives/partial" "$work/parts" "$work/root"
touch "$work/state/status"
for list in /etc/apt/sources.list /etc/apt/sources.list.d/*.list; do
	[ ! -f "$list" ] || grep -E '^deb .*debian' "$list"
done >"$work/parts/debian.list" || :
for list in /etc/apt/sources.list.d/*.sources; do
	[ -f "$list" ] && grep -qE '^URIs:.*debian' "$list" &&
		grep -v '^Architectures:' "$list" >"$work/parts/$(basename "$list")"
done || :
cat >"$work/apt.conf" <<CONF
APT::Architecture "arm64";
APT::Architectures { "arm64"; };
APT::Sandbox::User "$(id -un)";
Dir::State "$work/state";
Dir::State::lists "$work/lists";
Dir::State::status "$work/state/status";
Dir::Cache "$work";
Dir::Cache::archives "$work/archives";
Dir::Etc::sourcelist "/dev/null";
Dir::Etc::sourceparts "$work/parts";
CONF
export APT_CONFIG="$work/apt.conf"
echo "fetch-arm64: libraries of arm64 Debian" >&2
apt-get -qq update >&2
(cd "$work/archives" && apt-get -qq download libc6 libc6-dev linux-libc-dev libgcc-s1 libcrypt-dev \
	libssl-dev libssl3 libnghttp2-dev zlib1g-dev libbrotli-dev libzstd-dev uthash-dev >&2)
for package in "$work"/archives/*.deb; do
	dpkg-deb -x "$package" "$work/root"
done
# Two runs at once: the first one's folder stays.
mv -T "$work/root" "$folder" 2>/dev/null || [ -d "$folder" ]
echo "$folder"
