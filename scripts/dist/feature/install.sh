#!/bin/sh
# SPDX-License-Identifier: MIT
# install.sh: run as root while the container's image is built; PREFIX is the feature's option.
set -eu
cd "$(dirname "$0")"
case $(uname -m) in
x86_64) architecture=x64 ;;
aarch64) architecture=arm64 ;;
*) architecture=$(uname -m) ;;
esac
[ -d "$architecture" ] || {
	echo "orshim: this feature has no program for $(uname -m)" >&2
	exit 1
}
prefix=${PREFIX:-/usr/local}
mkdir -p "$prefix/bin" /usr/local/lib
cp "$architecture"/bin/* "$prefix/bin/"
cp "$architecture"/lib/liborshim.so /usr/local/lib/liborshim.so.new
mv /usr/local/lib/liborshim.so.new /usr/local/lib/liborshim.so
"$prefix/bin/orshim" --version
