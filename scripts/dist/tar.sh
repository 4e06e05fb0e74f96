#!/bin/sh
# SPDX-License-Identifier: MIT
# tar.sh FILE: a folder for one architecture, with an install.sh that needs sh alone.
# shellcheck source=scripts/dist/pack.sh
. "${top:?}/scripts/dist/pack.sh"
name=$(basename "$1" .tar.gz)
mkdir "$name"
programs "$name" "$A"
cp -R tree/usr/share "$name"
install -m 755 "$top/scripts/dist/install.sh" "$name"
sed 's|](docs/|](share/doc/orshim/docs/|g' tree/usr/share/doc/orshim/README.md >"$name/README.md"
install -m 644 "$top/CHANGELOG.md" "$top/docs/copyright" "$name"
pack "$1" "$PWD/$name"
