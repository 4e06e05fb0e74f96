#!/bin/sh
# SPDX-License-Identifier: MIT
# action.sh FILE: a composite action for GitHub, with the programs of each architecture in it.
# shellcheck source=scripts/dist/pack.sh
. "${top:?}/scripts/dist/pack.sh"
name=$(basename "$1" .tar.gz)
rm -rf "$name"
mkdir "$name"
install -m 644 "$top/scripts/dist/action/action.yml" "$name/action.yml"
install -m 755 "$top/scripts/dist/action/run.sh" "$name/run.sh"
for architecture in $ARCHITECTURES; do programs "$name/$architecture" "$architecture"; done
pack "$1" "$PWD/$name"
