#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# test.sh [clients]: all tests, or only the whole matrix of real clients. One line
# for each part, everything that a failing part said, and a closing count.
set -uo pipefail
cd "$(dirname "$0")/.." || exit

logs=build/test-logs
mkdir -p "$logs"
passed=0 failed=0

# part NAME COMMAND…
part() {
	local name=$1 start=$SECONDS log
	shift
	log=$logs/${name//[^a-z0-9]/-}.log
	if "$@" >"$log" 2>&1; then
		passed=$((passed + 1))
		printf 'ok      %-32s %4d s  %s\n' "$name" $((SECONDS - start)) "$(tail -n 1 "$log" | cut -c1-60)"
	else
		failed=$((failed + 1))
		printf 'FAILED  %-32s %4d s\n' "$name" $((SECONDS - start))
		{
			grep -nE '^not ok|FAILED|error:|undefined reference' "$log" | head -n 20
			echo '...'
			tail -n 25 "$log"
		} | sed 's/^/    /'
	fi
}

# each FILE…: run one after another, all of them; fail if one did, or if there is none.
each() {
	local one bad=0 count=0
	for one in "$@"; do
		count=$((count + 1))
		echo "== $one"
		"$one" || bad=1
	done
	echo "$count run"
	[ "$bad" = 0 ] && [ "$count" -gt 0 ]
}

# Fuzz targets are ordinary programs here: every seed once.
corpora() {
	local one bad=0 count=0
	for one in "$@"; do
		local name=${one##*/fuzz_}
		if [ ! -d "tests/fuzz/corpus/$name" ]; then
			echo "there is no tests/fuzz/corpus/$name"
			bad=1
			continue
		fi
		count=$((count + 1))
		"$one" -runs=0 "tests/fuzz/corpus/$name" || bad=1
	done
	echo "$count corpora"
	[ "$bad" = 0 ]
}

scripts_are_clean() {
	local list
	mapfile -t list < <({ git ls-files 'scripts/*' '.ci/*'; git ls-files '*.sh'; } | sort -u |
		while read -r f; do head -n 1 "$f" | grep -qE '^#!.*(sh|bash)$' && echo "$f"; done)
	shellcheck "${list[@]}" && echo "${#list[@]} scripts"
}

shopt -s nullglob
units() { # FOLDER
	local list=()
	for one in tests/unit/test_*.c; do list+=("$1/${one%.c}"); done
	each "${list[@]}"
}
unit_targets() { # FOLDER
	for one in tests/unit/test_*.c; do echo "$1/${one%.c}"; done
}
fuzzers=(tests/fuzz/fuzz_*.c)
export MAKEFLAGS=-j$(nproc) WERROR=1

if [ "${1:-}" = clients ]; then
	part 'fetch all clients' scripts/fetch-clients.sh all
	part 'build Python around an OpenSSL' scripts/fetch-python.sh
	part 'all real clients' tests/e2e/clients.py --all --http2
	part 'TLS without symbols' tests/e2e/bun/run.sh
	part 'handshakes that fail, all clients' tests/e2e/handshake.py all
	part 'HTTP/3 is no silence, trixie and sid' tests/e2e/http3.py
	part 'coding agents' tests/e2e/agents.py
	part 'arm64, by qemu' tests/e2e/arm64.sh
	part 'untappable clients, relayed' tests/e2e/relay.sh all
	part 'untappable clients, redirected' tests/e2e/redirect/clients_run.py all
	part 'untappable clients, by launchers' tests/e2e/redirect/launched_run.py all
	part 'a log of 1 GiB' tests/e2e/big_log.py build/orshim
	part 'Chromium' tests/e2e/chromium.sh
	part 'children of all clients' tests/e2e/follow/run.py all
	part "VS Code's extension host" tests/e2e/editor/run.py
	part 'hostile servers, a GiB each' tests/e2e/hostile.py --whole
	part 'hostile settings, all' tests/e2e/settings.py --all
	part 'secrets, every command on each' tests/e2e/secrets/secrets.py --all
	part 'races between threads' make races
	part 'programs under memcheck' tests/memory/programs.py all
	part 'attach, 100 times' tests/e2e/attach.py --rounds 100 --all
	part 'attach, in a session' tests/e2e/attach/late.py --rounds 50 --all
	part 'attach, killed at each call' tests/e2e/attach/killed.py --all
	part 'all real clients, by ORSHIM_HOSTS' tests/e2e/clients.py --all --http2 --local
	cat "$logs"/all-real-clients.log
else
	part 'build, gcc' make CC=gcc build/liborshim.so build/orshim
	part 'build, clang' make CC=clang build/clang/liborshim.so build/clang/orshim
	mapfile -t targets < <(unit_targets build)
	part 'units build' make "${targets[@]}"
	part 'units' units build
	san=build/address-undefined
	mapfile -t targets < <(unit_targets "$san")
	part 'units build, ASan and UBSan' make SAN=address,undefined "${targets[@]}"
	part 'units, ASan and UBSan' units "$san"
	part 'needs libc alone' scripts/check-needed.sh
	part 'layers' scripts/check-layers.sh
	part 'sizes and names' scripts/check-sizes.sh
	part 'fetch real clients' scripts/fetch-clients.sh small
	for check in scripts/check-exports.sh scripts/check-docs.sh \
		tests/e2e/tap/run.sh tests/e2e/bun/run.sh tests/e2e/commands.sh tests/e2e/launch.sh \
		tests/e2e/report.sh tests/e2e/carriers.py tests/e2e/golden.sh tests/e2e/page.sh tests/e2e/install.sh tests/e2e/terminal.sh \
		tests/e2e/relay.sh tests/e2e/doctor.sh tests/e2e/coverage.sh \
		tests/e2e/attach.py tests/e2e/attach/refused.py \
		tests/e2e/attach/confined.py tests/e2e/attach/killed.py tests/e2e/attach/late.py; do
		[ ! -x "$check" ] || part "${check#*/}" "$check"
	done
	part 'clients, redirected' tests/e2e/redirect/clients_run.py
	part 'children, redirected' tests/e2e/redirect/launched_run.py
	part 'places of the relay' tests/e2e/redirect/places_run.py
	part 'trouble around the relay' tests/e2e/redirect/trouble_run.py
	part 'faults' tests/e2e/faults.py
	part 'hostile settings' tests/e2e/settings.py
	part 'suites of others, a part' tests/suites/run.py fast
	part 'memory of 2000 connections' tests/memory/connections.py
	part 'memcheck of curl and Python' tests/memory/programs.py fast
	part 'shellcheck' scripts_are_clean
	if [ "${#fuzzers[@]}" -gt 0 ]; then
		fuzz=()
		san=address,undefined,fuzzer-no-link
		for one in "${fuzzers[@]}"; do fuzz+=("build/${san//,/-}/clang/${one%.c}"); done
		part 'fuzz targets build' make CC=clang SAN="$san" "${fuzz[@]}"
		part 'fuzz corpora' corpora "${fuzz[@]}"
	fi
	part 'refusals of the world' tests/world/run.py
	part 'real clients' tests/e2e/clients.py --http2
	part 'handshakes that fail' tests/e2e/handshake.py
	part 'clean traffic' tests/e2e/clean.py
	part 'what separates failures' tests/e2e/splits.py
	part 'rules of a whole log' tests/e2e/log_rules.py
	part 'exports' tests/e2e/export.py
	part 'children are followed' tests/e2e/follow/run.py
	part 'editors, without one' tests/e2e/editor/scripts.sh
	part 'HTTP/2 against nginx' tests/e2e/http2.py
	part 'HTTP/3 is no silence' tests/e2e/http3.py trixie
	part 'HAR 1.2 by its schema' tests/e2e/har.py build/orshim
	part 'captures of a real client' tests/e2e/capture.py
	part 'secrets' tests/e2e/secrets/secrets.py
	part 'demo' scripts/demo.sh
fi
echo "$passed passed, $failed failed"
[ "$failed" = 0 ]
