#!/bin/sh
# SPDX-License-Identifier: MIT
# tags: fast
# check-layers.sh [BUILD]: data flows tap -> wire -> diagnose -> report. The last three include only
# what is before them, and never the tap, which drives them all; by #include and by undefined symbols.
# No circle between files, no name and no include guard twice; who may write, lock, or read the
# environment.
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

# In tools/, too, nothing includes what is above it.
below() { # FOLDER ALLOWED-REGEX
	found=$(grep -nE '^#include "tools/[a-z]+/' "tools/$1"/*.[ch] | grep -vE "\"tools/($1|$2)/" || true)
	[ -z "$found" ] || fail "tools/$1 includes what it must not:
$found"
}
below check 'catalogue|editor|run'
below run 'catalogue|log|program'
below redirect program
below log none
below report 'log|run'
below watch 'log|report'
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
	'shim/report/sink\.o|shim/tap/[a-z_0-9/]*\.o' 'may open and write'
calls 'getenv|secure_getenv|environ|__environ' \
	'shim/base/settings\.o|shim/observe\.o|shim/tap/[a-z_0-9/]*\.o' 'may read the environment'
calls 'pthread_(mutex|rwlock|spin|cond|once|create|key|barrier).*|clock_gettime|gettimeofday|time|sem_.*' \
	'shim/tap/[a-z_0-9/]*\.o' 'may lock or read the clock'
calls 'abort|exit|_exit|__assert_fail|printf|puts|fopen|fopen64|system|popen' \
	'shim/none\.o' 'may end the process or use stdio'

# Each edge "OBJECT OBJECT", by the symbols that the one defines and the other needs. The
# wrappers define names of libc and of OpenSSL, and who calls these means the originals.
find "$build/shim" "$build/tools" -name '*.o' | sort | while read -r object; do
	source=${object#"$build/"}
	[ ! -e "${source%.o}.c" ] && [ ! -e "${source%.o}.S" ] || echo "$object"
done >"$scratch/objects"
xargs nm -A -g <"$scratch/objects" 2>/dev/null | sed "s|^$build/||; s|: *[0-9a-f]* *\([A-Za-z]\) | \1 |" |
	awk '$2 ~ /[TDBRVWC]/ && $1 != "shim/tap/wrappers.o" { home[$3] = $1 }
		$2 == "U" { user[NR] = $1; name[NR] = $3 }
		END { for (i in user) if (name[i] in home) print user[i], home[name[i]] }' >"$scratch/edges"
# Headers that include each other; a path begins at shim/ or at the root.
grep -rnE '^#include "' shim tools --include=*.h | sed -E 's|:[0-9]+:#include "| |; s|".*||' |
	awk '{ print $1, ($2 ~ /^(tools|shim)\//) ? $2 : "shim/" $2 }' >>"$scratch/edges"
found=$(awk -f scripts/circles.awk "$scratch/edges")
[ -z "$found" ] || fail "these files need each other in a circle:
$found"

found=$(grep -rhE '^#ifndef [A-Z0-9_]+_H$' shim tools --include=*.h | sort | uniq -d)
[ -z "$found" ] || fail "several headers have one include guard:
$found"
found=$(find shim -name '*.[ch]' | sed 's|.*/||' | sort | uniq -d)
[ -z "$found" ] || fail "several files under shim/ have one name:
$found"
exit "$bad"
