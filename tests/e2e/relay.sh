#!/bin/bash
# SPDX-License-Identifier: MIT
# tags: fast
# tags: clients -- all
# relay.sh [all]: orshim relay in front of the mock. Real clients are served through it
# and diagnosed; a stream arrives as it is sent; every way to stop it is clean. With
# "all" also clients that cannot be tapped (scripts/fetch-clients.sh all).
# shellcheck disable=SC2317 # functions that check() calls
set -u
# shellcheck source=tests/e2e/harness/cases.sh
. "$(dirname "$0")/harness/cases.sh"
export ORSHIM_HOSTS=localhost=openrouter TMPDIR=$work/tmp
mkdir "$TMPDIR"

field() { # NAME LINE: of a line of JSON
	[[ $2 =~ \"$1\":\ *\"?([^\",}]*) ]] && echo "${BASH_REMATCH[1]}"
}

# serve FD PROGRAM...: started with standard input held open at FD; its first line is $line
serve() {
	local fd=$1
	shift
	rm -f "$work/hold" "$work/ready"
	mkfifo "$work/hold" "$work/ready"
	"$@" <"$work/hold" >"$work/ready" 2>"$work/err" 3>&- 4>&- 5>&- &
	pid=$!
	started+=("$pid")
	eval "exec $fd>\"\$work/hold\""
	line=
	read -r -t 60 line <"$work/ready"
}

# relay: starts one, at $base, until descriptor 4 is closed
relay() {
	serve 4 "$orshim" relay --until-eof --ca "$ca" --upstream "https://localhost:$port" \
		--log "$work/log"
	base=$line
	relay_pid=$pid
	[[ $base == http://127.0.0.1:*/api/v1 ]]
}

ends() { # STATUS: the relay ends with it, and leaves nothing behind
	exec 4>&-
	wait "$relay_pid"
	local status=$?
	local left
	left=$(find "$TMPDIR" -mindepth 1 -maxdepth 1 -name 'orshim-[!.]*' ! -name '*.*')
	echo "status $status, left: $left"
	[ "$status" = "$1" ] && [ -z "$left" ] && ! curl -s "$base/models"
}

body='{"model":"openai/gpt-4o-mini","messages":[{"role":"user","content":"hi"}]}'
post() { # KEY CURL-OPTION...
	local key=$1
	shift
	curl -sS --max-time 30 -H "Authorization: Bearer $key" -H 'Content-Type: application/json' \
		-d "$body" "$@" "$base/chat/completions"
}

serve 3 "$root/tests/mock/openrouter.py" --compress
port=$(field port "$line") ca=$(field ca "$line") good=$(field good "$line")

relay
check "prints its base URL first" test -n "$base"
check "curl is served" sh -c "grep -q 'Hello there' <<X
$(post "$good")
X"
check "curl with --compressed is served" sh -c "grep -q 'Hello there' <<X
$(post "$good" --compressed)
X"
post "\"$good\"" >"$work/answer"
check "a refusal arrives as it is" grep -q '"No auth credentials found"' "$work/answer"
check "curl with a quoted key is diagnosed" \
	grep -q '"path":"/api/v1/chat/completions".*"status":401.*"rule":"auth_token_quoted"' "$work/log"
check "on stderr, too" grep -q 'error\[auth_token_quoted\]' "$work/err"
check "in the upstream's name" grep -q '"host":"localhost".*"status":401' "$work/log"
OPENROUTER_API_KEY=undefined /usr/bin/python3 "$root/tests/e2e/clients/chat.py" urllib "$base" \
	>"$work/answer" 2>&1
check "Python with an unset variable is diagnosed" grep -q '"rule":"auth_token_literal"' "$work/log"
check "from the variable of the tool" grep -q '"source":\["OPENROUTER_API_KEY"\]' "$work/log"
check "no key is written" sh -c "! grep -q '${good#sk-or-v1-}' '$work/log' '$work/err'"
other=${base#http://127.0.0.1:}
"$orshim" relay --port "${other%%/*}" >"$work/answer" 2>&1
check "a taken port is said in one line" test "$?.$(wc -l <"$work/answer")" = 2.1
check "with what to do" grep -q 'is taken by another program; choose another --port' "$work/answer"
check "the end of its input is its end: refusals were seen" ends 1
check "what it saw is counted" grep -q '^orshim: relay: 4 API exchanges, 2 refused' "$work/err"

for signal in TERM INT HUP; do
	relay
	post "$good" >"$work/answer"
	kill -"$signal" "$relay_pid"
	check "SIG$signal is a clean end" ends 0
done

ca=/etc/ssl/certs/ca-certificates.crt
relay
check "a certificate that is not trusted: 502" test "$(post "$good" -o /dev/null -w '%{http_code}')" = 502
check "and why" grep -q '^orshim: relay: https://localhost:[0-9]*: the server.s certificate is not trusted here: ' "$work/err"
check "without the request" sh -c "! grep -q chat/completions '$work/err'"
check "then it ends" ends 0

PATH=/nowhere "$orshim" relay --upstream http://localhost >"$work/answer" 2>&1
check "an upstream without TLS is refused" test "$?.$(wc -l <"$work/answer")" = 2.1

serve 5 "$root/tests/e2e/relay/held_stream.py"
port=$(field port "$line") ca=$(field ca "$line")
relay
mkfifo "$work/stream"
post "$good" -N >"$work/stream" 4>&- 5>&- &
exec 6<"$work/stream"
first='' rest=''
read -r -t 30 first <&6
check "the first event arrives before the second is sent" test "$first" = 'data: {"first":1}'
echo go >&5
rest=$(timeout 30 cat <&6)
check "and then the rest" grep -qF 'data: [DONE]' <<<"$rest"
exec 6<&- 5>&-
check "after a stream it ends clean" ends 0

[ "${1:-}" = all ] || finish

serve 3 "$root/tests/mock/openrouter.py"
port=$(field port "$line") ca=$(field ca "$line") good=$(field good "$line")
relay
export HOME=$work/home OPENROUTER_API_KEY="\"$good\""
mkdir -p "$HOME/.codex"

# diagnosed NAME PROGRAM...: it cannot be tapped, and its quoted key is found by the relay
diagnosed() {
	local name=$1 before
	shift
	if [ ! -x "$1" ]; then
		skip "$name: not fetched"
		return
	fi
	before=$(wc -l <"$work/log")
	"$orshim" doctor "$1" >"$work/answer"
	check "$name cannot be tapped" grep -q 'it cannot be tapped. orshim run -- ' "$work/answer"
	timeout 60 "$@" </dev/null >"$work/answer" 2>&1
	tail -n "+$((before + 1))" "$work/log" >"$work/new"
	check "$name through the relay is diagnosed" \
		grep -q '"status":401.*"rule":"auth_token_quoted"' "$work/new"
}

diagnosed deno "$cache/linux-x64-glibc-2.9.6/deno" run --allow-all \
	"$root/tests/e2e/clients/chat.js" fetch "$base"
codex=$(find "$cache/codex-0.169.0-linux-x64" -name codex -type f -perm -u+x 2>/dev/null | head -n 1)
cat >"$HOME/.codex/config.toml" <<TOML
model = "openai/gpt-4o-mini"
model_provider = "openrouter"
[model_providers.openrouter]
name = "openrouter"
base_url = "$base"
env_key = "OPENROUTER_API_KEY"
wire_api = "responses"
TOML
cd "$work" || exit 1
diagnosed codex "${codex:-/nowhere/codex}" exec --skip-git-repo-check 'say hi'
check "it ends clean after all of them" ends 1
finish
