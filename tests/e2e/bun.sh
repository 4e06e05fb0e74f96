#!/bin/bash
# SPDX-License-Identifier: MIT
# tags: fast
# tags: clients
# bun.sh: programs whose TLS library has no symbols: an OpenSSL that is linked in
# and stripped, also into a shared library; a Node add-on with its own BoringSSL; real
# programs built with Bun. Tests what the finder reports of each, also for a file of
# another architecture; its cache between starts; thousands of connections; and a
# program made by `bun build --compile`. The latter need scripts/fetch-clients.sh all.
# shellcheck disable=SC2317 # functions that check() calls
set -u
# shellcheck source=tests/e2e/harness/cases.sh
. "$(dirname "$0")/harness/cases.sh"
scratch=$work

found() { # FILE: doctor finds the table, unique and confirmed
	"$root/build/orshim" doctor --json "$1" >"$scratch/json" || :
	grep -q '"library":"BoringSSL".*confirm each other' "$scratch/json"
}

for version in 1.1.45 1.2.23 1.3.14 1.4.5; do
	bun=$cache/bun-linux-x64-$version/bin/bun
	[ -x "$bun" ] || continue
	check "table found in Bun $version, x86-64" found "$bun"
done
arm=$cache/bun-linux-aarch64-1.4.5/bin/bun
[ ! -f "$arm" ] || check "table found in Bun 1.4.5, arm64, only read" found "$arm"

standin

static() { # OPTION...: a program with OpenSSL inside, diagnosed
	rm -f "$scratch/log"
	"${CC:-cc}" -O2 -o "$scratch/static" "$root/tests/e2e/bun/static_openssl.c" "$@" \
		-Wl,-Bstatic -lssl -lcrypto -Wl,-Bdynamic -Wl,--as-needed -lz -lzstd && strip "$scratch/static" || return 1
	XDG_CACHE_HOME=$scratch/none LD_PRELOAD=$root/build/liborshim.so ORSHIM_LOG=$scratch/log \
		ORSHIM_HOSTS=localhost=openrouter "$scratch/static" "$port" || return 1
	grep -q '"library":"OpenSSL","version":"","tap":"method-table"' "$scratch/log" &&
		grep -q '"status":401.*"rule":"auth_token_quoted"' "$scratch/log" &&
		"$root/build/orshim" doctor "$scratch/static"
}
check "stripped OpenSSL, position-independent" static -pie
check "stripped OpenSSL, at a fixed address" static -no-pie
apart=$(echo "$cache"/openssl-*-sections/libssl.a)
[ ! -f "$apart" ] || check "stripped OpenSSL, its method tables apart" static -Wl,--sort-section=name "$apart"

# The same inside a library.
hidden=$scratch/libhidden.so
"$root/tests/e2e/bun/build_hidden.sh" "$scratch"

asks() { # COUNT PROGRAM...: seen that often, each one diagnosed, and the answer is as without
	count=$1
	shift
	rm -f "$scratch/log"
	"$@" >"$scratch/bare" 2>&1 || return 1
	XDG_CACHE_HOME=$scratch/own LD_PRELOAD=$root/build/liborshim.so ORSHIM_LOG=$scratch/log \
		ORSHIM_HOSTS=localhost=openrouter "$@" >"$scratch/shimmed" 2>&1 || return 1
	[ "$(grep -o 'HTTP/1.1 401' "$scratch/bare" | wc -l)" = "$count" ] &&
		[ "$(grep -o 'HTTP/1.1 401' "$scratch/shimmed" | wc -l)" = "$count" ] &&
		[ "$(grep -c '"status":401.*"rule":"auth_token_quoted"' "$scratch/log")" = "$count" ] &&
		grep -q "\"object\":\"$hidden\",\"library\":\"OpenSSL\",\"version\":\"\",\"tap\":\"method-table\"" \
			"$scratch/log"
}
for start in first second; do
	check "stripped OpenSSL in a linked library, $start start" asks 1 "$scratch/linked" "$port"
	check "in a library that is loaded for itself alone, $start start" \
		asks 1 "$scratch/loading" "$port" "$hidden" 1
done
check "in a library that is unloaded and loaded again" asks 10 "$scratch/loading" "$port" "$hidden" 10

# More libraries that might hide one than are remembered: each is looked into once, and that is all.
crowd() {
	printf 'int pthread_rwlock_rdlock(void *);\nint f(void *p) { return pthread_rwlock_rdlock(p); }\n%s\n' \
		'__asm__(".text\n.skip 300000, 0x90");' |
		"${CC:-cc}" -shared -fPIC -x c -o "$scratch/crowd.so" - || return 1
	XDG_CACHE_HOME=$scratch/crowd LD_PRELOAD=$root/build/liborshim.so timeout 120 /usr/bin/python3 -c '
import ctypes, shutil, socket, sys
for i in range(100):
    shutil.copy(sys.argv[1], "%s%d" % (sys.argv[1], i))
    ctypes.CDLL("%s%d" % (sys.argv[1], i))
socket.create_connection(("127.0.0.1", int(sys.argv[2]))).close()' "$scratch/crowd.so" "$port"
}
check "a hundred libraries that might hide one" crowd

