#!/bin/sh
# SPDX-License-Identifier: MIT
# tags: fast
# check-sizes.sh: no file over 1,000 lines, no function over 60, no name that says
# nothing, no path of this machine.
set -eu
cd "$(dirname "$0")/.."
bad=0
fail() {
	echo "check-sizes: $*" >&2
	bad=1
}
files=$(git ls-files '*.c' '*.h' '*.py' '*.sh' '*.js' '*.mjs' '*.def' Makefile scripts | while read -r file; do
	[ ! -f "$file" ] || echo "$file"
done)
# shellcheck disable=SC2086 # a list of words on purpose
awk 'FNR == 1001 { print FILENAME " has more than 1,000 lines"; n++ } END { exit n > 0 }' $files >&2 || bad=1
for file in $files; do
	case ${file##*/} in
	*util* | *helper* | *common* | *misc* | *manager*) fail "$file: a name that says nothing" ;;
	esac
done
# A function's body is what is between { and } in column 1; a table in it does not count.
# shellcheck disable=SC2046,SC2086 # lists of words on purpose
awk '
	FNR == 1 { start = inside = 0 }
	/^\{/ { start = FNR; table = 0 }
	start && /= \{$/ { inside = FNR }
	inside && /^\t+\};/ { table += FNR - inside; inside = 0 }
	/^\}/ && start {
		lines = FNR - start + 2 - table
		if (lines > 60) { print FILENAME ":" start ": a function of " lines " lines"; n++ }
		start = inside = 0
	}
	END { exit n > 0 }' $(printf '%s\n' $files | grep '\.c$') >&2 || bad=1
found=$(git grep -nE '\b[a-z_]*(util|helper|manager)[a-z_]*\(|\b(process|handle|do)_[a-z_]+\(' -- 'shim/*.[ch]' 'tools/*.[ch]' |
	grep -vE "process_vm_|$(grep -ohE 'process_[a-z_]+' shim/tap/process.h | paste -sd '|')" || true) # a noun there
[ -z "$found" ] || fail "names that say nothing:
$found"
# Spelled in two parts, so that this file does not find itself.
found=$(git grep -nE '/work''/|/tmp''/team|/root''/' || true)
[ -z "$found" ] || fail "a path of one machine:
$found"
# shellcheck disable=SC2046,SC2086 # lists of words on purpose
awk '
	function check() { if (seen && !licensed) { print seen ": no SPDX line"; n++ } }
	FNR == 1 { check(); seen = FILENAME; licensed = 0 }
	FNR <= 3 && /SPDX-License-Identifier: MIT/ { licensed = 1 }
	END { check(); exit n > 0 }' $(printf '%s\n' $files | grep -E '\.(c|h|sh|py)$') >&2 || bad=1
exit "$bad"
