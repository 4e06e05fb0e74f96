#!/bin/bash
# SPDX-License-Identifier: MIT
# tags: fast
# reader.sh: what new users stumbled over, one check or more each: the numbered
# defects of the first walk through all commands (D1 to D19), then the small ones.
set -u
cd "$(dirname "$0")/../.." || exit 2
. tests/e2e/harness/cases.sh
standin
good=$(standin_has good) unknown=$(standin_has unknown) limited=$(standin_has limited)
url=https://localhost:$port/api/v1/chat/completions
export CURL_CA_BUNDLE=$ca SSL_CERT_FILE=$ca ORSHIM_HOSTS=localhost:$port=openrouter LC_ALL=C.UTF-8 HOME=$work/home
mkdir -p "$work/home" "$work/p"
cd "$work/p" || exit 2
body='{"model":"openai/gpt-4o-mini","messages":[{"role":"user","content":"hi"}]}'

told() { # NAME FILE WORDS: in spite of line breaks
	tr -s ' \n' ' ' <"$work/$2" | grep -qF -- "$3"
	verdict $? "$1: '$3'"
}
untold() { # NAME FILE WORDS
	! tr -s ' \n' ' ' <"$work/$2" | grep -qF -- "$3"
	verdict $? "$1: not '$3'"
}
# shellcheck disable=SC2016 # the inner shell expands it
ask='curl -sS --http1.1 -o /dev/null -H "Content-Type: application/json" -d "$1" ${2:+-H "Authorization: Bearer $2"} "$0"'
seen() { # STATUS NAME KEY [OPTIONS]: a request with that key, or without one, under orshim run
	local status=$1 name=$2 key=$3
	shift 3
	run "$name" "$status" "$orshim" run "$@" -- sh -c "$ask" "$url" "$body" "$key"
}

# D1: what is found before the start is in the report, beside the refusal that it explains
printf 'OPENROUTER_API_KEY=%s\n' "$good" >.env
OPENROUTER_API_KEY=$unknown seen 0 D1 "$unknown"
for form in '' --json --markdown; do
	# shellcheck disable=SC2086 # no form is no word
	run "D1 report $form" 1 "$orshim" report $form
	told "D1 report $form" out key_shadows_dotenv
	told "D1 report $form" out './.env line 1 has'
done
rm .env

# D2: the newer of a run and the baseline is the last good one
OPENROUTER_API_KEY=$good seen 0 D2 "$good"
run 'D2 baseline' 0 env OPENROUTER_API_KEY="$good" "$orshim" baseline --base "${url%/chat*}"
run 'D2 diff' 1 "$orshim" diff last-good last-bad
told 'D2 the baseline is the newer' out "a last-good ($XDG_STATE_HOME/orshim/baseline.log:"
OPENROUTER_API_KEY=$good seen 0 'D2 again' "$good"
run 'D2 diff again' 1 "$orshim" diff last-good last-bad
untold 'D2 now the run is the newer' out 'baseline.log'

# D3: a bare number, as it is printed
told 'D3 as printed' out ':1)'
untold 'D3 as printed' out '#1'
for name in 1 '#1'; do
	run "D3 curl $name" 0 "$orshim" curl "$name"
	run "D3 report $name" 0 "$orshim" report "$name"
	told "D3 report $name" out 'orshim: exchange 1,'
done

# D4: a program whose TLS is not tapped: which it is and what to do, in the run's last line and the report
if [ -x "$(command -v go)" ]; then
	cat >main.go <<'GO'
package main

import (
	"net/http"
	"os"
)

func main() {
	r, e := http.Get(os.Args[1])
	if e != nil || r.StatusCode != 401 {
		os.Exit(1)
	}
}
GO
	GOCACHE=$cache/gocache GO111MODULE=off CGO_ENABLED=0 go build -o agentgo main.go
	run 'D4 run, without the relay' 0 "$orshim" run --relay off -- ./agentgo "${url%/chat*}/key"
	told 'D4 run' err './agentgo: its TLS is Go crypto/tls'
	told 'D4 run' err 'without --relay off orshim sees it through a relay'
	run 'D4 report' 3 "$orshim" report
	# shellcheck disable=SC2016 # the report's own
	told 'D4 report' out '`orshim doctor ./agentgo` says which TLS the tool has'
	run 'D4 that doctor' 1 "$orshim" doctor ./agentgo
	told 'D4 that doctor' out 'Go crypto/tls'
	# D8: that run hides no older one
	run 'D8 report' 0 "$orshim" report 1
	told 'D8 report' err 'this is an older one'
	run 'D8 curl' 0 "$orshim" curl 1
	told 'D8 curl' out '--data-binary'
