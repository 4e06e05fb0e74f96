#!/bin/bash
# SPDX-License-Identifier: MIT
# tags: fast
# launch.sh: what `orshim run` reports about the keys in reach before the tool starts:
# one block if something is wrong, nothing otherwise, and never a value.
set -u
cd "$(dirname "$0")/../.." || exit 2
orshim=$PWD/${BUILD:-build}/orshim
. tests/e2e/harness/cases.sh
evidence=("$work/err")
declare -A says_cases=()
quiet_cases=0

a=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
b=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
mkdir -p "$work/project/.git" "$work/project/src/deep" "$work/outside/below" "$work/home"

# launch FOLDER NAME=VALUE…: the block goes to $work/err
launch() {
	local folder=$1
	shift
	(cd "$work/$folder" && env -i PATH="$PATH" HOME="$work/home" TMPDIR="$work" \
		XDG_STATE_HOME="$work/home" "$@" "$orshim" run -- true) >"$work/out" 2>"$work/err.whole"
	status=$?
	sed '/^orshim: no process/,$d' "$work/err.whole" >"$work/err"
	cat "$work/out" "$work/err.whole" >>"$work/all"
}

quiet() { # quiet NAME FOLDER NAME=VALUE…
	local name=$1
	shift
	launch "$@"
	quiet_cases=$((quiet_cases + 1))
	[ "$status" = 0 ] && [ ! -s "$work/err" ]
	verdict $? "quiet: $name"
}

says() { # says NAME RULE WORDS FOLDER NAME=VALUE…
	local name=$1 rule=$2 words=$3
	shift 3
	says_cases[$rule]=$((${says_cases[$rule]:-0} + 1))
	launch "$@"
	[ "$status" = 0 ] && grep -q "\[$rule\]" "$work/err" &&
		tr -s ' \n' ' ' <"$work/err" | grep -qF -- "$words" &&
		[ "$(grep -c '^orshim: before' "$work/err")" = 1 ]
	verdict $? "$name: $rule, '$words'"
}

dotenv() { # dotenv FOLDER FORMAT…: writes FOLDER/.env
	local folder=$1
	shift
	rm -f "$work"/project/.env "$work"/project/src/.env "$work"/outside/.env
	# shellcheck disable=SC2059 # the format is the test's
	printf "$@" >"$work/$folder/.env"
}

quiet 'no key at all' project
quiet 'a good key' project OPENROUTER_API_KEY=$a
quiet 'a local dummy of another vendor' project OPENAI_API_KEY=test ANTHROPIC_API_KEY=EMPTY
quiet 'a variable that is none of our business' project SHOP_API_KEY='"a b"' PS1='"$ "'
quiet 'the block is switched off' project OPENROUTER_API_KEY="\"$a\"" ORSHIM_TEXT=off
quiet 'the rule is switched off' project OPENROUTER_API_KEY="\"$a\"" \
	ORSHIM_RULES=key_variable_damaged=off
says 'quotes' key_variable_damaged 'OPENROUTER_API_KEY contains quotation marks' \
	project OPENROUTER_API_KEY="\"$a\""
says 'a line break' key_variable_damaged 'OPENROUTER_API_KEY contains a line break' \
	project OPENROUTER_API_KEY="$a
"
# shellcheck disable=SC1111 # as it was pasted
says 'a pasted quote' key_variable_damaged 'OPENROUTER_API_KEY contains a character that is not ASCII' \
	project OPENROUTER_API_KEY="“$a”"
# shellcheck disable=SC2016 # as it was written in a file that nobody expanded
says 'a template' key_variable_damaged 'contains an unexpanded template: ${KEY}' \
	project OPENROUTER_API_KEY='${KEY}'
says 'a placeholder' key_variable_damaged 'placeholder from documentation: your-api-key' \
	project OPENROUTER_API_KEY=your-api-key
says 'a label of the dashboard' key_variable_damaged 'contains a masked key' \
	project OPENROUTER_API_KEY=sk-or-v1-0e6...1c96
says 'undefined' key_variable_damaged 'a word like undefined or null: undefined' \
	project OPENROUTER_API_KEY=undefined

