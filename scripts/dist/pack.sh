# shellcheck shell=sh
# SPDX-License-Identifier: MIT
# pack.sh, sourced by the makers: an archive whose bytes depend on the files alone.
set -eu
: "${work:?}" "${V:?}" "${top:?}"
umask 022

pack() { # FILE FOLDER: FOLDER, by its last name, as FILE
	find "$2" -exec touch -h -d "@$SOURCE_DATE_EPOCH" {} +
	tar --format=ustar --sort=name --owner=0 --group=0 --numeric-owner --mode=go=rX,u+rw,a-s \
		-C "$(dirname "$2")" -c "$(basename "$2")" | gzip -9n >"$1"
}

# programs FOLDER ARCHITECTURE: the command, the library and the scripts, as bin and lib below FOLDER
programs() {
	mkdir -p "$1/bin" "$1/lib"
	install -m 755 "$work/$2/tree/usr/bin/"* "$1/bin"
	install -m 755 "$work/$2/tree/usr/lib/liborshim.so" "$1/lib"
}

# fill FROM TO: a file of ours with its version in place
fill() {
	sed "s/@V@/$V/g; s/@A@/${A:-}/g" "$top/scripts/dist/$1" >"$2"
}