else
	skip 'D4, D8: no Go here'
fi

# D5: no key was sent although the variable has one
OPENROUTER_API_KEY=$good seen 0 D5 ''
told D5 err 'is set in this process'
told D5 err 'the key was there and was not sent'
untold D5 err "not in this process's environment"

# D6: keys in use say how each was refused
run D6 0 env OPENROUTER_API_KEY="$good" "$orshim" run --log six.log -- sh -c \
	"for key in $good $limited $limited $unknown; do (set -- \"\$1\" \$key; $ask); done" "$url" "$body"
told D6 err 'accepted once'
told D6 err 'refused with 401 once'
told D6 err 'refused for another reason twice'
run 'D6 report --json' 1 "$orshim" report --json six.log
python3 -c 'import json, sys
keys = json.load(open(sys.argv[1]))["keys"]
assert sorted((k["accepted"], k["rejected"], k["otherwise"]) for k in keys) == [(0, 0, 2), (0, 1, 0), (1, 0, 0)], keys' "$work/out" 2>>"$work/err"
verdict $? 'D6 report --json: the same counts'

# D7: one object a line, the command whole
long=$(printf 'x%.0s' $(seq 300))
run 'D7 run' 0 "$orshim" run -- true "$long"
run 'D7 runs --json' 0 "$orshim" runs --json
python3 -c 'import json, sys
runs = [json.loads(line) for line in open(sys.argv[1])]
assert len(runs) > 3 and any(sys.argv[2] in run["command"] for run in runs), runs' "$work/out" "$long" 2>>"$work/err"
verdict $? 'D7 runs --json: an object a line, and no word is cut'

# D9: nothing seen is no success
: >empty.log
run 'D9 report' 3 "$orshim" report empty.log
run 'D9 report --json' 3 "$orshim" report --json empty.log
run 'D9 run --fail-on' 3 "$orshim" run --fail-on error -- true

# D10: the example of `run --help` needs no key that it does not send
run 'D10 help' 0 "$orshim" run --help
! grep '^example' "$work/out" | grep -q curl
verdict $? 'D10: the example is no request without a key'

# D11: Markdown is neither escaped without need nor wrong in its grammar
seen 0 D11 "\"$good\"" --report d11.md
! grep -q '\\`\|\\(\|\\_' d11.md && ! grep -q '1 requests\|1 times\|1 processes' d11.md
verdict $? 'D11: no needless escape, and singular where it is one'

# D12 is in report.sh: watch prints the reader's time

# D13: the fix is told once
grep -o 'Remove the quotes around' "$work/err" >"$work/out"
[ "$(wc -l <"$work/out")" = 1 ]
verdict $? 'D13: the fix is told once in the text'

# D14: `answer` has the same words in the live block and in the report
seen 0 D14 "\"$good\"" --log d14.log
run 'D14 live' 0 env ORSHIM_TEXT=stderr "$orshim" run -- sh -c "$ask" "$url" "$body" "\"$good\""
grep -o '^  answer: "[^"]*"' "$work/err" >"$work/live"
"$orshim" report d14.log | grep -o '^  answer: "[^"]*"' >"$work/told"
[ -s "$work/live" ] && cmp -s "$work/live" "$work/told"
verdict $? 'D14: the answer is what the server said, in both'

# D15 is in install.sh: each link of the installed pages leads somewhere

# D16: each member of `report --json` is in docs/report.md
run 'D16 report --json' 1 "$orshim" report --json d14.log
# shellcheck disable=SC2016 # Python's
python3 -c 'import json, re, sys
page = open(sys.argv[2]).read()
missing = [m for m in json.load(open(sys.argv[1])) if not re.search(r"`%s(\[\])?`" % m, page)]
assert not missing, missing' "$work/out" "$root/docs/report.md" 2>>"$work/err"
verdict $? 'D16: docs/report.md lists them all'

# D17: suggestions that help
misuse 'D17 -v' 2 'there are --help and --version' "$orshim" -v
# shellcheck disable=SC2016 # the complaint's own
misuse 'D17 version' 2 'did you mean `orshim --version`' "$orshim" version
misuse 'D17 --jsn' 2 'did you mean --json?' "$orshim" report --jsn
run 'D17 explain 401' 0 "$orshim" explain 401
told 'D17 explain 401' out 'Somebody refused the credential'
for words in 'Provider returned error' '"provider RETURNED error"' '400 Provider returned error'; do
	run "D17 explain $words" 0 "$orshim" explain "$words"
	told "D17 explain $words" out upstream_refused_credentials
	untold "D17 explain $words" out 'provider_restriction '