dotenv project 'OPENROUTER_API_KEY=%s\n' "$a"
quiet '.env has the same' project OPENROUTER_API_KEY=$a
quiet '.env alone' project
dotenv project 'export OPENROUTER_API_KEY = "%s" # mine\r\n' "$a"
quiet '.env has the same in quotes' project OPENROUTER_API_KEY=$a
dotenv project '# %s\nOPENROUTER_API_KEY=\nOTHER="\nOPENROUTER_API_KEY=%s\n"\n' "$b" "$b"
quiet '.env has it empty, in a comment, inside another value' project OPENROUTER_API_KEY=$a
# shellcheck disable=SC2016
dotenv project 'OPENROUTER_API_KEY=${SECRET}\n'
quiet '.env refers to another variable' project OPENROUTER_API_KEY=$a
dotenv project 'OPENROUTER_API_KEY=%s\nOPENROUTER_API_KEY=%s\n' "$b" "$a"
quiet 'the last line counts' project OPENROUTER_API_KEY=$a
dotenv project 'A=1\nexport OPENROUTER_API_KEY="%s"\n' "$b"
says '.env differs' key_shadows_dotenv "is sk-or-v1-0e6...1c96 in the environment, and ./.env line 2 has" \
	project OPENROUTER_API_KEY=$a
says '.env of the project differs' key_shadows_dotenv '../../.env line 2 has sk-or-v1-d47...ab35' \
	project/src/deep OPENROUTER_API_KEY=$a
printf 'OPENROUTER_API_KEY=%s\n' "$a" >"$work/project/src/.env"
quiet 'the nearest .env counts' project/src/deep OPENROUTER_API_KEY=$a
dotenv project 'OPENROUTER_API_KEY=“%s”\n' "$a"
says '.env has a pasted quote' key_variable_damaged 'not ASCII' project
dotenv outside 'OPENROUTER_API_KEY=%s\n' "$b"
quiet 'outside of a project no parent is read' outside/below OPENROUTER_API_KEY=$a
says 'outside of a project the folder itself is' key_shadows_dotenv './.env line 1' \
	outside OPENROUTER_API_KEY=$a
dotenv project 'A=1\n'
mkfifo "$work/project/src/.env"
quiet 'a .env that is no file' project/src OPENROUTER_API_KEY=$a
rm "$work/project/src/.env"

says 'almost the right name' key_variable_near_miss 'OPEN_ROUTER_API_KEY is set' \
	project OPEN_ROUTER_API_KEY=$a
says 'lower case' key_variable_near_miss 'openrouter_api_key is set' project openrouter_api_key=$a
quiet 'both names' project OPENROUTER_KEY=$a OPENROUTER_API_KEY=$a
dotenv project 'OPENROUTER_KEY=%s\n' "$a"
says 'almost the right name in .env' key_variable_near_miss './.env line 1' project
dotenv project 'OPENROUTER_API_KEY=%s\n' "$a"
quiet 'almost the right name, and the right one in .env' project OPENROUTER_KEY=$a

