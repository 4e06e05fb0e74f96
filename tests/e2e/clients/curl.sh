# SPDX-License-Identifier: MIT
# curl.sh CA BASE OPTION…: one chat request by curl, with the settings of chat.py.
ca=$1 base=$2
shift 2
body='{"model":"'${MODEL:-openai/gpt-4o-mini}'","messages":[{"role":"user","content":"Say hello"}]'
[ -z "${STREAM:-}" ] || body=$body',"stream":true'
[ -n "${NO_AUTH:-}" ] || set -- "$@" -H "Authorization: Bearer ${OPENROUTER_API_KEY-null}"
exec curl -sS --max-time 30 "$@" --cacert "$ca" -H 'Content-Type: application/json' \
	-d "$body}" "$base/chat/completions"
