#!/bin/sh
# SPDX-License-Identifier: MIT
# fetch-verdaccio.sh: verdaccio, a registry for npm packages, at a pinned version, in the cache
# outside the checkout; prints the folder. No install script runs.
set -eu
# shellcheck source=scripts/cache.sh
. "$(dirname "$0")/cache.sh"
version=6.10.4
folder=$cache/verdaccio-$version
if [ ! -d "$folder" ]; then
	begin_work
	echo "fetch-verdaccio: $version" >&2
	# One of its parts asks for a tag of node-fetch that not every mirror has.
	echo "{\"private\":true,\"dependencies\":{\"verdaccio\":\"$version\"},\"overrides\":{\"node-fetch\":\"2.7.0\"}}" \
		>"$work/package.json"
	(cd "$work" && npm install --silent --ignore-scripts --no-audit --no-fund --no-package-lock >&2)
	mv -T "$work" "$folder" 2>/dev/null || [ -d "$folder" ]
	mkdir -p "$work"
fi
echo "$folder"
