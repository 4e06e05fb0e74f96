#!/bin/sh
# SPDX-License-Identifier: MIT
# tags: fast
# check-layers.sh [BUILD]: the direction tap -> wire -> diagnose -> report, by
# #include and by undefined symbols; and who may write, lock, or read the environment.
set -eu
cd "$(dirname "$0")/.."
build=${1:-build}
bad=0
fail() {
	echo "check-layers: $*" >&2
	bad=1
}

# includes ROOM ALLOWED-REGEX: what ROOM's files include of ours.
includes() {
	found=$(grep -nE '^#include "(base|wire|diagnose|report|tap|tools)/|^#include "observe' \
		"shim/$1"/*.[ch] "shim/$1"/*/*.[ch] "shim/$1"/*/*.def 2>/dev/null | grep -vE "#include \"($2)" || true)
	[ -z "$found" ] || fail "shim/$1 includes what it must not:
$found"
}
includes base 'base/'
includes wire 'base/|wire/'
includes diagnose 'base/|wire/|diagnose/'
includes report 'base/|wire/|diagnose/|report/'
includes tap 'base/|wire/|diagnose/|report/|tap/|observe'
# tap/find only reads files and memory; `orshim doctor` asks it as well.
found=$(grep -rnE '^#include "(shim/)?tap/' tools shim/*.[ch] |
	grep -vE '"tap/find/' || true)
[ -z "$found" ] || fail "only tap may include tap/:
$found"

# In tools/, too, what stands on something is not what that stands on.
below() { # FOLDER ALLOWED-REGEX
	found=$(grep -nE '^#include "tools/[a-z]+/' "tools/$1"/*.[ch] | grep -vE "\"tools/($1|$2)/" || true)
	[ -z "$found" ] || fail "tools/$1 includes what it must not:
$found"
}
below run 'catalogue|log'
below redirect program
below log none
below report 'log|run'
below capture log
below export log
below program none
below editor program
below attach 'log|program'
below catalogue none
below docgen none

# calls REGEX ALLOWED-OBJECTS-REGEX WHAT: objects under shim/ that need a symbol of REGEX.
calls() {
	found=$(grep -E " needs ($1)\$" "$scratch/needs" | grep -vE "^($2) " || true)
	[ -z "$found" ] || fail "only ($2) $3:
$found"
}
scratch=$(mktemp -d "${TMPDIR:-/tmp}/orshim-layers.XXXXXX")
trap 'rm -rf "$scratch"' EXIT
# "OBJECT needs SYMBOL", for all of them at once.
find "$build/shim" -name '*.o' | sort | xargs nm -A -u |
	sed -E "s|^$build/||; s|: +[A-Za-z] | needs |; s|@.*||" >"$scratch/needs"
[ -s "$scratch/needs" ] || fail "there is no object below $build/shim; make first"
calls 'open|open64|openat|openat64|write|writev|pwrite|dprintf|creat|mkdir' \
	'shim/report/log\.o|shim/tap/[a-z_0-9/]*\.o' 'may open and write'
calls 'getenv|secure_getenv|environ|__environ' \
	'shim/base/settings\.o|shim/observe\.o|shim/tap/[a-z_0-9/]*\.o' 'may read the environment'
calls 'pthread_(mutex|rwlock|spin|cond|once|create|key|barrier).*|clock_gettime|gettimeofday|time|sem_.*' \
	'shim/tap/[a-z_0-9/]*\.o' 'may lock or read the clock'
calls 'abort|exit|_exit|__assert_fail|printf|puts|fopen|fopen64|system|popen' \
	'shim/none\.o' 'may end the process or use stdio'
exit "$bad"
