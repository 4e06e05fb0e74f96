#!/bin/bash
# SPDX-License-Identifier: MIT
# chromium.sh: Chromium loads a page over TLS under the shim as it does without. Builds
# that check their indirect calls (clang CFI: upstream's) must not be tapped, and the
# log says why; others (Debian's) are tapped. Skipped with a word without chromium.
set -u
root=$(cd "$(dirname "$0")/../.." && pwd)
build=$root/${BUILD:-build}
if ! command -v chromium >/dev/null; then
	echo "skip  chromium is not installed (apt-get install chromium)"
	exit 0
fi
scratch=$(mktemp -d)
server=
trap '[ -z "$server" ] || kill "$server" 2>/dev/null; wait; rm -rf "$scratch"' EXIT
failed=0

check() { # NAME COMMAND...: the command succeeds
	local name=$1
	shift
	if "$@" >"$scratch/out" 2>&1; then
		echo "ok    $name"
	else
		echo "FAIL  $name"
		sed 's/^/      /' "$scratch/out" "$scratch/bare" "$scratch/shimmed" "$scratch/log"
		tail -n 5 "$scratch/errors" | sed 's/^/      /'
		failed=1
	fi
}

mkfifo "$scratch/hold" "$scratch/ready"
"$root/tests/mock/openrouter.py" <"$scratch/hold" >"$scratch/ready" &
server=$!
exec 3>"$scratch/hold"
read -r line <"$scratch/ready"
[[ $line =~ \"port\":\ *([0-9]+) ]] && port=${BASH_REMATCH[1]}

load() { # VARIABLE=VALUE...: the page's text on stdout
	rm -rf "$scratch/profile"
	env "$@" timeout 120 chromium --headless --no-sandbox --disable-gpu --no-first-run \
		--disable-background-networking --user-data-dir="$scratch/profile" \
		--ignore-certificate-errors --dump-dom "https://localhost:$port/api/v1/models" \
		</dev/null 2>"$scratch/errors"
}

touch "$scratch/log"
load A=1 >"$scratch/bare"
check "Chromium loads the page" grep -q 'openai/gpt-4o-mini' "$scratch/bare"
load LD_PRELOAD="$build/liborshim.so" ORSHIM_LOG="$scratch/log" \
	ORSHIM_HOSTS="localhost:$port=openrouter" XDG_CACHE_HOME="$scratch/cache" >"$scratch/shimmed"
check "and the same page under the shim" cmp "$scratch/bare" "$scratch/shimmed"
process='"record":"process".*"library":"BoringSSL"'
if grep -q "$process.*\"tap\":\"none\"" "$scratch/log"; then
	check "it is not tapped, with the reason" \
		grep -q '"tap":"none","reason":"[^"]*checks' "$scratch/log"
	check "and no exchange is claimed" sh -c "! grep -q '\"record\":\"exchange\"' '$scratch/log'"
else
	check "it is tapped by its method table" grep -q "$process.*\"method-table\"" "$scratch/log"
	check "and the page's exchange is in the log" \
		grep -q '"path":"/api/v1/models".*"status":200' "$scratch/log"
fi
check "the record names the program without its arguments" \
	sh -c "! grep -q '\"argv0\":\"[^\"]* --' '$scratch/log'"
exit "$failed"