done
run 'D17 explain, without quotation marks' 0 "$orshim" explain Provider returned error
told 'D17 explain, without quotation marks' out upstream_error

# D18: a log without an exchange, and one of several
misuse 'D18 curl' 2 'empty.log has no exchange' "$orshim" curl empty.log
misuse 'D18 curl of several' 2 'which of its 4 exchanges?' "$orshim" curl six.log

# D19: a run that is not kept, and no step that needs it
run D19 0 env XDG_STATE_HOME=/proc/nope "$orshim" run -- sh -c "$ask" "$url" "$body" "$unknown"
told D19 err 'this run is not kept'
untold D19 err 'orshim rerun'
untold D19 err 'orshim report'

# --- the small ones
# each complaint begins with the name of its command
mkdir -p folder
printf '{"v":9,"record":"exchange"}\n' >future.log
printf '#!/bin/sh\n' >agent.py
while read -r command arguments; do
	# shellcheck disable=SC2086 # several words
	! "$orshim" $command $arguments >"$work/out" 2>"$work/err" </dev/null && [ "$(wc -l <"$work/err")" = 1 ] && grep -q "^orshim: $command: " "$work/err"
	verdict $? "$command $arguments: one line that begins with the command's name"
done <<'MISUSES'
lint --request folder
lint --request missing
lint --frob
report folder
report missing.log
report future.log
report --html
report 99
replay folder
replay missing.cap
curl folder
curl 99
diff folder:1 folder:2
diff 1
export --flat missing.log
watch folder
doctor 999999
doctor agent.py
doctor ./agent.py
attach 999999
attach nosuchtool
run nosuchtool
run ./agent.py
run --relay
explain nosuchrule
rules --html
relay --port 0x
baseline --base http
runs --frob
env --frob
completion tcsh
check --frob
MISUSES
misuse 'doctor of a pid that is none' 2 'there is no process 999999' "$orshim" doctor 999999
misuse 'doctor of a file here' 2 'write ./ before it' "$orshim" doctor agent.py
misuse 'doctor of a file without x' 2 'chmod +x' "$orshim" doctor ./agent.py
misuse 'run of nothing' 127 'command not found: nosuchtool' "$orshim" run -- nosuchtool
misuse 'run of a file here' 127 'write ./ before it' "$orshim" run -- agent.py
misuse 'lint of a folder' 2 'it is a folder; name a file' "$orshim" lint --request folder
misuse 'report of a device' 2 'it is a device, not a log' "$orshim" report /dev/zero
misuse 'a newer log' 2 'written by a newer orshim (upgrade' "$orshim" report future.log
run 'explain in capitals' 0 "$orshim" explain AUTH_TOKEN_QUOTED
run 'no command' 2 "$orshim"
told 'no command' err 'run a tool with the shim preloaded'

# blocks only where the locale has them
for locale in C POSIX en_US.ISO-8859-1 ''; do
	LC_ALL=$locale LC_CTYPE='' LANG='' "$orshim" report six.log >"$work/out" 2>"$work/err"
	! LC_ALL=C grep -q '[^ -~]' "$work/out" && grep -q '(# refused, . not)' "$work/out"
	verdict $? "the locale '$locale': ASCII alone"
done
LC_ALL='' LC_CTYPE=de_DE.utf8 LANG=C "$orshim" report six.log >"$work/out"
told 'a locale of UTF-8' out '█ refused'

# a width that is given holds on a pipe, too
COLUMNS=60 "$orshim" report six.log >"$work/out"
[ "$(sed -n '/^timeline/q; p' "$work/out" | awk 'length > 60 && / .* /' | grep -vc 'https\?:')" = 0 ]
verdict $? 'COLUMNS counts on a pipe'

# what is no secret is shown
run 'a request in detail' 1 "$orshim" report six.log:1
told 'a request in detail' out 'access-control-allow-origin: *'
told 'a request in detail' out 'Authorization: <redacted>'

# the manual pages at a narrow terminal
if [ -x "$(command -v groff)" ]; then
	for page in orshim.1 orshim-code.1 liborshim.7 orshim-rules.7; do
		page=$root/docs/$page
		# A word that fills a line cannot be moved; from groff 1.23 on that is said.
		groff -man -Tutf8 -k -ww -rLL=60n "$page" 2>&1 >/dev/null | grep -v 'cannot adjust line' >"$work/err"
		[ ! -s "$work/err" ]
		verdict $? "${page##*/} at 60 columns: no complaint of troff"
	done
else
	skip 'no groff here'
fi
! grep -qF "${good#sk-or-v1-}" "$work/all"
verdict $? 'no test key in anything that was written'
finish
