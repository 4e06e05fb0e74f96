#!/bin/sh
# SPDX-License-Identifier: MIT
# check-sizes.sh: no file over 600 lines, no function over 60, no name that says
# nothing, no path of this machine.
set -eu
cd "$(dirname "$0")/.."
bad=0
fail() {
	echo "check-sizes: $*" >&2
	bad=1
}
files=$(git ls-files '*.c' '*.h' '*.py' '*.sh' '*.js' '*.mjs' '*.def' Makefile scripts)
for file in $files; do
	[ -f "$file" ] || continue
	lines=$(wc -l <"$file")
	[ "$lines" -le 600 ] || fail "$file has $lines lines; 600 are the most"
	case ${file##*/} in
	*util* | *helper* | *common* | *misc* | *manager*) fail "$file: a name that says nothing" ;;
	esac
done
for file in $(git ls-files '*.c'); do
	[ -f "$file" ] || continue
	# A function's body is what stands between { and } in column 1; a table in it does not count.
	awk -v file="$file" '
		/^\{/ { start = NR; table = 0 }
		start && /= \{$/ { inside = NR }
		inside && /^\t+\};/ { table += NR - inside; inside = 0 }
		/^\}/ && start {
			lines = NR - start + 2 - table
			if (lines > 60) { print file ":" start ": a function of " lines " lines"; n++ }
			start = inside = 0
		}
		END { exit n > 0 }' "$file" >&2 || bad=1
done
found=$(git grep -nE '\b[a-z_]*(util|helper|manager)[a-z_]*\(|\b(process|handle|do)_[a-z_]+\(' -- 'shim/*.[ch]' 'tools/*.[ch]' |
	grep -v process_vm_readv || true) # a system call
[ -z "$found" ] || fail "names that say nothing:
$found"
# Spelled in two parts, so that this file does not find itself.
found=$(git grep -nE '/work''/|/tmp''/team|/root''/' || true)
[ -z "$found" ] || fail "a path of one machine:
$found"
for file in $(git ls-files '*.c' '*.h' '*.sh' '*.py'); do
	head -3 "$file" | grep -q 'SPDX-License-Identifier: MIT' || fail "$file: no SPDX line"
done
exit "$bad"
