#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# tags: fast
# demo.sh: real tools fail against a stand-in OpenRouter on loopback, each for
# another reason that its own message hides; the shim says which. Ends by itself,
# leaves nothing running; exit status 0 if every diagnosis was the right one.
set -euo pipefail
cd "$(dirname "$0")/.."

library=$PWD/build/liborshim.so
scratch=$(mktemp -d "${TMPDIR:-/tmp}/orshim-demo.XXXXXX")
standin=""
finish() {
	[ -z "$standin" ] || kill "$standin" 2>/dev/null || true
	wait 2>/dev/null || true
	rm -rf "$scratch"
}
trap finish EXIT

if [ -t 1 ] && [ -z "${NO_COLOR:-}" ]; then
	bold=$'\e[1m' dim=$'\e[2m' red=$'\e[31m' green=$'\e[32m' plain=$'\e[0m'
else
	bold="" dim="" red="" green="" plain=""
fi

if ! getent hosts localhost >/dev/null; then
	echo "demo: the name localhost is not known here; /etc/hosts needs the line: 127.0.0.1 localhost" >&2
	exit 1
fi
coproc STANDIN { exec /usr/bin/python3 tests/mock/openrouter.py; }
# shellcheck disable=SC2153 # set by coproc
standin=$STANDIN_PID
if ! read -r -u "${STANDIN[0]}" ready; then
	echo "demo: the stand-in OpenRouter did not start" >&2
	exit 1
fi
said() { sed -n "s/.*\"$1\": \"\{0,1\}\([^\",]*\).*/\1/p" <<<"$ready"; }
port=$(said port) ca=$(said ca)
good=$(said good) unknown=$(said unknown) byok=$(said byok)
base=https://localhost:$port/api/v1
# Another vendor's shape, made up: 48 characters that no account ever had.
openai=sk-proj-$(printf 'orshim demo' | openssl dgst -sha384 -r | cut -c1-48)

number=0 right=0
# scene TITLE CAUSE… -- NAME=VALUE… -- COMMAND…: run COMMAND under the shim; the
# log must name each CAUSE, and nothing else. No CAUSE: nothing may be said.
scene() {
	local title=$1 wanted="" found="" settings=()
	shift
	while [ "$1" != -- ]; do
		wanted="$wanted$1 "
		shift
	done
	shift
	while [ "$1" != -- ]; do
		settings+=("$1")
		shift
	done
	shift
	number=$((number + 1))
	printf '\n%s%d. %s%s\n' "$bold" "$number" "$title" "$plain"
	rm -f "$scratch/log" "$scratch/text"
	printf '%sthe tool says:%s\n' "$dim" "$plain"
	env -u OPENAI_API_KEY -u OPENROUTER_API_KEY -u ANTHROPIC_API_KEY SSL_CERT_FILE="$ca" \
		CURL_CA_BUNDLE="$ca" NODE_EXTRA_CA_CERTS="$ca" "${settings[@]}" LD_PRELOAD="$library" \
		ORSHIM_HOSTS="localhost:$port=openrouter" ORSHIM_LOG="$scratch/log" \
		ORSHIM_TEXT="$scratch/text" "$@" 2>&1 | sed '/^$/d; s/^/    /; s/  *$//' | cut -c1-110 || true
	printf '%sorshim says:%s\n' "$dim" "$plain"
	if [ -s "$scratch/text" ]; then
		sed 's/^/    /' "$scratch/text"
	else
		printf '    (nothing)\n'
	fi
	found=$(sed -n 's/.*"record":"exchange".*"cause":"\([a-z_]*\)".*/\1/p' "$scratch/log" 2>/dev/null |
		awk '!seen[$0]++' | tr '\n' ' ') || true
	if ! grep -q '"record":"exchange"' "$scratch/log" 2>/dev/null; then
		printf '%swrong: the shim saw no exchange%s\n' "$red" "$plain"
	elif [ "$found" = "$wanted" ]; then
		right=$((right + 1))
		printf '%sright%s\n' "$green" "$plain"
	else
		printf '%swrong: expected %s, found %s%s\n' "$red" "${wanted:-no cause}" "${found:-none}" "$plain"
	fi
}

body='{"model":"openai/gpt-4o-mini","messages":[{"role":"user","content":"Say hello"}]}'
# shellcheck disable=SC2016 # the inner shell expands them
ask='curl -sS -H "Authorization: Bearer $OPENROUTER_API_KEY" -H "Content-Type: application/json" -d "$0" "$1"'

printf 'A stand-in OpenRouter listens on localhost:%s. Every tool below runs with\n' "$port"
printf 'LD_PRELOAD=build/liborshim.so and is otherwise as it is.\n'

# docker run --env-file keeps quotation marks; so does env.
printf 'OPENROUTER_API_KEY="%s"\n' "$good" >"$scratch/env"
scene 'curl in a container: the key came from docker --env-file' auth_token_quoted \
	-- "$(cat "$scratch/env")" -- sh -c "$ask" "$body" "$base/chat/completions"

if command -v node >/dev/null; then
	scene 'Node: a template literal, and a variable that nobody set' auth_token_literal \
		-- TERM=dumb -- node tests/e2e/clients/chat.js https "$base"
else
	scene 'Python: an f-string, and a variable that nobody set' auth_token_literal \
		-- TERM=dumb -- /usr/bin/python3 tests/e2e/clients/chat.py urllib "$base"
fi

scene 'An agent in Python: OPENAI_API_KEY is set as well, and wins' key_wrong_vendor \
	-- "OPENAI_API_KEY=$openai" "OPENROUTER_API_KEY=$good" -- /usr/bin/python3 tests/mock/agent.py "$base"

scene 'The same agent: the base URL lacks /api' path_missing_api \
	-- "OPENROUTER_API_KEY=$good" -- /usr/bin/python3 tests/mock/agent.py "${base%/api/v1}/v1"

scene 'A pool of two keys, and "it randomly alternates"' upstream_refused_credentials key_unknown \
	-- "OPENROUTER_API_KEYS=$byok $unknown" -- /usr/bin/python3 tests/mock/agent.py "$base"

scene 'The agent with a good key' \
	-- "OPENROUTER_API_KEY=$good" -- /usr/bin/python3 tests/mock/agent.py "$base"

printf '\n%d of %d diagnoses were right. Your own tool: build/orshim run -- TOOL\n' "$right" "$number"
[ "$right" = "$number" ]
