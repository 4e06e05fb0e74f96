#!/bin/bash
# SPDX-License-Identifier: MIT
# tags: fast
# caches.sh: what scripts/fetch-musl*.sh once built is used as long as the script that built it is the same,
# and a row of a test whose program is not in the cache is told as left out.
set -u
# shellcheck source=tests/e2e/harness/cases.sh
. "$(dirname "$0")/harness/cases.sh"
scripts=$root/scripts
release=$(sed -n 's/^VERSION_CODENAME=//p' /etc/os-release)
export ORSHIM_CACHE=$work/cache
tools=$work/bin # all that the scripts need, but no compiler: they end where they would build
mkdir "$tools"
for program in sh cat cut dirname mkdir mktemp rm sed sha256sum uname; do
	ln -s "$(command -v "$program")" "$tools"
done

of() { # SCRIPT…: the hash of their text
	(cd "$scripts" && cat "$@" | sha256sum)
}
renews() { # FOLDER RECIPE SCRIPT: an old cache is not taken, one by the same recipe is
	mkdir -p "$ORSHIM_CACHE/$1"
	run "$3, an old cache" 1 env PATH="$tools" "$scripts/$3"
	[ ! -s "$work/out" ] && grep -qF 'musl-gcc is not installed' "$work/err"
	verdict $? "$3, an old cache: it would build anew"
	echo "${2/a/b}" >"$ORSHIM_CACHE/$1/recipe"
	run "$3, a cache of another recipe" 1 env PATH="$tools" "$scripts/$3"
	echo "$2" >"$ORSHIM_CACHE/$1/recipe"
	run "$3, a cache of this recipe" 0 env PATH="$tools" "$scripts/$3"
	[ "$(cat "$work/out")" = "$ORSHIM_CACHE/$1" ]
	verdict $? "$3, a cache of this recipe: it is named"
	rm -r "${ORSHIM_CACHE:?}/$1"
}
renews "musl-$release-$(uname -m)" "$(of fetch-musl.sh unpack-source.sh fetch-source.sh)" fetch-musl.sh
renews "musl-archives-$release-$(uname -m)" \
	"$(of fetch-musl-archives.sh fetch-musl.sh unpack-source.sh fetch-source.sh)" fetch-musl-archives.sh

# Rows of the clients' test without their programs.
run 'a cache without clients' 0 env PYTHONPATH="$root/tests/e2e" python3 -c '
import redirect_clients, sys
rows = [row[0] for row in redirect_clients.table(sys.argv[1], True)]
assert "curl" in rows and "curl, static" not in rows, rows' "$work"
for name in 'curl for musl' 'curl, static' 'deno fetch' 'Node'; do
	check "$name is told as left out" grep -q "^skip - $name: not here" "$work/all"
done
finish
