#!/bin/bash
# SPDX-License-Identifier: MIT
# tags: fast
# install.sh: make install and uninstall, the Debian package in a separate root,
# the manual pages, and the completions in real bash, zsh and fish.
set -u
cd "$(dirname "$0")/../.." || exit 2
. tests/e2e/harness/cases.sh
tmux=(tmux -S "$work/tmux" -f /dev/null)
trap '"${tmux[@]}" kill-server 2>/dev/null; leave' EXIT
unset TMUX
export HOME=$work/home
mkdir -p "$HOME"
below() { (cd "$1" && find . -type f | LC_ALL=C sort); }
key=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
printf '= host openrouter.ai\n> GET /api/v1/key HTTP/1.1\n> Host: openrouter.ai\n> Authorization: Bearer "%s"\n>\n< HTTP/1.1 401 Unauthorized\n< Content-Length: 0\n<\n= close\n' "$key" >"$work/quoted.cap"

# works BIN: the orshim there finds its library, and does what it is for
# shellcheck disable=SC2016 # for the inner shell
works() {
	"$1/orshim" --version && "$1/orshim" replay "$work/quoted.cap" | grep -q auth_token_quoted &&
		"$1/orshim" run -- sh -c 'echo "$LD_PRELOAD"' && "$1/orshim-run" sh -c 'echo "$LD_PRELOAD"'
} >"$work/out" 2>&1

