#!/bin/sh
# SPDX-License-Identifier: MIT
# curl.sh BASE OPTION…: correct requests as people send them with curl. Prints a line
# for each. The CA comes from CURL_CA_BUNDLE.
set -eu
base=$1
shift
hello='{"model":"openai/gpt-4o-mini","messages":[{"role":"user","content":"Say hello"}]}'
type='Content-Type: application/json'
streamed='{"model":"openai/gpt-4o-mini","stream":true,"messages":[{"role":"user","content":"Say hello"}]}'
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT

# one NAME STATUS OPTION…: a request that must be answered with STATUS
one() {
	name=$1 wanted=$2
	shift 2
	got=$(curl -sS --max-time 20 -o "$scratch/answer" -w '%{http_code}' "$@")
	if [ "$got" != "$wanted" ]; then
		echo "$name: $got, expected $wanted: $(head -c 200 "$scratch/answer")" >&2
		exit 1
	fi
	echo "$name"
}

printf '%s\n' "$hello" >"$scratch/hello.json"
{
	printf '{"model":"openai/gpt-4o-mini","messages":[{"role":"user","content":"'
	head -c 5000000 /dev/zero | tr '\0' x
	printf '"}]}'
} >"$scratch/large.json"
set -- "$@" -H "Authorization: Bearer $KEY"
one 'chat' 200 "$@" -H 'Content-Type: application/json' -d "$hello" "$base/chat/completions"
one 'chat, a file' 200 "$@" -H "$type" --data-binary "@$scratch/hello.json" "$base/chat/completions"
one 'chat, compressed answer' 200 "$@" --compressed -H "$type" --data-binary "$hello" "$base/chat/completions"
one 'chat, chunked' 200 "$@" -H 'Content-Type: application/json' -H 'Transfer-Encoding: chunked' \
	-d "$hello" "$base/chat/completions"
one 'stream' 200 "$@" -N -H "$type" --data-binary "$streamed" "$base/chat/completions"
one '5 MB' 200 "$@" -H "$type" --data-binary "@$scratch/large.json" "$base/chat/completions"
one '5 MB, asks first' 200 "$@" -H 'Expect: 100-continue' -H "$type" --data-binary "@$scratch/large.json" \
	"$base/chat/completions"
one 'redirect' 200 "$@" -L -H "$type" --data-binary "$hello" "$base/moved/chat/completions"
one 'upload' 200 "$@" -F purpose=user_data -F "file=@$scratch/hello.json" "$base/files"
one 'key' 200 "$@" "$base/key"
one 'models' 200 "$@" "$base/models"
one 'models, HEAD' 200 "$@" -I "$base/models"
one 'models without key' 200 "$base/models"
one 'OPTIONS' 204 -X OPTIONS -H 'Origin: https://example.com' \
	-H 'Access-Control-Request-Method: POST' "$base/chat/completions"
one 'delete' 204 "$@" -X DELETE "$base/files/file-standin"
one 'tried again' 200 "$@" --retry 2 --retry-delay 1 \
	-H "$type" --data-binary '{"model":"trouble/once","messages":[{"role":"user","content":"hi"}]}' \
	"$base/chat/completions"
# Two on one connection.
one 'kept alive' 200 "$@" "$base/key" -o /dev/null -: -sS -o "$scratch/answer" \
	-w '' "$@" "$base/key"