# --- a refusal is told with the place of its key: tools that we did not write, the stand-in OpenRouter
standin
good=$(standin_has good)
secret=${good#sk-or-v1-}
evidence=("$work/out" "$work/err")
p=$work/told
url=https://localhost:$port/api/v1/chat/completions
body='{"model":"openai/gpt-4o-mini","messages":[{"role":"user","content":"hi"}]}'
mkdir -p "$p" "$work/home/.continue" "$work/home/.codex"
cat >"$p/agent.py" <<'END'
# Reads .env as `docker --env-file` does: what comes after the = is the value.
import json, os, sys
import requests
for line in open(".env"):
    name, value = line.rstrip("\n").split("=", 1)
    os.environ.setdefault(name, value)
answer = requests.post(sys.argv[1], data=sys.argv[2], headers={
    "Authorization": "Bearer " + os.environ["OPENROUTER_API_KEY"], "Content-Type": "application/json"})
print(answer.status_code)
END
cat >"$p/agent.mjs" <<'END'
// A key of its own settings before the one of the environment.
import { readFileSync } from 'node:fs'
const settings = JSON.parse(readFileSync(process.env.HOME + '/.codex/auth.json'))
const answer = await fetch(process.argv[2], { method: 'POST', body: process.argv[3],
  headers: { authorization: `Bearer ${settings.OPENROUTER_API_KEY}`, 'content-type': 'application/json' } })
console.log(answer.status)
END

tell() { # tell NAME=VALUE… -- TOOL ARGS…: in $p; what is said goes to $work/err, live, and then the report's
	local variables=()
	while [ "$1" != -- ]; do
		variables+=("$1")
		shift
	done
	shift
	(cd "$p" && env -i PATH="$PATH" HOME="$work/home" TMPDIR="$work" XDG_STATE_HOME="$work/state" \
		ORSHIM_HOSTS="localhost:$port=openrouter" ORSHIM_TEXT="$work/live" SSL_CERT_FILE="$ca" REQUESTS_CA_BUNDLE="$ca" \
		CURL_CA_BUNDLE="$ca" NODE_EXTRA_CA_CERTS="$ca" ${variables[@]+"${variables[@]}"} \
		"$orshim" run -- "$@") >"$work/out" 2>"$work/err.run" </dev/null
	log=$(find "$work/state/orshim/runs" -name log | sort | tail -n 1)
	for form in '' --json --markdown; do
		# shellcheck disable=SC2086 # no form is no word
		XDG_STATE_HOME=$work/state "$orshim" report $form >"$work/report$form" 2>&1
	done
	XDG_STATE_HOME=$work/state "$orshim" report --html "$work/report--html" >>"$work/out" 2>&1
	XDG_STATE_HOME=$work/state "$orshim" report '#1' >"$work/report-1" 2>&1
	cat "$work/live" "$work/err.run" "$log" "$work"/report* >>"$work/all"
	cat "$work/live" "$work/report" >"$work/err"
}

told() { # told NAME WORDS [FILE…]: words, in spite of line breaks, in the live text and all reports, or in those FILEs
	local name=$1 words=$2 file missing=
	shift 2
	[ $# -gt 0 ] || set -- live report report--json report--markdown report--html report-1
	for file; do
		tr -s ' \n' ' ' <"$work/$file" | sed 's/&#39;/'"'"'/g' | grep -qF -- "$words" || missing="$missing $file"
	done
	[ -z "$missing" ]
	verdict $? "$name: '$words'${missing:+, missing in$missing}"
}

printf 'A=1\nOPENROUTER_API_KEY="%s"\n' "$good" >"$p/.env"
rm -f "$work/live"
tell -- python3 agent.py "$url" "$body"
told 'CPython and requests, quoted in .env' './.env line 2 (the quotation marks are in the file)'
told 'CPython and requests, quoted in .env' 'auth_token_quoted' live report

printf 'OPENROUTER_API_KEY=%s\nOPENROUTER_BASE_URL=https://localhost:%s/api/v1\n' "$a" "$port" >"$p/.env"
rm -f "$work/live"
tell -- python3 agent.py "$url" "$body"
told 'CPython, a base URL in .env' 'base URL: environment variable OPENROUTER_BASE_URL' live report
told 'CPython, a base URL in .env' '- base URL: `environment variable OPENROUTER_BASE_URL' report--markdown
told 'CPython, a base URL in .env' './.env line 2'
(XDG_STATE_HOME=$work/state "$orshim" diff "$log#1" "$(find "$work/state/orshim/runs" -name log | sort | head -n 1)#1") >"$work/out" 2>&1
grep -q 'place that the key came from' "$work/out"
verdict $? 'orshim diff compares the places of two keys'

printf 'OPENROUTER_API_KEY=%s\n' "$good" >"$p/.env"
printf '# old\nexport OPENROUTER_API_KEY="%s"\n' "$a" >"$work/home/.bashrc"
rm -f "$work/live"
# shellcheck disable=SC2016 # the inner shell expands it
tell OPENROUTER_API_KEY="$a" -- sh -c 'curl -sS --http1.1 -H "Authorization: Bearer $OPENROUTER_API_KEY" \
	-H "Content-Type: application/json" -d "$1" "$0"' "$url" "$body"
# shellcheck disable=SC2088 # as it is written in the report
told 'curl, an old key of a shell start file' '~/.bashrc line 2'
told 'curl, an old key of a shell start file' 'key_shadows_dotenv' live report report--json report--markdown report--html
told 'curl, an old key of a shell start file' './.env line 1 has another one' live report report--json report--markdown
told 'curl, an old key of a shell start file' 'this is the key that request 1 sent' report report--markdown report--html
told 'curl, an old key of a shell start file' '"refused":"1"' report--json

rm -f "$work/live" "$p/.env" "$work/home/.bashrc"
printf '{\n  "OPENROUTER_API_KEY": "%s"\n}\n' "$b" >"$work/home/.codex/auth.json"
tell OPENROUTER_API_KEY="$good" -- node agent.mjs "$url" "$body"
# shellcheck disable=SC2088
told 'Node, a key of the settings of a tool' '~/.codex/auth.json line 2'
told 'Node, a key of the settings of a tool' 'key_differs_from_variable' live report report--json report--markdown report--html
(cd "$p" && XDG_STATE_HOME=$work/state OPENROUTER_API_KEY=$good "$orshim" curl '#1') >"$work/out" 2>"$work/err"
grep -q 'has another key here; set it to the key that was sent (sk-or-v1-d47...ab35' "$work/err" &&
	! grep -q "$secret" "$work/out" "$work/err"
verdict $? 'orshim curl says that the variable holds another key than the one that was sent'
(cd "$p" && XDG_STATE_HOME=$work/state OPENROUTER_API_KEY=$b "$orshim" curl '#1') >"$work/out" 2>"$work/err"
! grep -q 'another key' "$work/err"
verdict $? 'orshim curl says nothing of the kind where it is the same'

rm -f "$work/live"
tell OPENROUTER_API_KEY="$good" -- curl -sS --http1.1 -d "$body" -H 'Content-Type: application/json' "$url"
told 'curl, no header' 'OPENROUTER_API_KEY is set and has a well-formed key; no key was sent' live
told 'curl, no header' 'The variable for this host' live report
rm -f "$work/live"
tell OPENROUTER_API_KEY="$good " -- curl -sS --http1.1 -d "$body" -H 'Content-Type: application/json' "$url"
told 'curl, no header, a damaged variable' 'Set OPENROUTER_API_KEY again to the key alone: now it contains a space' live
told 'curl, no header, a damaged variable' '(request 1 was sent without a key)' report report--markdown report--html

# --- the launch record, and what is passed over
record() { # record: the newest run's launch record
	head -n 1 "$(find "$work/state/orshim/runs" -name log | sort | tail -n 1)"
}
printf 'OPENROUTER_API_KEY=%s\n' "$good" >"$p/.env"
mkfifo "$work/home/.zshrc"
truncate -s 1048577 "$work/home/.profile"
mkdir "$work/home/.netrc"
mkdir -p "$work/home/.config/fish/conf.d"
for i in $(seq 80); do echo "set -gx N$i 1" >"$work/home/.config/fish/conf.d/$i.fish"; done
tell OPENROUTER_API_KEY="$a" -- sh -c 'exit 7' --api-key "$good"
record >"$work/record"
python3 - "$work/record" "$p" >"$work/out" 2>&1 <<'END'
import json, os, sys
record = json.loads(open(sys.argv[1]).read())
assert list(record)[:8] == ["v", "record", "ts", "pid", "command", "cwd", "findings", "sources"], list(record)
assert (record["v"], record["record"]) == (1, "launch")
assert record["command"] == "sh -c exit 7 --api-key <withheld>", record["command"]
assert record["cwd"] == os.path.realpath(sys.argv[2])
assert [f["rule"] for f in record["findings"]] == ["key_shadows_dotenv"], record["findings"]
kinds = {(s["kind"], s["variable"], s["file"], s["line"]) for s in record["sources"]}
assert ("environment", "OPENROUTER_API_KEY", None, None) in kinds, kinds
assert ("dotenv", "OPENROUTER_API_KEY", "./.env", 1) in kinds, kinds
assert ("tool", "OPENROUTER_API_KEY", "~/.codex/auth.json", 2) in kinds, kinds
assert all(s["fingerprint"].startswith("sha256:") and len(s["fingerprint"]) == 19 for s in record["sources"])
shadow = record["findings"][0]
assert (shadow["file"], shadow["line"]) == ("./.env", 1), shadow
skipped = record["skipped"]
assert skipped["too_large"] == 1 and skipped["no_files"] == 2 and skipped["too_many"] >= 16, skipped
END
verdict $? 'the launch record, and what was passed over is counted'
(cd "$p" && env -i PATH="$PATH" HOME="$work/home" XDG_STATE_HOME="$work/state" "$orshim" run -- sh -c 'exit 7') >"$work/out" 2>&1
[ $? = 7 ]
verdict $? 'the tool has its own exit status'
rm -rf "$work/home/.zshrc" "$work/home/.profile" "$work/home/.netrc" "$work/home/.config"

# --- what `orshim check` finds is in the run's log and in each report, with its place
printf 'A=1\n\nOPENROUTER_API_KEY=%s\r\n' "$good" >"$p/.env"
printf 'export OPENROUTER_API_KEY=%s\n' "$b" >"$work/home/.bashrc"
: >"$work/live"
tell ORSHIM_TEXT=stderr OPENROUTER_API_KEY="$good" -- true
told 'Windows line ends' 'ends in a carriage return for a shell that reads ./.env line 3' report report--json report--markdown report--html
# shellcheck disable=SC2088 # as it is written in the report
told 'a start file with another key' 'in the environment, and sk-or-v1-d47...ab35 in ~/.bashrc line 1' report report--json report--markdown
! grep -q 'carriage return\|bashrc' "$work/err.run"
verdict $? 'what may have no part in the run is not said before it'
XDG_STATE_HOME=$work/state "$orshim" report --sarif - >"$work/sarif" 2>"$work/out"
XDG_STATE_HOME=$work/state GITHUB_ACTIONS=true "$orshim" report >"$work/out" 2>"$work/annotations"
python3 - "$work/sarif" "$work/annotations" >"$work/out" 2>&1 <<'END'
import json, sys
results = json.loads(open(sys.argv[1]).read())["runs"][0]["results"]
places = {(r["ruleId"], l["physicalLocation"]["artifactLocation"]["uri"], l["physicalLocation"]["region"]["startLine"])
          for r in results for l in r["locations"]}
assert places == {("key_variable_damaged", ".env", 3), ("key_shadows_dotenv", "~/.bashrc", 1)}, places
said = open(sys.argv[2]).read()
assert "title=key_variable_damaged,file=.env,line=3::" in said, said
END
verdict $? 'SARIF and annotations point at the line with the value'
printf 'OPENROUTER_API_KEY="%s"\n' "$a" >"$p/.env"
tell ORSHIM_TEXT=stderr OPENROUTER_API_KEY="\"$a\"" -- true
XDG_STATE_HOME=$work/state "$orshim" report --sarif - >"$work/out" 2>&1
grep -q '"uri":".env"},"region":{"startLine":1}' "$work/out"
verdict $? 'SARIF points at .env for a variable whose value is written there'
rm -f "$work/home/.bashrc"
tell ORSHIM_TEXT=stderr OPENROUTER_API_KEY="${good%????????}" -- true
told 'a key that is cut' 'OPENROUTER_API_KEY is not a whole key of OpenRouter' report report--json
grep -q 'not a whole key of OpenRouter' "$work/err.run"
verdict $? 'a key of the environment that is cut is said before the start'
printf 'OPENROUTER_API_KEY=%s\n' "$good" >"$p/.env"

# --- the tool's descriptors are its own
cat >"$p/descriptors.py" <<'END'
import os, sys
os.closerange(3, 256)  # as subprocess and daemons do
print(sorted(int(n) for n in os.listdir("/proc/self/fd")), file=open(sys.argv[1], "w"))
import subprocess
subprocess.run([sys.executable, "agent.py", *sys.argv[2:]], close_fds=True)
END
(cd "$p" && python3 descriptors.py "$work/bare" "$url" "$body" >/dev/null 2>&1 </dev/null)
printf 'OPENROUTER_API_KEY="%s"\n' "$good" >"$p/.env"
rm -f "$work/live"
tell -- python3 descriptors.py "$work/seen" "$url" "$body"
cmp "$work/bare" "$work/seen" >"$work/out"
verdict $? 'no descriptor of ours in the tool'
told 'a child of a tool that closes all descriptors' './.env line 1 (the quotation marks are in the file)' live report
# shellcheck disable=SC2012 # the names are numbers
(cd "$p" && ls -l /proc/self/fd | wc -l) >"$work/bare" 2>/dev/null
(cd "$p" && env XDG_STATE_HOME="$work/state" "$orshim" run -- ls -l /proc/self/fd 2>/dev/null | wc -l) >"$work/seen"
cmp "$work/bare" "$work/seen" >"$work/out"
verdict $? 'a tool has as many descriptors as bare'
! grep -qF "$secret" "$work/all"
verdict $? 'no key of the stand-in was written'

# --- for a script: the status, and one line
ends() { # ends STATUS NAME OPTIONS… -- TOOL ARGS…
	local want=$1 name=$2
	shift 2
	(cd "$p" && env XDG_STATE_HOME="$work/state" "$orshim" run "$@") >"$work/out" 2>"$work/err"
	[ $? = "$want" ]
	verdict $? "$name: ends with $want"
}
call() { # the arguments of a real tool that sends KEY
	printf '%s\n' -sS -k -o /dev/null -H "Authorization: Bearer $1" -H 'Content-Type: application/json' -d "$body" "$url"
}
mapfile -t bad_call < <(call "\"$good\"")
mapfile -t good_call < <(call "$good")
ends 0 'a refusal, and curl ended well' -- curl "${bad_call[@]}"
ends 1 '--fail-on error and a refusal' --fail-on error -- curl "${bad_call[@]}"
ends 0 '--fail-on error and a good request' --fail-on error -- curl "${good_call[@]}"
ends 3 '--fail-on error and nothing seen' --fail-on error -- true
ends 5 '--fail-on error and a tool that failed' --fail-on error -- sh -c 'exit 5'
ends 2 '--fail-on with a word that is no level' --fail-on loud -- true
grep -q 'takes error or warning' "$work/err"
verdict $? 'what --fail-on takes is said'
ends 1 '--quiet and a refusal' --quiet --fail-on=error -- curl "${bad_call[@]}"
[ "$(wc -l <"$work/err")" = 1 ] && grep -q '1 refused: auth_token_quoted' "$work/err"
verdict $? '--quiet says one line'

# Programs that start the tool elsewhere: one line with the way there, and the same status.
elsewhere() { # STATUS LINES WORDS PROGRAM...
	local status=$1 lines=$2 words=$3
	shift 3
	"$orshim" run -- "$@" >"$work/out" 2>"$work/err"
	[ $? = "$status" ] && [ "$(grep -c '^orshim: run: the tool runs ' "$work/err")" = "$lines" ] &&
		grep -qF -- "$words" "$work/err"
	verdict $? "${1##*/} ${2:-}: $lines line about where the tool runs"
}
mkdir "$work/elsewhere"
for name in docker docker-compose flatpak kubectl; do
	printf '#!/bin/sh\nexit 6\n' >"$work/elsewhere/$name"
	chmod 755 "$work/elsewhere/$name"
done
docker=$work/elsewhere/docker
elsewhere 6 1 ':/usr/local/lib/liborshim.so:ro' "$docker" run --rm image claude
elsewhere 6 1 'IMAGE orshim run -- TOOL' "$docker" exec -it box codex
elsewhere 6 1 'give the service the volumes' "$docker" compose run agent
elsewhere 6 1 'give the service the volumes' "$work/elsewhere/docker-compose" up
elsewhere 6 1 '--command=' "$work/elsewhere/flatpak" run dev.zed.Zed
elsewhere 6 1 'have kubectl start FOLDER/orshim run -- TOOL' "$work/elsewhere/kubectl" exec -it pod -- claude
elsewhere 6 0 '' "$work/elsewhere/kubectl" get pods
elsewhere 6 0 '' "$docker" ps
elsewhere 6 0 '' "$work/elsewhere/flatpak" list
elsewhere 255 1 'ssh HOST FOLDER/orshim run' ssh -oProxyCommand=false -oBatchMode=yes nowhere claude

for rule in key_variable_damaged key_shadows_dotenv key_variable_near_miss; do
	[ "${says_cases[$rule]:-0}" -ge 3 ] && [ "$quiet_cases" -ge 3 ]
	verdict $? "$rule: at least three cases of each kind"
done
! grep -qE "${a#sk-or-v1-}|${b#sk-or-v1-}" "$work/all"
verdict $? 'no key was written'
finish
