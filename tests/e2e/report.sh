#!/bin/bash
# SPDX-License-Identifier: MIT
# tags: fast
# report.sh: reports of real runs against the mock OpenRouter, and of torn or hostile
# logs, and the related commands: runs, rerun, diff, baseline, curl, watch. No test
# key in any byte of output.
set -u
cd "$(dirname "$0")/../.." || exit 2
build=$PWD/${BUILD:-build}
orshim=$build/orshim
. tests/e2e/harness/cases.sh

says() { # says NAME FILE WORDS
	grep -qF -- "$3" "$work/$2"
	verdict $? "$1: '$3' in $2"
}

misuse "report without a run" 2 "no run is kept" "$orshim" report
misuse "rerun without a run" 2 "no run is kept" "$orshim" rerun
misuse "diff without a run" 2 "is kept" "$orshim" diff last-good last-bad
misuse "watch without a run" 2 "no run is kept" "$orshim" watch
run "runs without a run" 0 "$orshim" runs
misuse "report of a missing file" 2 "/nonexistent" "$orshim" report /nonexistent
misuse "report of a folder" 2 "folder" "$orshim" report "$work"
misuse "watch of a folder" 2 "folder" "$orshim" watch "$work"
misuse "report of another file" 2 "line 1 is not JSON" "$orshim" report README.md
misuse "report with an unknown option" 2 "--frob" "$orshim" report --frob
misuse "report --html without a value" 2 "--html" "$orshim" report --html
misuse "baseline without a key" 2 "OPENROUTER_API_KEY is not set" "$orshim" baseline
misuse "baseline with a line break" 2 "line break" env OPENROUTER_API_KEY=$'x\n' "$orshim" baseline
misuse "diff of one" 2 "two exchanges" "$orshim" diff x.log#1
misuse "curl of nothing" 2 "which exchange" "$orshim" curl

