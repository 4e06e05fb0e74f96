# SPDX-License-Identifier: MIT
# shellcheck shell=sh disable=SC2034 # for who reads this file
# cache.sh, read by the other scripts: $cache is the folder outside the checkout for what is fetched or built
# once. begin_work makes it, and in it a folder $work, which is removed at the end.
cache=${ORSHIM_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/orshim}

begin_work() {
	mkdir -p "$cache"
	work=$(mktemp -d "$cache/.fetch.XXXXXX")
	trap 'rm -rf "$work"' EXIT
	trap 'exit 130' INT TERM
}
