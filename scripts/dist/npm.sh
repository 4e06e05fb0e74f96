#!/bin/sh
# SPDX-License-Identifier: MIT
# npm.sh FILE: the package of one platform (OFTEN=each), or `orshim`, which names them as optional
# dependencies: npm installs the one that fits. Nothing runs at installation, nothing is fetched.
# shellcheck source=scripts/dist/pack.sh
. "${top:?}/scripts/dist/pack.sh"
rm -rf package
mkdir package
if [ "$OFTEN" = each ]; then
	fill npm/platform.json package/package.json
	programs package "$A"
	echo "The programs of the package orshim for Linux on $A." >package/README.md
else
	fill npm/package.json package/package.json
	mkdir package/bin
	install -m 755 "$top/scripts/dist/npm/orshim.js" package/bin/orshim.js
	cp -R tree/usr/share/doc/orshim/. package
fi
install -m 644 "$top/docs/copyright" package
pack "$1" "$PWD/package"
