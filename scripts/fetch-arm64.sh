#!/bin/sh
# SPDX-License-Identifier: MIT
# fetch-arm64.sh [build|tests]: an arm64 Debian of this machine's release, unpacked into the cache;
# prints the folder, whose file `packages` lists what is in it. build: what library and command are
# built with; tests: the programs that the tests run there, and a kernel, too. Uses a private apt
# configuration: this machine's architectures, sources and lists stay as they are, and nothing is
# installed.
set -eu

packages="libc6-dev linux-libc-dev libssl-dev libnghttp2-dev zlib1g-dev libbrotli-dev libzstd-dev uthash-dev"
case ${1:-build} in
build) ;;
tests) packages="$packages libcmocka-dev curl python3 python3-h2 openssl bash dash coreutils
libstdc++6 findutils grep sed util-linux mount procps strace busybox-static linux-image-arm64" ;;
*)
	echo "fetch-arm64: unknown set '$1'; build or tests" >&2
	exit 2
	;;
esac

# shellcheck source=scripts/cache.sh
. "$(dirname "$0")/cache.sh"
# shellcheck source=/dev/null
release=$(. /etc/os-release && echo "$ID-$VERSION_ID")
folder=$cache/arm64-$release-${1:-build}
if [ -d "$folder" ]; then
	echo "$folder"
	exit 0
fi
begin_work
mkdir -p "$work/state" "$work/lists/partial" "$work/archives/partial" "$work/parts" "$work/unpacked"
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
APT::Install-Recommends "false";
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
echo "fetch-arm64: packages of arm64 Debian, for ${1:-build}" >&2
apt-get -qq update >&2
# shellcheck disable=SC2086 # a list of words on purpose
apt-get -qq -y --download-only install $packages >"$work/log" 2>&1 || {
	tail -n 20 "$work/log" >&2
	exit 1
}
for package in "$work"/archives/*.deb; do
	dpkg-deb -x "$package" "$work/unpacked"
	# shellcheck disable=SC2016 # dpkg-deb expands it
	dpkg-deb -W --showformat='${Package} ${source:Package} ${source:Version}\n' "$package" >>"$work/unpacked/packages"
done
# Two runs at once: the first one's folder stays.
mv -T "$work/unpacked" "$folder" 2>/dev/null || [ -d "$folder" ]
echo "$folder"
