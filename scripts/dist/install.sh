#!/bin/sh
# SPDX-License-Identifier: MIT
# install.sh [PREFIX]: orshim into PREFIX (/usr/local, or ~/.local for who is not root).
# install.sh --uninstall [PREFIX]: away again. Needs nothing but sh and what every system has.
set -eu
cd "$(dirname "$0")"

remove=
case ${1:-} in
--uninstall)
	remove=yes
	shift
	;;
-*)
	echo "usage: install.sh [--uninstall] [PREFIX]"
	[ "$1" = --help ] || exit 2
	exit 0
	;;
esac
default=$HOME/.local
[ "$(id -u)" != 0 ] || default=/usr/local
prefix=${1:-$default}

case $(uname -s)-$(uname -m) in
Linux-x86_64 | Linux-aarch64) ;;
*)
	echo "install: orshim is for Linux on x86-64 and arm64; this is $(uname -s) on $(uname -m)" >&2
	exit 1
	;;
esac
./bin/orshim --version >/dev/null || {
	echo "install: bin/orshim does not run here: is it the archive for $(uname -m)?" >&2
	exit 1
}

find bin lib share ! -type d | while read -r file; do
	if [ "$remove" ]; then
		rm -f "$prefix/$file"
		continue
	fi
	mkdir -p "$prefix/${file%/*}"
	# In one step: a process may be loading the old one.
	cp "$file" "$prefix/$file.new"
	case $file in share/*) chmod 644 "$prefix/$file.new" ;; *) chmod 755 "$prefix/$file.new" ;; esac
	mv "$prefix/$file.new" "$prefix/$file"
done
if [ "$remove" ]; then
	echo "orshim is no longer in $prefix"
	exit 0
fi
"$prefix/bin/orshim" --version
case :$PATH: in
*:"$prefix/bin":*) echo "installed: orshim run -- TOOL" ;;
*) echo "installed: $prefix/bin/orshim run -- TOOL   ($prefix/bin is not in PATH)" ;;
esac
