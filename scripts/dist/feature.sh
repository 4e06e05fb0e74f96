#!/bin/sh
# SPDX-License-Identifier: MIT
# feature.sh FILE: a dev container feature, with the programs of each architecture in it.
# shellcheck source=scripts/dist/pack.sh
. "${top:?}/scripts/dist/pack.sh"
rm -rf orshim
mkdir orshim
fill feature/devcontainer-feature.json orshim/devcontainer-feature.json
install -m 755 "$top/scripts/dist/feature/install.sh" orshim/install.sh
for architecture in $ARCHITECTURES; do programs "orshim/$architecture" "$architecture"; done
find orshim -exec touch -h -d "@$SOURCE_DATE_EPOCH" {} +
# Its files lie at the archive's top, as the format wants it.
tar --format=ustar --sort=name --owner=0 --group=0 --numeric-owner --mode=go=rX,u+rw -C orshim -c . |
	gzip -9n >"$1"