# Helpers, which tools start by the dozen, are not searched: nothing is opened for it.
unsearched() { # PROGRAM...
	strace -f -qq -e trace=openat,open,readlink -o "$scratch/calls" \
		env LD_PRELOAD="$root/build/liborshim.so" "$@" </dev/null &&
		grep -q liborshim.so "$scratch/calls" &&
		! grep -E 'self/(exe|maps)|/orshim/tls-' "$scratch/calls"
}
if command -v strace >/dev/null; then
	check "git is not searched" unsearched git --version
	check "a shell is not searched" unsearched sh -c 'ls / | tr a b | cat'
	check "getconf is not searched" unsearched getconf PATH
	check "nor what a program loads that connects without TLS" unsearched /usr/bin/python3 -c \
		"import socket; socket.create_connection(('127.0.0.1', $port)).close()"
else
	skip "helpers are not searched: strace is not installed"
fi

# Rust's own tools carry an OpenSSL whose linker dropped what they do not use.
cargo() { # FILE: asks the stand-in for a registry, and is seen
	rm -f "$scratch/log"
	CARGO_HOME=$scratch/cargo CARGO_HTTP_CAINFO=$ca \
		CARGO_REGISTRIES_HERE_INDEX=sparse+https://localhost:$port/api/v1/ \
		LD_PRELOAD=$root/build/liborshim.so ORSHIM_LOG=$scratch/log \
		ORSHIM_HOSTS=localhost=openrouter "$1" search orshim --registry here || :
	grep -q '"library":"OpenSSL","version":"","tap":"method-table"' "$scratch/log" &&
		grep -q '"path":"/api/v1/config.json".*"status":404' "$scratch/log" &&
		"$root/build/orshim" doctor "$1"
}
for file in "${RUSTUP_HOME:-$HOME/.rustup}"/toolchains/*/bin/cargo; do
	[ ! -x "$file" ] || check "stripped OpenSSL in $("$file" --version)" cargo "$file"
done

bun=$cache/bun-linux-x64-1.4.5/bin/bun
if [ ! -x "$bun" ]; then
	skip "Bun 1.4.5: not fetched (scripts/fetch-clients.sh all)"
	finish
fi

chat() { # LOG PROGRAM...: one request with a quoted key, diagnosed
	log=$scratch/$1
	shift
	rm -f "$log"
	XDG_CACHE_HOME=$scratch/cache NODE_EXTRA_CA_CERTS=$ca LD_PRELOAD=$root/build/liborshim.so \
		ORSHIM_LOG=$log ORSHIM_HOSTS=localhost=openrouter OPENROUTER_API_KEY='"sk-or-v1-0"' \
		"$@" fetch "https://localhost:$port/api/v1" || [ $? -eq 3 ]
	grep -q '"library":"BoringSSL","version":"","tap":"method-table"' "$log" &&
		grep -q '"status":401.*"rule":"auth_token_quoted"' "$log"
}

entry() {
	set -- "$scratch/cache/orshim"/tls-*
	[ $# -eq 1 ] && [ -f "$1" ] && [ ! -L "$1" ] && [ "$(stat -c %a "$1")" = 600 ] &&
		grep -q '^orshim-find 3 1 ' "$1"
}

script=$root/tests/e2e/clients/chat.js
check "first start is diagnosed" chat log "$bun" "$script"
check "what was found is remembered, for the user only" entry
file=$(echo "$scratch/cache/orshim"/tls-*)
check "second start is diagnosed" chat log "$bun" "$script"
printf 'orshim-find 3 1 4096 4096 \n' >"$file"
check "a wrong entry is not believed" chat log "$bun" "$script"
check "and is written anew" sh -c "! grep -q 4096 '$file'"
printf '\377garbage' >"$file"
check "a damaged entry is not believed" chat log "$bun" "$script"
check "and is written anew" entry
mv "$file" "$scratch/elsewhere" && ln -s "$scratch/elsewhere" "$file"
printf 'orshim-find 2 0 0 0 \n' >"$scratch/elsewhere"
check "a link is not followed" chat log "$bun" "$script"
check "and is replaced" entry
printf 'orshim-find 2 0 0 0 \n' >"$file" && chmod 666 "$file"
check "an entry that others may write is not believed" chat log "$bun" "$script"

many() { # COUNT: connections end as such, and are not mixed
	rm -f "$scratch/log"
	many=$root/tests/e2e/bun/many
	good=$(standin_has good)
	NODE_EXTRA_CA_CERTS=$ca OPENROUTER_API_KEY=$good "$bun" "$many.js" \
		"https://localhost:$port/api/v1" "$1" >"$scratch/bare" || return 1
	NODE_EXTRA_CA_CERTS=$ca OPENROUTER_API_KEY=$good LD_PRELOAD=$root/build/liborshim.so \
		ORSHIM_LOG=$scratch/log ORSHIM_HOSTS=localhost=openrouter "$bun" "$many.js" \
		"https://localhost:$port/api/v1" "$1" >"$scratch/shimmed" || return 1
	"$many.py" "$scratch/log" "$1" "$scratch/bare" "$scratch/shimmed"
}
check "2400 short connections, each exchange whole, memory bounded" many 2400

"$bun" build --compile --outfile "$scratch/compiled" "$script" >/dev/null 2>&1
check "a compiled program is diagnosed" chat log "$scratch/compiled"
finish