# --- what lies in a kept run's place is not what a run leaves
kept() { # one run, its folder in $kept
	rm -rf "$work/state/orshim/runs"
	"$orshim" run -- true >"$work/out" 2>"$work/err"
	kept=$(echo "$work"/state/orshim/runs/*)
}
unusable() { # NAME WORDS: the newest run cannot be repeated, its log can be read; nothing hangs
	misuse "rerun, $1" 2 "$2" timeout 20 "$orshim" rerun
	run "runs, $1" 0 timeout 20 "$orshim" runs
	says "runs, $1" err "is left out: "
	run "report, $1" 3 timeout 20 "$orshim" report
}
kept
rm "$kept/log" "$kept/run.json"
mkfifo "$kept/log" "$kept/run.json"
misuse "rerun, both files FIFOs" 2 "not a regular file" timeout 20 "$orshim" rerun
run "runs, both files FIFOs" 0 timeout 20 "$orshim" runs
misuse "report, both files FIFOs" 2 "no API request was seen" timeout 20 "$orshim" report
misuse "watch, the log a FIFO" 2 "not a regular file" timeout 20 "$orshim" watch
misuse "export, the log a FIFO" 2 "no run is kept" timeout 20 "$orshim" export --flat
misuse "diff, the log a FIFO" 2 "is kept" timeout 20 "$orshim" diff last-good last-bad
misuse "run into a FIFO" 2 "nobody reads this pipe" timeout 20 "$orshim" run --log "$kept/log" -- true
misuse "run into a device" 2 "orshim: run: the log /dev/null is not a regular file; the report is made from the log" "$orshim" run --log /dev/null -- true
misuse "relay into a FIFO" 2 "orshim: relay: the log $kept/log is not a regular file; the report is made from the log" timeout 20 "$orshim" relay --log "$kept/log"
kept
ln -sf /dev/zero "$kept/run.json"
unusable "run.json a link to a device" "symbolic link"
while read -r name words text; do
	kept
	printf '%s\n' "$text" >"$kept/run.json"
	unusable "$name" "${words//_/ }"
done <<'END'
version another_version {"v":2,"argv":["true"]}
no-version another_version {"argv":["true"]}
no-command no_command {"v":1,"argv":[]}
number not_a_text {"v":1,"argv":["true",7]}
NUL a_NUL {"v":1,"argv":["true","a\u0000b"]}
torn not_JSON {"v":1,"argv":["tr
END
kept
truncate -s 5M "$kept/run.json"
unusable "a large run.json" "longer than 4 MiB"
kept
chmod 777 "$kept"
misuse "rerun from a folder of everybody" 2 "another user may have written" "$orshim" rerun
kept
chmod 777 "$work/state/orshim/runs"
misuse "rerun from below a folder of everybody" 2 "another user may have written" "$orshim" rerun
if [ "$(id -u)" = 0 ]; then
	kept
	chown 65534 "$kept"
	misuse "rerun of another user's run" 2 "another user may have written" "$orshim" rerun
fi
kept
printf '%s\n' '{"v":1,"argv":["echo","a\\u0000b"],"cwd":"/"}' >"$kept/run.json"
run "rerun of an argument that names the escape" 2 "$orshim" rerun
says "rerun of an argument that names the escape" out '\u0000'
rm -rf "$work/state/orshim/runs"
"$orshim" run -- true $'caf\xe9' >"$work/out" 2>"$work/err"
misuse "rerun of an argument that is not UTF-8" 2 "not UTF-8" "$orshim" rerun
run "runs, an argument that is not UTF-8" 0 "$orshim" runs
says "runs, an argument that is not UTF-8" out "true caf"
rm -rf "$work/state/orshim/runs"

standin
good=$(standin_has good)
secret=${good#sk-or-v1-}
base=https://localhost:$port/api/v1
export CURL_CA_BUNDLE ORSHIM_HOSTS
CURL_CA_BUNDLE=$ca
ORSHIM_HOSTS=localhost:$port=openrouter
# shellcheck disable=SC2016 # the inner shell expands it
ask='curl -sS --http1.1 -H "Authorization: Bearer $OPENROUTER_API_KEY" -d "{\"model\":\"openai/gpt-4o-mini\",\"messages\":[{\"role\":\"user\",\"content\":\"hi\"}]}" -H "Content-Type: application/json" "$0"'

# --- a run, its report, the same run again
quoted="\"$good\""
run "run of curl with a quoted key" 0 env OPENROUTER_API_KEY="$quoted" "$orshim" run -- sh -c "$ask" "$base/chat/completions"
says "run of curl with a quoted key" err "error[auth_token_quoted]"
says "run of curl with a quoted key" err "what to try next"
[ "$(stat -c %a "$work"/state/orshim/runs/*/log "$work"/state/orshim/runs/*/run.json | sort -u)" = 600 ] &&
	[ "$(stat -c %a "$work"/state/orshim "$work"/state/orshim/runs "$work"/state/orshim/runs/* | sort -u)" = 700 ]
verdict $? "a kept run is its owner's alone"
log=$work/quoted.log
cp "$work"/state/orshim/runs/*/log "$log"
run "report of the newest run" 1 "$orshim" report
says "report of the newest run" out "orshim: the request was refused: the key is sent with its quotation marks [auth_token_quoted]"
says "report of the newest run" out '                            ^                   ^'
says "report of the newest run" out "observed through"
says "report of the newest run" out "from: environment variable OPENROUTER_API_KEY"
run "report '#1'" 1 "$orshim" report '#1'
says "report '#1'" out "> Authorization: <redacted>"
misuse "report '#9'" 2 "has no exchange 9" "$orshim" report '#9'
run "report --json" 1 "$orshim" report --json
python3 -c 'import json,sys; r=json.load(open(sys.argv[1])); assert r["causes"][0]["rule"]=="auth_token_quoted" and r["counts"]["refused"]==1 and r["processes"][0]["observed"]' "$work/out"
verdict $? "report --json: is JSON with the cause"
run "report --markdown" 1 "$orshim" report --markdown
says "report --markdown" out "- answer: 401, refused by OpenRouter's key check: \`No auth credentials found\`"
[ "$(grep -c '\\`\|\\(' "$work/out")" = 0 ] && grep -q '^1 request, 1 refused' "$work/out"
verdict $? "report --markdown: no needless escape, and its grammar"
run "report --html --har" 1 "$orshim" report --html "$work/page.html" --har "$work/archive.har"
cat "$work/page.html" "$work/archive.har" >>"$work/all"
[ "$(stat -c %a "$work/page.html")" = 600 ] && ! grep -qE '(src|href)="?(https?:)?//' "$work/page.html"
verdict $? "report --html: private, and loads nothing"
python3 - "$work/archive.har" <<'PY'
import json, sys
log = json.load(open(sys.argv[1]))["log"]
assert log["version"] == "1.2" and log["creator"]["name"]
for e in log["entries"]:
    assert e["startedDateTime"].endswith("Z") and e["time"] >= 0 and e["cache"] == {}
    for k in ("send", "wait", "receive"):
        assert e["timings"][k] >= 0
    for m, keys in (("request", "method url queryString"), ("response", "status statusText content redirectURL")):
        for k in ("httpVersion cookies headers headersSize bodySize " + keys).split():
            assert k in e[m], k
    assert all(set(h) == {"name", "value"} for m in ("request", "response") for h in e[m]["headers"])
    assert "size" in e["response"]["content"] and "mimeType" in e["response"]["content"]
assert log["entries"]
PY
verdict $? "report --har: what HAR 1.2 asks for"
run "rerun, not repaired" 1 env OPENROUTER_API_KEY="$quoted" "$orshim" rerun
says "rerun, not repaired" err "the failure is still there: 401"
run "rerun, repaired" 0 env OPENROUTER_API_KEY="$good" "$orshim" rerun
says "rerun, repaired" err "the failure is gone: 401, refused by OpenRouter's key check, auth_token_quoted"
says "rerun, repaired" err "changed: key sha256:"
run "runs" 0 "$orshim" runs
[ "$(grep -c '^20' "$work/out")" = 3 ]
verdict $? "runs: all three"
run "runs --json" 0 "$orshim" runs --json
python3 -c 'import json,sys; runs=[json.loads(l) for l in open(sys.argv[1])]; assert len(runs)==3; assert all(r["command"].endswith("/chat/completions") for r in runs), runs' "$work/out"
verdict $? "runs --json: one object a line, commands whole"
run "report of a run without fault" 0 "$orshim" report
says "report of a run without fault" out "nothing is wrong: 1 request, none refused"
run "diff last-good last-bad" 1 "$orshim" diff last-good last-bad
says "diff last-good last-bad" out "length of the key"
[ "$(sed -n 4p "$work/out")" = key ] && [ "$(sed -n 7p "$work/out")" = "  length of the key" ]
verdict $? "diff last-good last-bad: the key comes first"
run "diff --json --html" 1 "$orshim" diff --json --html "$work/diff.html" last-good last-bad
python3 -c 'import json,sys; d=json.load(open(sys.argv[1])); first=d["differences"][0]; ranks=[x["rank"] for x in d["differences"]]; assert ranks==sorted(ranks, reverse=True); assert [p["what"] for p in first["parts"]]==["length of the key","fingerprint of the key"], first; assert not [x for x in d["differences"][1:] if "of the key" in x["what"]]' "$work/out"
verdict $? "diff --json: ranked"
cat "$work/diff.html" >>"$work/all"
run "diff of captures" 1 "$orshim" diff tests/captures/auth_token_quoted/fires-single.cap tests/captures/auth_token_quoted/quiet-good-key.cap

# --- a key on the command line is not kept
run "run with the key on its command line" 0 "$orshim" run -- curl -sS -H "Authorization: Bearer $good" "$base/key"
misuse "rerun of it" 2 "not kept" env OPENROUTER_API_KEY="$good" "$orshim" rerun

# --- curl LOG#N fails in the same way, --fixed does not
run "curl" 0 "$orshim" curl "$log#1"
OPENROUTER_API_KEY=$good sh <"$work/out" >"$work/answer" 2>>"$work/err"
grep -q '"code": 401' "$work/answer"
verdict $? "curl: the command is refused as the request was"
run "curl --fixed" 0 "$orshim" curl --fixed "$log#1"
OPENROUTER_API_KEY=$good sh <"$work/out" >"$work/answer" 2>>"$work/err"
grep -q '"choices"' "$work/answer"
verdict $? "curl --fixed: the command works"

# A log that somebody else wrote: names and scheme that steer a terminal or turn the line around.
printf '%s\n' '{"v":1,"record":"exchange","ts":"2026-11-24T01:00:00.000Z","pid":1,"tool":"x","conn":1,"seq":1,"http":"1.1","method":"GET\u001b[2J","host":"openrouter.ai","path":"/api/v1/key","status":401,"auth":{"carriers":["authorization"],"scheme":"Be\u202earer\u009b31m\u0007","token":"undefined"},"request":{"headers":[["x-\u001b]0;t\u0007\u202e\u009bname","v\u2066"],["authorization","<redacted>"]],"body":{"bytes":0}},"findings":[]}' >"$work/foreign.log"
run "curl of a foreign log" 0 "$orshim" curl "$work/foreign.log"
! LC_ALL=C grep -qaP '[\x00-\x09\x0b-\x1f\x7f]|\xc2[\x80-\x9f]|\xe2\x80[\x8b-\x8f\xa8-\xae]|\xe2\x81[\xa0-\xaf]' "$work/out"
verdict $? "curl of a foreign log: nothing steers the terminal"
says "curl of a foreign log" out '\x1b]0;t'
says "curl of a foreign log" out '\u{202e}'

# What curl would expand or resolve in a URL stays one request of the same path.
odd='/api/v1/x/../{models,key}/[1-3]/./%2e%2e/end?filter[]=a&b={c}'
run "run of curl with an odd path" 0 "$orshim" run --log "$work/odd.log" -- curl -sS -g --path-as-is --http1.1 \
	-H "Authorization: Bearer $quoted" "https://localhost:$port$odd"
run "run of curl with HEAD" 0 "$orshim" run --log "$work/odd.log" -- curl -sS --http1.1 -I -o /dev/null \
	-H "Authorization: Bearer $quoted" "$base/key"
for n in 1 2; do
	run "curl of an odd request $n" 0 "$orshim" curl "$work/odd.log#$n"
	cp "$work/out" "$work/odd.$n"
	# shellcheck disable=SC2016 # the inner shell expands it
	run "run of that command" 0 env OPENROUTER_API_KEY="$good" "$orshim" run --log "$work/again.$n" -- timeout 20 sh -c '. "$0" | wc -c' "$work/odd.$n"
	python3 -c 'import json, sys
def sent(name):
    records = [json.loads(line) for line in open(name)]
    return [(r["method"], r["path"]) for r in records if r["record"] == "exchange"]
one = sent(sys.argv[1])[int(sys.argv[3]) - 1]
assert sent(sys.argv[2]) == [one], (one, sent(sys.argv[2]))' "$work/odd.log" "$work/again.$n" "$n" 2>>"$work/err"
	verdict $? "curl of an odd request $n: the same one, once"
done
cat "$work/odd.log" "$work"/again.? "$work"/odd.? >>"$work/all"

# --- baseline
run "baseline" 0 env OPENROUTER_API_KEY="$good" "$orshim" baseline --base "$base"
says "baseline" out "is accepted"
run "diff after a baseline" 1 "$orshim" diff last-good last-bad
says "diff after a baseline" out "a last-good ($work/state/orshim/baseline.log:"
run "baseline with a key that nobody knows" 1 env OPENROUTER_API_KEY="$(standin_has unknown)" "$orshim" baseline --base "$base/"
says "baseline with a key that nobody knows" out "[key_unknown]"
misuse "baseline where nobody listens" 2 "no request was made" env OPENROUTER_API_KEY="$good" "$orshim" baseline --base https://localhost:1/api/v1
misuse "baseline without curl" 2 "curl is missing" env OPENROUTER_API_KEY="$good" PATH=/nonexistent "$orshim" baseline --base "$base"

# --- the last twenty
for _ in $(seq 22); do "$orshim" run -- true 2>/dev/null; done
[ "$(find "$work/state/orshim/runs" -mindepth 1 -maxdepth 1 | wc -l)" = 20 ]
verdict $? "twenty runs are kept"

# --- logs of several processes, by a pattern; stdin
for _ in 1 2; do
	env OPENROUTER_API_KEY="$good" ORSHIM_LOG="$work/many-%p.log" LD_PRELOAD="$build/liborshim.so" \
		sh -c "$ask" "$base/chat/completions" >/dev/null 2>&1
done
run "report of a pattern" 0 "$orshim" report "$work/many-*.log"
says "report of a pattern" out "2 requests, none refused"
run "report of a name with %p" 0 "$orshim" report "$work/many-%p.log"
cat "$work"/many-*.log | "$orshim" report - >"$work/out" 2>"$work/err"
verdict $? "report of stdin"

run "run with a log for each process" 0 env ORSHIM_LOG="$work/own-%p.log" OPENROUTER_API_KEY="$quoted" "$orshim" run -- sh -c "$ask" "$base/chat/completions"
says "run with a log for each process" err "1 API exchange, 1 refused: auth_token_quoted"
run "report of that run" 1 "$orshim" report
says "report of that run" out "error[auth_token_quoted]"
cat "$work"/own-*.log >>"$work/all"

run "run --report" 0 env OPENROUTER_API_KEY="$quoted" "$orshim" run --report "$work/run.md" -- sh -c "$ask" "$base/chat/completions"
grep -q '^- answer: 401' "$work/run.md"
verdict $? "run --report: Markdown by the name"
misuse "run --report where nothing can be written" 2 "/nonexistent" "$orshim" run --report /nonexistent/x.html -- true

run "run in a state folder that cannot be" 0 env XDG_STATE_HOME=/proc/nope OPENROUTER_API_KEY="$good" "$orshim" run -- true
says "run in a state folder that cannot be" err "this run is not kept"
: >"$work/empty.log"
misuse "curl of a log without exchanges" 2 "has no exchange" "$orshim" curl "$work/empty.log"
# --- watch: what is there, what comes, another file under the same name
grep '"exchange"' "$log" >"$work/live.log"
"$orshim" watch --all "$work/live.log" >"$work/watched" 2>&1 &
watcher=$!
started+=("$watcher")
until_seen() { # until_seen WORDS: watch looks ten times a second; give it ten seconds
	for _ in $(seq 100); do
		grep -qF -- "$1" "$work/watched" && return 0
		read -r -t 0.1 <> <(:) || true
	done
	return 1
}
until_seen "fix: "
verdict $? "watch: the exchange, and why"
grep '"exchange"' "$log" | sed 's/"status":401/"status":417/' >>"$work/live.log"
until_seen "417"
verdict $? "watch: what comes"
[ "$(grep -c 'fix: ' "$work/watched")" = 1 ]
verdict $? "watch: why, once"
rm "$work/live.log"
grep '"exchange"' "$log" | sed 's/"status":401/"status":418/' >"$work/live.log"
until_seen "418"
verdict $? "watch: a log that was replaced"
grep '"exchange"' "$log" | sed 's/"status":401/"status":419/; s/"raw":null,//' >"$work/live.log"
until_seen "419"
verdict $? "watch: a log that was cut off"
kill -INT "$watcher"
here=$(TZ=America/New_York timeout 2 "$orshim" watch --all "$work/live.log" | head -1 | cut -c1-5)
there=$(TZ=UTC timeout 2 "$orshim" watch --all "$work/live.log" | head -1 | cut -c1-5)
[ -n "$here" ] && [ "$here" != "$there" ]
verdict $? "watch: the time is that of the reader"
wait "$watcher"
verdict $? "watch: Ctrl-C is a clean end"
cat "$work/watched" >>"$work/all"

# --- a log that outgrows its limit while it is watched
"$orshim" watch --all "$work/grown.log" >"$work/watched" 2>&1 &
watcher=$!
started+=("$watcher")
run "run with a small log" 0 env OPENROUTER_API_KEY="$quoted" ORSHIM_LOG_MAX=96K "$orshim" run \
	--log "$work/grown.log" -- sh -c "$ask" "$base/chat/completions?[1-60]"
says "run with a small log" err "60 API exchanges, 60 refused"
until_seen "?60"
[ "$(grep -c 'POST .*401' "$work/watched")" = 60 ]
verdict $? "watch: a log that was rotated, every line"
kill -INT "$watcher"
wait "$watcher"
[ -s "$work/grown.log.1" ] && [ "$(cat "$work"/grown.log.1 "$work/grown.log" | grep -c '"exchange"')" = 60 ]
verdict $? "a log that outgrows its limit is rotated whole"
[ "$(stat -c %s "$work/grown.log.1")" -le 98304 ]
verdict $? "a log that outgrows its limit stays below it"
run "report of both" 1 "$orshim" report "$work/grown.log"
says "report of both" out "all 60 requests were refused"
run "report of both, named" 1 "$orshim" report "$work/grown.log.1" "$work/grown.log"
says "report of both, named" out "all 60 requests were refused"
cat "$work/watched" "$work"/grown.log* >>"$work/all"

# --- hostile logs
{
	printf 'no JSON\n{"v":9,"record":"exchange"}\n{"v":1,"record":"oracle"}\n\xff\xfe\n'
	printf '{"v":1,"record":"exchange","host":"\\u001b[2J<script>alert(1)</script>","path":"/%s","verdict":{"refused_by":"x","cause":"\\u001b]0;"}}\n' "$good"
	head -c 10000000 /dev/zero | tr '\0' x
	printf '\n{"v":1,"record":"exchange","half'
} >"$work/hostile.log"
run "report of a hostile log" 1 "$orshim" report "$work/hostile.log"
for words in ":1 is not JSON" "was written by a newer orshim (upgrade this one), and 1 more" "is longer than 1 MiB" "is cut off"; do
	says "report of a hostile log" out "$words"
done
run "report --markdown of a hostile log" 1 "$orshim" report --markdown "$work/hostile.log"
for words in "<summary>Lines that could not be read</summary>" "hostile.log:1 is not JSON" "was written by a newer orshim (upgrade this one), and 1 more" "is longer than 1 MiB" "is cut off"; do
	says "report --markdown of a hostile log" out "$words"
done
run "report --html of a hostile log" 1 "$orshim" report --html - "$work/hostile.log"
! grep -qF '<script>alert' "$work/out"
verdict $? "report --html of a hostile log: no markup of its own"
! LC_ALL=C grep -q $'[\x01-\x08\x0b-\x1f]' "$work/all"
verdict $? "no control byte in anything that was written"

find "$work/state" -type f -exec cat {} + >>"$work/all"
! grep -qF "$secret" "$work/all"
verdict $? "no test key in anything that was written"
finish
