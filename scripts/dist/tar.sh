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
install -m 644 "$top/README.md" "$top/CHANGELOG.md" "$top/docs/copyright" "$name"
pack "$1" "$PWD/$name"
