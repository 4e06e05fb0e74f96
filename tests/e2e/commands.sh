#!/bin/bash
# SPDX-License-Identifier: MIT
# tags: fast
# commands.sh: every command of orshim and every misuse of it: exit status, one
# line of complaint, and no test key in any byte of output.
set -u
cd "$(dirname "$0")/../.." || exit 2
build=$PWD/${BUILD:-build}
orshim=$build/orshim
. tests/e2e/harness/cases.sh

key=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
secret=${key#sk-or-v1-}

says() { # says NAME FILE WORDS
	grep -qF -- "$3" "$work/$2"
	verdict $? "$1: '$3' in $2"
}

is() { # is NAME FILE TEXT
	[ "$(cat "$work/$2")" = "$3" ]
	verdict $? "$1"
}

printf 'POST /api/v1/chat/completions HTTP/1.1\r\nHost: openrouter.ai\r\nAuthorization: Bearer "%s"\r\nContent-Type: application/json\r\nContent-Length: 69\r\n\r\n{"model":"openai/gpt-4o","messages":[{"role":"user","content":"hi"}]}' \
	"$key" >"$work/quoted.request"
printf 'HTTP/1.1 401 Unauthorized\r\nContent-Type: application/json\r\nContent-Length: 60\r\n\r\n{"error":{"message":"No auth credentials found","code":401}}' \
	>"$work/401.response"
sed 's/"sk-or/sk-or/; s/c96"/c96/' "$work/quoted.request" >"$work/good.request"
printf 'HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 14\r\n\r\n{"choices":[]}' >"$work/200.response"
printf 'OPENROUTER_API_KEY="%s"\nHOME=/home/someone\n' "$key" >"$work/environ"
cat >"$work/quoted.cap" <<CAP
= host openrouter.ai
= env OPENROUTER_API_KEY="$key"
> GET /api/v1/key HTTP/1.1
> Host: openrouter.ai
> Authorization: Bearer "$key"
>
< HTTP/1.1 401 Unauthorized
< Content-Type: application/json
< Content-Length: 60
<
<- {"error":{"message":"No auth credentials found","code":401}}
= close
CAP
sed -n '1,6p' "$work/quoted.cap" | sed 's/"//g' >"$work/good.cap"
printf '< HTTP/1.1 200 OK\n< Content-Type: application/json\n< Content-Length: 2\n<\n<- {}\n= close\n' >>"$work/good.cap"

# --- help and misuse of the command as a whole
run "--help" 0 "$orshim" --help
says "--help" out "replay"
run "--version" 0 "$orshim" --version
says "--version" out "orshim "
for command in $("$orshim" --help | sed -n 's/^  \([a-z]*\)  .*/\1/p'); do
	run "$command --help" 0 "$orshim" "$command" --help
	says "$command --help" out "usage: orshim $command"
	says "$command --help" out "example: "
	sed -n 's/^example: .*\(orshim .*\)/\1/p' "$work/out" | grep -q "^orshim $command"
	verdict $? "$command --help: the example is one of it"
	[ "$command" = run ] || misuse "$command ''" 2 "argument 1 is empty" "$orshim" "$command" ''
	run "help $command" 0 "$orshim" help "$command"
done
run "no command" 2 "$orshim"
says "no command: the overview" err "usage: orshim COMMAND"
misuse "an unknown command" 2 "did you mean" "$orshim" repaly
misuse "a command unlike any" 2 "unknown command" "$orshim" xyzzy
misuse "an unknown option" 2 "--frob" "$orshim" lint --frob
misuse "an option with a letter left out" 2 "did you mean --json?" "$orshim" report --jsn
misuse "an option like one of the command" 2 "--help and --version" "$orshim" -v
misuse "an option without its value" 2 "--html needs a value: FILE" "$orshim" report --html
misuse "an option in place of a value" 2 "--html needs a value: FILE" "$orshim" report --html --json
misuse "a value for an option without one" 2 "--json takes no value" "$orshim" report --json=yes
misuse "a word that is none of the choices" 2 "auto, off, all or strict" "$orshim" run --relay=maybe true
misuse "a number out of range" 2 "a number from 0 to 65535" "$orshim" relay --port 65536
misuse "a number that is none" 2 "a number from 0 to 65535" "$orshim" relay --port 80x
misuse "a day after the last" 2 "nothing is before 2026-11-25 (--until)" "$orshim" report --since 2026-11-26 --until 2026-11-25
misuse "a rule unlike any" 2 "lists them" "$orshim" report --cause xyzzy
misuse "two forms on standard output" 2 "--json and --markdown" "$orshim" report --json --markdown
misuse "an exchange beyond any number" 2 "there is no exchange" "$orshim" report 99999999999999999999
misuse "a tool without a name" 127 "its name is empty" "$orshim" run -- ''
misuse "an empty word behind others" 2 "argument 3 is empty" "$orshim" report --json "$root/tests/golden/run.log" ''
misuse "an empty value" 2 "--host needs a value: GLOB" "$orshim" report --host ''
misuse "a base URL without a host" 2 "a URL with a host, not 'https:///v1'" "$orshim" baseline --base https:///v1
misuse "a file without a certificate" 2 "no certificate is in" "$orshim" relay --ca "$root/tests/golden/run.log"
misuse "a folder of certificates" 2 "name a file" "$orshim" relay --ca "$root/tests"
misuse "a log that cannot be written" 2 "cannot write to /nonexistent/log" env ORSHIM_LOG=/nonexistent/log "$orshim" run -- true
misuse "a text that cannot be written" 2 "cannot write to /nonexistent/text" env ORSHIM_TEXT=/nonexistent/text "$orshim" run -- true
for setting in HOSTS='a b' LOG_MAX=lots MACHINE='a b' RELAY=maybe RULES=xyzzy=off; do
	run "env with ORSHIM_$setting" 2 env "ORSHIM_$setting" "$orshim" env
	run "run with a malformed setting: the tool does not get it" 0 env "ORSHIM_$setting" "$orshim" run -- "$orshim" env
	[ "$(grep -c "^orshim: run: ORSHIM_${setting%%=*}: .* is not understood; accepted: ." "$work/err")" = 1 ]
	verdict $? "run: ORSHIM_$setting is complained of, once"
done
golden=$root/tests/golden/run.log
run "report of one log by two names" 1 "$orshim" report "$golden" "${golden%/*}/../golden/run.log"
says "report of one log by two names" out "3 of 5 requests were refused"
run "export of one log by two names" 0 "$orshim" export --flat "$golden" "${golden%/*}/../golden/run.log"
[ "$(wc -l <"$work/out")" = 5 ]
verdict $? "export of one log by two names: each request once"
misuse "a word too many" 2 "unknown argument" "$orshim" watch one two
run "--help behind other options" 0 "$orshim" report --json --help

# --- lint
run "lint of a quoted key" 1 "$orshim" lint --request "$work/quoted.request"
says "lint of a quoted key" out "error[auth_token_quoted]"
says "lint of a quoted key" out 'Authorization: Bearer "sk-or-v1-0e6...1c96"'
says "lint of a quoted key" out '                            ^                   ^'
run "lint of a good request" 0 "$orshim" lint --request "$work/good.request"
run "lint with the answer" 1 "$orshim" lint --request "$work/quoted.request" --response "$work/401.response"
says "lint with the answer" out "401 from openrouter.ai"
run "lint of a success" 0 "$orshim" lint --request "$work/good.request" --response "$work/200.response"
run "lint with an environment" 1 "$orshim" lint --request "$work/quoted.request" \
	--response "$work/401.response" --environ "$work/environ"
says "lint with an environment" out "environment variable OPENROUTER_API_KEY"
run "lint --json" 1 "$orshim" lint --json --request "$work/quoted.request"
says "lint --json" out '"verdict":{"refused_by":null,"category":null,"cause":null}'
python3 -c 'import json,sys; [json.loads(l) for l in open(sys.argv[1])]' "$work/out"
verdict $? "lint --json: every line is JSON"
cat "$work/quoted.request" "$work/good.request" >"$work/two.request"
cat "$work/401.response" "$work/200.response" >"$work/two.response"
run "lint of two messages" 1 "$orshim" lint --json --request "$work/two.request" --response "$work/two.response"
[ "$(grep -c '"record":"exchange"' "$work/out")" = 2 ] && grep -q '"seq":2.*"status":200' "$work/out"
verdict $? "lint of two messages: paired in order"
sed '/^Host/d' "$work/quoted.request" >"$work/nohost.request"
run "lint --host" 1 "$orshim" lint --json --request "$work/nohost.request" --host openrouter.ai
says "lint --host" out '"host":"openrouter.ai"'
run "lint --host with a port" 0 "$orshim" lint --request "$work/good.request" --host openrouter.ai:443
run "lint --host with a port and no Host" 1 env ORSHIM_HOSTS=localhost:8443=openrouter \
	"$orshim" lint --json --request "$work/nohost.request" --host localhost:8443
says "lint --host with a port and no Host" out '"host":"localhost"'
says "lint --host with a port and no Host" out '"port":8443'
says "lint --host with a port and no Host" out '"vendor":"openrouter"'
run "lint --host with an address" 0 "$orshim" lint --request "$work/good.request" --host '[::1]:8443'
run "lint --host of another" 0 "$orshim" lint --json --request "$work/good.request" --host example.com:443
says "lint --host of another" out 'the TLS server name was example.com"'
for bad in openrouter.ai:x openrouter.ai: :443 openrouter.ai:65536 https://openrouter.ai ''; do
	misuse "lint --host '$bad'" 2 "NAME" "$orshim" lint --request "$work/good.request" --host "$bad"
done
sed 's/^Content-Length: 69/Content-Length: 169/' "$work/good.request" >"$work/short.request"
printf 'HTTP/1.1 400 Bad Request\r\nContent-Type: application/json\r\nContent-Length: 49\r\n\r\n{"error":{"message":"unexpected EOF","code":400}}' >"$work/400.response"
sed 's/400 Bad Request/413 Content Too Large/; s/400}/413}/' "$work/400.response" >"$work/413.response"
run "lint of a short body" 1 "$orshim" lint --request "$work/short.request"
says "lint of a short body" out "error[body_length_mismatch]"
says "lint of a short body" out "Content-Length says 169 bytes, 69 were written"
run "lint of a short body with its answer" 1 "$orshim" lint --request "$work/short.request" --response "$work/400.response"
says "lint of a short body with its answer" out "error[body_length_mismatch]"
run "lint of a body that was refused early" 1 "$orshim" lint --request "$work/short.request" --response "$work/413.response"
! grep -qF body_length_mismatch "$work/out"
verdict $? "lint of a body that was refused early: its length is not accused"
head -c -69 "$work/short.request" | sed 's/^Host/Expect: 100-continue\r\n&/' >"$work/expect.request"
run "lint of a head that asks before the body" 0 "$orshim" lint --request "$work/expect.request"
sed 's/^Content-Length: 69/Transfer-Encoding: chunked/; s/^{/45\r\n&/' "$work/good.request" >"$work/cut.request"
run "lint of a body without its last chunk" 1 "$orshim" lint --request "$work/cut.request"
says "lint of a body without its last chunk" out "error[body_chunks_broken]"
run "lint of a capture" 1 "$orshim" lint "$work/quoted.cap"
"$orshim" lint --request - <"$work/quoted.request" >"$work/out" 2>"$work/err"
verdict $(($? != 1)) "lint of stdin"
misuse "lint of nothing" 2 "--request" "$orshim" lint
misuse "lint of a missing file" 2 "/nonexistent" "$orshim" lint --request /nonexistent
misuse "lint of a folder" 2 "/" "$orshim" lint --request /
misuse "lint of what is not HTTP" 2 "no HTTP/1.1 request" "$orshim" lint --request "$work/401.response"
misuse "lint --host without a value" 2 "--host" "$orshim" lint --host
misuse "lint of both" 2 "not both" "$orshim" lint --request "$work/good.request" "$work/good.cap"
misuse "lint of an answer alone" 2 "--request" "$orshim" lint --response "$work/401.response"
misuse "lint with a bad environment" 2 ":1: not NAME=VALUE" "$orshim" lint --request "$work/good.request" --environ "$work/401.response"

# --- replay
run "replay of a failure" 1 "$orshim" replay "$work/quoted.cap"
says "replay of a failure" out "orshim: 401 from openrouter.ai, refused by OpenRouter's key check  [account/auth]"
run "replay of a success" 0 "$orshim" replay "$work/good.cap"
run "replay of several" 1 "$orshim" replay "$work/good.cap" "$work/quoted.cap"
run "replay --json" 1 "$orshim" replay --json "$work/quoted.cap"
says "replay --json" out '"cause":"auth_token_quoted"'
cp "$work/out" "$work/recorded"
for split in bytes whole; do
	run "replay --split $split" 1 "$orshim" replay --json --split $split "$work/quoted.cap"
	cmp -s "$work/out" "$work/recorded"
	verdict $? "replay --split $split: the same records"
done
misuse "replay of nothing" 2 "capture" "$orshim" replay
misuse "replay of a missing file" 2 "/nonexistent.cap" "$orshim" replay /nonexistent.cap
misuse "replay of another file" 2 "quoted.request:1:" "$orshim" replay "$work/quoted.request"
misuse "replay with an unknown split" 2 "--split" "$orshim" replay --split half "$work/good.cap"

# --- explain, rules, env
run "explain" 0 "$orshim" explain auth_token_quoted
says "explain" out "fix:"
misuse "explain of an unknown rule" 2 "did you mean auth_token_quoted" "$orshim" explain auth_token_qouted
misuse "explain of a shortened rule" 2 "did you mean auth_token_quoted" "$orshim" explain auth_qouted
misuse "explain of nothing" 2 "id" "$orshim" explain
run "rules" 0 "$orshim" rules
says "rules" out "auth_missing"
run "rules --json" 0 "$orshim" rules --json
python3 -c 'import json,sys
for rule in map(json.loads, open(sys.argv[1])):
    assert all(rule[k] for k in ("title", "why", "fix", "example", "sources")), rule' "$work/out"
verdict $? "rules --json: every rule says what, why, fix, example and sources"
run "rules --markdown" 0 "$orshim" rules --markdown
says "rules --markdown" out "| \`auth_missing\` |"
run "rules --man" 0 "$orshim" rules --man
says "rules --man" out '.B auth_missing'
misuse "rules with an unknown form" 2 "--html" "$orshim" rules --html
run "env" 0 "$orshim" env
for name in LOG TEXT HOSTS RULES BODY_MAX CAPTURE FOLLOW DEBUG; do says env out "ORSHIM_$name"; done
run "env with a malformed setting" 2 env ORSHIM_BODY_MAX=lots "$orshim" env
says "env with a malformed setting" out "not understood"
run "a malformed setting in replay" 0 env ORSHIM_RULES=no_such=off "$orshim" replay "$work/good.cap"
says "a malformed setting in replay" err "ORSHIM_RULES"
run "two mistakes and a rule switched off" 1 env ORSHIM_RULES=one=off,auth_token_quoted=off,two=off "$orshim" run -- "$orshim" replay "$work/quoted.cap"
[ "$(grep -c '^orshim: run: ORSHIM_RULES: "[a-z]*=off" is not understood' "$work/err")" = 2 ]
verdict $? "two mistakes: both are complained of"
! grep -q "error.auth_token_quoted" "$work/out"
verdict $? "two mistakes: the rule between them is off"
run "a rule switched off" 1 env ORSHIM_RULES=auth_token_quoted=off "$orshim" replay "$work/quoted.cap"
! grep -q "auth_token_quoted" "$work/out"
verdict $? "a rule switched off: is not in the text"

# --- colour: on a terminal, without NO_COLOR, and nowhere else
# shellcheck disable=SC2317 # run() calls it
on_terminal() {
	python3 -c 'import os,pty,sys
def read(fd):
    return os.read(fd, 65536)
sys.exit(os.waitstatus_to_exitcode(pty.spawn(sys.argv[1:], read)))' "$@"
}
run "replay on a terminal" 1 env TERM=xterm bash -c "$(declare -f on_terminal); on_terminal '$orshim' replay '$work/quoted.cap'"
says "replay on a terminal" out $'\033['
run "replay with NO_COLOR" 1 env TERM=xterm NO_COLOR=1 bash -c "$(declare -f on_terminal); on_terminal '$orshim' replay '$work/quoted.cap'"
! grep -qF $'\033' "$work/out"
verdict $? "replay with NO_COLOR: no escape"

# --- run
run "run true" 0 "$orshim" run -- true
run "run false" 1 "$orshim" run false
run "run sh -c 'exit 7'" 7 "$orshim" run -- sh -c 'exit 7'
run "run of a tool that a signal ends" 143 "$orshim" run -- sh -c 'kill -TERM $$'
misuse "run of no tool" 2 "tool is missing" "$orshim" run --
misuse "run of an unknown tool" 127 "no_such_tool" "$orshim" run -- no_such_tool
misuse "run of a missing file" 127 "/no/such/tool" "$orshim" run -- /no/such/tool
echo 'echo hello' >"$work/script"
misuse "run of a file that is not executable" 126 "script" "$orshim" run -- "$work/script"
misuse "run of a folder" 126 "$work" "$orshim" run -- "$work"
misuse "run --log without a value" 2 "--log" "$orshim" run --log
misuse "run --log where nothing can be written" 2 "/nonexistent/log" "$orshim" run --log /nonexistent/log -- true
misuse "run with an unknown option" 2 "--frob" "$orshim" run --frob -- true
misuse "run with a library that is none" 2 "ORSHIM_LIB" env ORSHIM_LIB=/etc/passwd "$orshim" run -- true
misuse "run with a missing library" 2 "ORSHIM_LIB" env ORSHIM_LIB=/nonexistent "$orshim" run -- true
cp "$orshim" "$work/alone"
misuse "run where there is no library" 2 "liborshim.so" "$work/alone" run -- true
chmod +x "$work/script"
run "run of a script without #!" 0 "$orshim" run -- "$work/script"
is "run of a script without #!: its output" out hello
run "run keeps the arguments" 0 "$orshim" run -- printf '%s|' a 'b c' '' -- '*'
is "run keeps the arguments: all of them" out 'a|b c||--|*|'
# shellcheck disable=SC2016 # for the inner shell
run "run sets the preload" 0 env LD_PRELOAD= "$orshim" run -- sh -c 'echo "$LD_PRELOAD $ORSHIM_FOLLOW"'
is "run sets the preload: ours, followed" out "$build/liborshim.so 1"
zlib=$(ldconfig -p | sed -n 's/.*libz\.so\.1 (.*x86-64.*=> //p' | head -n 1)
# shellcheck disable=SC2016 # for the inner shell
run "run keeps another preload" 0 env LD_PRELOAD="$zlib" "$orshim" run -- sh -c 'echo "$LD_PRELOAD"'
is "run keeps another preload: ours in front" out "$build/liborshim.so:$zlib"
echo "from stdin" | "$orshim" run -- cat >"$work/out" 2>"$work/err"
is "run leaves stdin to the tool" out "from stdin"
run "run --log" 0 "$orshim" run --log "$work/log" -- true
[ "$(stat -c %a "$work/log")" = 600 ]
verdict $? "run --log: the file is private"
says "run --log" err "log: $work/log"
busybox=$(command -v busybox)
run "run of a static tool" 3 "$orshim" run -- "$busybox" sh -c 'exit 3'
says "run of a static tool" err "statically linked"
cp "$(command -v id)" "$work/setuid"
if [ "$(id -u)" = 0 ] && chown nobody "$work/setuid" && chmod 4755 "$work/setuid" && chmod 755 "$work"; then
	run "run of a setuid tool" 0 "$orshim" run -- "$work/setuid" -u
	says "run of a setuid tool" err "setuid"
fi
mkdir "$work/tmp"
run "run leaves no file behind" 0 env TMPDIR="$work/tmp" "$orshim" run -- true
[ -z "$(ls -A "$work/tmp")" ]
verdict $? "run leaves no file behind: the folder is empty"

# A signal that is sent to orshim alone reaches the tool, which ends as it likes.
cat >"$work/trap" <<'TOOL'
#!/bin/bash
trap 'echo caught; exit 9' TERM
echo ready
while :; do read -r -t 1 <> <(:); done
TOOL
chmod +x "$work/trap"
"$orshim" run -- "$work/trap" >"$work/out" 2>"$work/err" &
pid=$!
until grep -q ready "$work/out"; do read -r -t 0.05 <> <(:); done
kill -TERM $pid
wait $pid
verdict $(($? != 9)) "run passes SIGTERM on and exits with the tool's status"
says "run passes SIGTERM on" out caught

# --- run, with a real tool against the stand-in OpenRouter
standin
url=https://localhost:$port/api/v1/key
export CURL_CA_BUNDLE ORSHIM_HOSTS
CURL_CA_BUNDLE=$ca
ORSHIM_HOSTS=localhost:$port=openrouter
run "bare curl" 0 curl -sS --http1.1 -H "Authorization: Bearer '$key'" "$url"
cp "$work/out" "$work/bare"
run "run of curl" 0 "$orshim" run --log "$work/curl.log" -- curl -sS --http1.1 \
	-H "Authorization: Bearer '$key'" "$url"
cmp -s "$work/out" "$work/bare"
verdict $? "run of curl: stdout is as without"
says "run of curl" err "error[auth_token_quoted]"
says "run of curl" err "--> curl["
says "run of curl" err "orshim: 1 API exchange, 1 refused: auth_token_quoted; log: $work/curl.log"
grep -q '"record":"process"' "$work/curl.log" && grep -q '"cause":"auth_token_quoted"' "$work/curl.log"
verdict $? "run of curl: the log has the process and the exchange"
cat "$work/curl.log" >>"$work/all"
run "run of curl with the good key" 0 "$orshim" run -- curl -sS --http1.1 -H "Authorization: Bearer $(standin_has good)" "$url"
is "run of curl with the good key: one line" err "orshim: 1 API exchange, none refused"
run "run with ORSHIM_TEXT=off" 0 env ORSHIM_TEXT=off "$orshim" run -- curl -sS --http1.1 \
	-H "Authorization: Bearer '$key'" "$url"
[ "$(wc -l <"$work/err")" = 1 ]
verdict $? "run with ORSHIM_TEXT=off: the summary alone"
unset CURL_CA_BUNDLE ORSHIM_HOSTS

# --- the shell wrapper, in two shells
for name in dash "busybox sh"; do
	read -ra shell <<<"$name"
	wrapper=("${shell[@]}" scripts/orshim-run)
	run "$name orshim-run true" 0 "${wrapper[@]}" true
	run "$name orshim-run: the tool's status" 7 "${wrapper[@]}" -- sh -c 'exit 7'
	run "$name orshim-run --help" 0 "${wrapper[@]}" --help
	misuse "$name orshim-run of nothing" 2 "missing" "${wrapper[@]}"
	misuse "$name orshim-run of an unknown tool" 127 "no_such_tool" "${wrapper[@]}" no_such_tool
	misuse "$name orshim-run of a folder" 126 "$work" "${wrapper[@]}" "$work"
	misuse "$name orshim-run with an unknown option" 2 "--frob" "${wrapper[@]}" --frob true
	misuse "$name orshim-run with a missing library" 2 "ORSHIM_LIB" env ORSHIM_LIB=/nonexistent "${wrapper[@]}" true
	# shellcheck disable=SC2016 # for the inner shell
	run "$name orshim-run sets the preload" 0 env LD_PRELOAD= ORSHIM_LIB="$build/liborshim.so" \
		"${wrapper[@]}" sh -c 'echo "$LD_PRELOAD"; printf "%s|" "$@"' x 'a b' ''
	is "$name orshim-run sets the preload: and keeps the arguments" out "$build/liborshim.so
a b||"
	cp scripts/orshim-run "$work/orshim-run"
	misuse "$name orshim-run alone" 2 "liborshim.so" "${shell[@]}" "$work/orshim-run" true
	cp "$build/liborshim.so" "$work/liborshim.so"
	# shellcheck disable=SC2016 # for the inner shell
	run "$name orshim-run beside the library" 0 "${shell[@]}" "$work/orshim-run" sh -c 'echo "$LD_PRELOAD"'
	is "$name orshim-run beside the library: that one" out "$work/liborshim.so"
	rm "$work/liborshim.so"
done

# --- privacy
! grep -qF -e "$secret" "$work/all"
verdict $? "no byte of any output holds the key"
finish
