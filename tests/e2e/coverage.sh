#!/bin/bash
# SPDX-License-Identifier: MIT
# tags: fast
# coverage.sh: a program that connects to an API and whose TLS library cannot be tapped gets
# a log record with the reason, once. A tapped program, or one that connects elsewhere, gets none.
# shellcheck disable=SC2317 # functions that check() calls
set -u
# shellcheck source=tests/e2e/harness/cases.sh
. "$(dirname "$0")/harness/cases.sh"
evidence+=("$work/log")
export ORSHIM_LOG=$work/log

standin
export ORSHIM_HOSTS=localhost:$port=openrouter

shimmed() { # PROGRAM...: runs it under the shim with an empty log
	: >"$work/log"
	LD_PRELOAD=$root/${BUILD:-build}/liborshim.so "$@" </dev/null >"$work/answer" 2>&1
}

once() { # REGEX: the log is one line, which holds it
	[ "$(wc -l <"$work/log")" = 1 ] && grep -q "$1" "$work/log"
}

silent() { [ ! -s "$work/log" ]; }

none='"record":"process".*"tap":"none"'
url=https://localhost:$port/api/v1/models
if ldd "$(command -v wget)" 2>/dev/null | grep -q libgnutls; then
	shimmed wget -q -O - --ca-certificate="$ca" "$url"
	check "wget is served" grep -q gpt-4o "$work/answer"
	check "GnuTLS in wget is tapped" grep -q '"library":"GnuTLS","version":"[0-9.]*","tap":"interposed"' "$work/log"
else
	skip "wget: not here, or not with GnuTLS"
fi

deno=$cache/linux-x64-glibc-2.9.6/deno
if [ -x "$deno" ]; then
	export DENO_DIR=$work/deno DENO_NO_UPDATE_CHECK=1
	shimmed env DENO_CERT="$ca" "$deno" run --allow-all "$root/tests/e2e/clients/chat.js" fetch \
		"https://localhost:$port/api/v1"
	check "deno is refused" grep -q 401 "$work/answer"
	check "rustls in deno is said once" once "$none"
else
	skip "deno: not fetched"
fi

shimmed curl -s --cacert "$ca" "$url"
check "curl is tapped, so nothing of the kind" sh -c "! grep -q '$none' '$work/log'"
shimmed /usr/bin/python3 -c 'import socket, sys
socket.create_connection(("127.0.0.1", int(sys.argv[1]))).close()' "$port"
check "a connection by a program without TLS is said, too" once "$none"
shimmed sh -c 'true; ls / | cat'
check "helpers are silent" silent
finish
