#!/bin/bash
# SPDX-License-Identifier: MIT
# tags: fast
# terminal.sh: the commands on a real terminal (tmux): watch, its window's size,
# Ctrl-C; run with a program that uses the whole screen.
set -u
cd "$(dirname "$0")/../.." || exit 2
build=$PWD/${BUILD:-build}
. tests/e2e/harness/cases.sh
evidence=("$work/screen")
count=0
tmux=(false)
trap '"${tmux[@]}" kill-server 2>/dev/null; leave' EXIT
unset TMUX LESS
export PATH=$build:$PATH LANG=C.UTF-8

standin
good=$(standin_has good)
export CURL_CA_BUNDLE ORSHIM_HOSTS OPENROUTER_API_KEY="\"$good\""
CURL_CA_BUNDLE=$ca
ORSHIM_HOSTS=localhost:$port=openrouter
url=https://localhost:$port/api/v1/key
cat >"$work/ask" <<ASK
#!/bin/sh
exec curl -sS --http1.1 -H "Authorization: Bearer \$OPENROUTER_API_KEY" $url
ASK
chmod +x "$work/ask"

# screen COLUMNS COMMAND: a new terminal with a shell that runs it
screen() {
	"${tmux[@]}" kill-server 2>/dev/null
	count=$((count + 1))
	tmux=(tmux -S "$work/tmux$count" -f /dev/null)
	"${tmux[@]}" new-session -d -x "$1" -y 45 "$2; echo \"[status \$?]\"; exec sleep 1000"
}
# seen PATTERN: on the screen, within half a minute or so
seen() {
	for _ in $(seq 300); do
		"${tmux[@]}" capture-pane -p >"$work/screen"
		cat "$work/screen" >>"$work/all"
		grep -qE -- "$1" "$work/screen" && return 0
		read -r -t 0.1 <> <(:) || true
	done
	return 1
}
ended() { seen '^\[status [0-9]+\]'; }
# fits COLUMNS [PATTERN]: the last line with it was broken by us, not by the terminal (-J joins what that broke)
fits() {
	local line
	line=$("${tmux[@]}" capture-pane -pJ | sed 's/ *$//' | grep -E -- "${2:-(why|fix): }" | tail -n 1)
	[ -n "$line" ] && [ ${#line} -le "$1" ]
}

# --- run: the report begins on a line of its own, in colour, as wide as the terminal
screen 70 "orshim run -- $work/ask"
ended && grep -q '^orshim: the request was refused' "$work/screen"
verdict $? "run: the verdict begins a line, although the tool's output ended without one"
fits 70
verdict $? "run: paragraphs no wider than the terminal"
fits 70 '^orshim: [0-9]' && fits 70 '^orshim: the request' && fits 70 '^  --> '
verdict $? "run: so are the verdict and the summary"
"${tmux[@]}" capture-pane -pe | grep -q $'\033\[[0-9;]*31m'
verdict $? "run: in colour"

# --- run of a program that uses the whole screen
seq 200 | sed 's/^/a line of the page /' >"$work/page"
screen 100 "orshim run -- sh -c '$work/ask >/dev/null; exec less $work/page'"
seen 'a line of the page 1$'
! grep -qE 'error\[auth|refused: the key' "$work/screen"
verdict $? "run of less: nothing but its page while it runs"
"${tmux[@]}" resize-window -x 60
"${tmux[@]}" send-keys G
seen 'a line of the page 200$'
verdict $? "run of less: it takes keys and a change of size"
"${tmux[@]}" send-keys q
ended && grep -qF 'error[auth_token_quoted]' "$work/screen"
verdict $? "run of less: the report comes after it"
fits 60
verdict $? "run of less: the report has the width of now"

# --- of others: one that draws again and again, and an editor, both in raw mode
screen 100 "orshim run -- sh -c '$work/ask >/dev/null; exec top -d 1'"
seen 'PID USER'
quiet=$(grep -cE 'error\[auth|refused' "$work/screen")
"${tmux[@]}" resize-window -x 80
"${tmux[@]}" send-keys h
seen 'Help for Interactive Commands' && [ "$quiet" = 0 ] && ! grep -qE 'error\[auth|refused' "$work/screen"
verdict $? "run of top: it draws, takes keys, and nothing stands in its screen"
"${tmux[@]}" send-keys q
seen 'PID USER' # top takes two keys at once for an unknown one
"${tmux[@]}" send-keys q
ended && grep -qF 'error[auth_token_quoted]' "$work/screen" && fits 80
verdict $? "run of top: the report comes after it"
screen 100 "orshim run -- sh -c '$work/ask >/dev/null; exec busybox vi $work/text'"
seen '^~' && ! grep -qE 'error\[auth|refused' "$work/screen"
verdict $? "run of vi: nothing but its page while it runs"
"${tmux[@]}" send-keys i 'words of the user' Escape
seen 'words of the user'
"${tmux[@]}" resize-window -x 60
"${tmux[@]}" send-keys :wq Enter
ended && grep -qF 'error[auth_token_quoted]' "$work/screen" && [ "$(cat "$work/text")" = 'words of the user' ]
verdict $? "run of vi: its file is written, and the report comes after it"
fits 60
verdict $? "run of vi: the report has the width of now"
screen 100 "orshim run -- sh -c '$work/ask >/dev/null; echo working; exec sleep 1000'"
seen '^working'
"${tmux[@]}" send-keys C-c
ended && grep -qF 'error[auth_token_quoted]' "$work/screen"
verdict $? "run: Ctrl-C ends the tool, and the report comes"

# --- watch
cp "$(grep -l auth_token_quoted "$work"/state/orshim/runs/*/log | head -n 1)" "$work/log"
screen 100 "orshim watch --plain --all $work/log"
seen 'fix: '
verdict $? "watch: the exchange, and why"
"${tmux[@]}" resize-window -x 50
sed 's/auth_token_quoted/auth_token_masked/g' "$work/log" >>"$work/log.more"
cat "$work/log.more" >>"$work/log"
seen 'error\[auth_token_masked\]'
verdict $? "watch: what comes"
fits 50
verdict $? "watch: the width of now"
"${tmux[@]}" send-keys C-c
ended && grep -qx '\[status 0\]' "$work/screen"
verdict $? "watch: Ctrl-C is a clean end, at the beginning of a line"

! grep -qF "${good#sk-or-v1-}" "$work/all"
verdict $? "no test key on any screen"
finish