# --- make install, uninstall
files='bin/orshim bin/orshim-code bin/orshim-run lib/liborshim.so share/bash-completion/completions/orshim
share/fish/vendor_completions.d/orshim.fish share/man/man1/orshim-code.1 share/man/man1/orshim-run.1
share/man/man1/orshim.1
share/man/man7/liborshim.7 share/man/man7/orshim-rules.7 share/orshim/log.schema.json share/orshim/report.schema.json
share/orshim/watch.schema.json'
files="$files $(echo share/orshim/fleet/*)"
for page in README.md docs/*.md docs/*.png; do files="$files share/doc/orshim/$page"; done
make install PREFIX=/opt/shim DESTDIR="$work/dest" >"$work/out" 2>&1
verdict $? "make install"
for file in $files share/zsh/site-functions/_orshim; do echo "./opt/shim/$file"; done | LC_ALL=C sort >"$work/wanted"
below "$work/dest" | diff "$work/wanted" - >"$work/out"
verdict $? "make install: these files and no other"
# dead_links FOLDER: relative links of its pages that lead nowhere, and addresses of none
dead_links() {
	(cd "$1" && grep -oE '\]\([^)#]+' README.md docs/*.md | grep -vE '\]\((https?|mailto):' | tr -d '](' |
		while IFS=: read -r page link; do [ -e "$(dirname "$page")/$link" ] || echo "$page: $link"; done)
}
dead_links "$work/dest/opt/shim/share/doc/orshim" >"$work/out"
[ ! -s "$work/out" ] && grep -q 'docs/editors.md' "$work/dest/opt/shim/share/doc/orshim/README.md"
verdict $? "make install: each link of the pages leads somewhere (D15)"
works "$work/dest/opt/shim/bin" && grep -qx "$work/dest/opt/shim/lib/liborshim.so" "$work/out"
verdict $? "make install: what is installed works, with its own library"
make uninstall PREFIX=/opt/shim DESTDIR="$work/dest" >"$work/out" 2>&1 && [ -z "$(below "$work/dest")" ]
verdict $? "make uninstall: nothing is left"

# --- the package, in a root of its own
make --no-print-directory deb >"$work/out" 2>&1
verdict $? "make deb"
deb=$(tail -n 1 "$work/out")
root=$work/root
mkdir -p "$root/var/lib/dpkg/info" "$root/var/lib/dpkg/updates" "$root/var/lib/dpkg/triggers"
: >"$root/var/lib/dpkg/status"
as_root=()
[ "$(id -u)" = 0 ] || as_root=(fakeroot)
package() { PATH=$PATH:/usr/sbin:/sbin "${as_root[@]}" dpkg --root="$root" --force-not-root --force-depends "$@" >"$work/out" 2>&1; }
package -i "$deb"
verdict $? "dpkg -i"
dpkg-deb -I "$deb" >"$work/out" && grep -qx ' Depends: libc6 ([^,]*)' "$work/out"
verdict $? "the package depends on libc alone"
for file in $files share/zsh/vendor-completions/_orshim; do
	case $file in share/man/*) file=$file.gz ;; esac
	[ -s "$root/usr/$file" ] || echo "$file"
done >"$work/out"
[ ! -s "$work/out" ]
verdict $? "dpkg -i: everything is there"
[ -z "$(dead_links "$root/usr/share/doc/orshim")" ] && ! grep -q CONTRIBUTING "$root/usr/share/doc/orshim/README.md"
verdict $? "dpkg -i: each link of the pages leads somewhere (D15)"
(cd "$root" && md5sum -c --quiet var/lib/dpkg/info/orshim.md5sums) >"$work/out" 2>&1
verdict $? "dpkg -i: the sums are right"
works "$root/usr/bin" && [ "$(grep -cx "$root/usr/lib/liborshim.so" "$work/out")" = 2 ]
verdict $? "dpkg -i: what is installed works, with its own library"
package -r orshim && [ -z "$(find "$root" -name '*orshim*')" ]
verdict $? "dpkg -r: nothing of it is left, not even for a purge"
package -i "$deb" && package -P orshim && [ -z "$(find "$root" -name '*orshim*')" ] && [ ! -e "$root/usr" ]
verdict $? "dpkg -P: no file, no folder"

# --- completions: each shell is asked what it offers behind a line
PATH=$PWD/${BUILD:-build}:$PATH
orshim completion bash >"$work/orshim.bash"
orshim completion fish >"$work/orshim.fish"
mkdir "$work/functions"
orshim completion zsh >"$work/functions/_orshim"
cat >"$work/ask.bash" <<'ASK'
source "$1"
while read -ra COMP_WORDS; do
	[ "${COMP_WORDS[-1]}" != _ ] || COMP_WORDS[-1]=''
	COMP_CWORD=$((${#COMP_WORDS[@]} - 1))
	_orshim
	echo "${COMPREPLY[@]}"
done
ASK
cat >"$work/.zshrc" <<ZSHRC
fpath=($work/functions \$fpath)
autoload -U compinit && compinit -u -d $work/zcompdump
PS1='%% '
bindkey '^X' list-choices
ZSHRC
"${tmux[@]}" new-session -d -x 150 -y 50 -e ZDOTDIR="$work" zsh -d
# seen WORDS: on zsh's screen, within half a minute or so
seen() {
	for _ in $(seq 300); do
		"${tmux[@]}" capture-pane -p >"$work/out"
		grep -qE -- "$1" "$work/out" && return 0
		read -r -t 0.1 <> <(:) || true
	done
	return 1
}
seen '^%'
verdict $? "zsh is there"

# offers LINE WORD...: all three shells offer these words at the end of LINE ("_": an empty word)
offers() {
	local line=$1 word bad=0
	shift
	bash --norc "$work/ask.bash" "$work/orshim.bash" <<<"$line" >"$work/out" 2>&1
	for word; do tr ' ' '\n' <"$work/out" | grep -qxF -- "$word" || bad=1; done
	verdict $bad "bash: $line"
	bad=0
	# shellcheck disable=SC2016 # for fish
	fish -c 'source $argv[1]; complete -C $argv[2]' "$work/orshim.fish" "${line%_}" >"$work/out" 2>&1
	for word; do cut -f 1 "$work/out" | grep -qxF -- "$word" || bad=1; done
	verdict $bad "fish: $line"
	bad=0
	"${tmux[@]}" send-keys C-u C-l
	"${tmux[@]}" send-keys -l "${line%_}"
	"${tmux[@]}" send-keys C-x
	for word; do seen "(^|[^a-z-])${word#./}( |\$)" || bad=1; done
	verdict $bad "zsh: $line"
}
offers 'orshim re' report rerun replay relay
offers 'orshim report --h' --html --har
offers 'orshim report ./READ' ./README.md
offers 'orshim explain auth_token_q' auth_token_quoted
offers 'orshim replay --split _' recorded bytes whole
offers 'orshim diff last' last-good last-bad
offers 'orshim baseline --key-env XDG_STATE_H' XDG_STATE_HOME
offers 'orshim doctor fakeroo' fakeroot
offers 'orshim help expl' explain
offers 'orshim run -- fakeroo' fakeroot
offers 'orshim run --log x cat ./READ' ./README.md
finish
