#!/bin/sh
# SPDX-License-Identifier: MIT
# tags: fast
# check-docs.sh [--update]: docs/rules.md, the manual pages and the columns in
# docs/fleet.md are what the tables of rules, commands, settings and columns print,
# and man accepts the pages. No command reads an option by itself.
set -eu
cd "$(dirname "$0")/.."
orshim=${BUILD:-build}/orshim
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
bad=0

"$orshim" rules --markdown >"$scratch/rules.md"
"$orshim" rules --man >"$scratch/orshim-rules.7"
"$orshim" help --man >"$scratch/orshim.1"
"$orshim" env --man >"$scratch/liborshim.7"
# The page with the table of now between its two marks.
"$orshim" export --columns >"$scratch/columns"
sed -e "/^<!-- columns/r $scratch/columns" -e '/^<!-- columns/,/^<!-- end/{/^|/d}' docs/fleet.md \
	>"$scratch/fleet.md"
if [ "${1:-}" = --update ]; then
	mkdir -p docs
	cp "$scratch/fleet.md" docs/
	cp "$scratch/rules.md" "$scratch"/*.[17] docs/
fi
for page in rules.md fleet.md orshim-rules.7 orshim.1 liborshim.7; do
	if ! cmp -s "$scratch/$page" "docs/$page"; then
		echo "check-docs: docs/$page is stale; scripts/check-docs.sh --update writes it anew:" >&2
		diff -u "docs/$page" "$scratch/$page" | head -n 20 >&2 || true
		bad=1
	fi
done
"$orshim" explain path_is_base | grep -q 'ANTHROPIC_BASE_URL=https://openrouter.ai/api' || {
	echo "check-docs: explain path_is_base does not say where Claude Code keeps its base URL" >&2
	bad=1
}
# The table has one row a rule in the overview, and one entry of its own.
for rule in $("$orshim" rules | awk 'NF > 3 && $1 ~ /^[a-z_]+$/ { print $1 }'); do
	[ "$(grep -c "^### $rule\$" docs/rules.md)" = 1 ] || {
		echo "check-docs: docs/rules.md does not tell of $rule once" >&2
		bad=1
	}
	"$orshim" explain "$rule" >"$scratch/one"
	for part in why: fix: example: sources:; do
		grep -q "^  $part" "$scratch/one" || {
			echo "check-docs: explain $rule says no $part" >&2
			bad=1
		}
	done
done
for page in docs/orshim.1 docs/*.7; do
	groff -man -Tutf8 -k -ww -Wbreak "$page" >/dev/null 2>"$scratch/groff" || bad=1
	if [ -s "$scratch/groff" ]; then
		cat "$scratch/groff" >&2
		bad=1
	fi
done
# Words that readers stumbled over; what they mean can be said plainly.
words='\b(stands?(?! for)(?!-in)|holds?|upper-cases|signature(?!`))\b|(?<![Tt]here) (is|are|was|were) no [a-z]+'
words="$words"'| of its own\b|[Ss]uch an? |openrouter_auth(?!`)|without a word|, the key neither|reads along'
words="$words"'|nobody that|that is none\b|is told that'
found=$(grep -nP "$words" README.md CONTRIBUTING.md docs/*.md docs/orshim*.1 docs/liborshim.7 \
	tests/captures/*/*.expected tests/golden/*.txt tests/golden/*.md || true)
[ -z "$found" ] || {
	printf 'check-docs: say it in other words:\n%s\n' "$found" >&2
	bad=1
}
# Options are read by their rows in commands.c alone.
found=$(grep -nE 'strn?cmp\([^)]*"--[a-z-]*"' tools/cmd_*.c || true)
[ -z "$found" ] || {
	printf 'check-docs: an option belongs into a row of tools/commands.c:\n%s\n' "$found" >&2
	bad=1
}
# Files that the two guides name are there; in a section about one folder they are named without it.
git ls-files >"$scratch/files"
sed 's|/[^/]*$|/|' "$scratch/files" | sort -u >"$scratch/folders"
for page in ARCHITECTURE.md CONTRIBUTING.md; do
	# shellcheck disable=SC2016 # Markdown's own marks
	grep -oE '`[A-Za-z0-9_./-]+`' "$page" | tr -d '`' | sort -u |
		grep -E '/|\.(c|h|def|sh|py|md)$' | grep -vE '^(/|[a-z]+/\*)|NAME|^build/' | while read -r name; do
		grep -qE "(^|/)$name\$" "$scratch/files" || grep -qE "(^|/)${name%/}/" "$scratch/folders" ||
			echo "$page names $name, which is not there"
	done
done >"$scratch/named"
if [ -s "$scratch/named" ]; then
	sed 's/^/check-docs: /' "$scratch/named" >&2
	bad=1
fi
# So are those that comments name, but for the files of others.
others='a\.b\.c|b\.c|bio\.h|err\.h|internal\.h|ipv6\.h|methods\.c|quic_tls\.c|s3_lib\.c|sigcontext\.h|ssl_local\.h|sslerr\.h'
others="$others"'|threads_pthread\.c|ucontext\.h|x509_txt\.c|x509_vfy\.h|rule_ids\.def|checks\.def|patterns\.def'
git grep -ohE '\b[a-z0-9_]+\.(c|h|def)\b' -- 'shim/*.[ch]' 'shim/*.def' 'tools/*.[ch]' 'tools/*.def' | sort -u |
	grep -vxE "$others" >"$scratch/named"
git grep -ohE '^#include <[^>]*' -- shim tools | sed 's|.*[</]||' | cat - "$scratch/files" | sed 's|.*/||' |
	sort -u >"$scratch/there"
comm -23 "$scratch/named" "$scratch/there" >"$scratch/gone"
if [ -s "$scratch/gone" ]; then
	echo "check-docs: comments name these files, which are not there:" "$(tr '\n' ' ' <"$scratch/gone")" >&2
	bad=1
fi
git grep -ohE 'docs/[a-z-]+\.md' -- shim tools scripts tests | sort -u | while read -r name; do
	[ -e "$name" ] || echo "check-docs: $name is named, and not there" >&2
done 2>"$scratch/gone"
if [ -s "$scratch/gone" ]; then
	cat "$scratch/gone" >&2
	bad=1
fi
# Words of our own for what the field has a word for: they are gone. The list grows.
gone='errand|repose|disguise|word for nothing|re-entry'
if git grep -nwiE "$gone" -- shim tools docs '*.md' ':!CHANGELOG.md' >"$scratch/gone"; then
	echo "check-docs: these words were replaced by plainer ones:" >&2
	head -n 20 "$scratch/gone" >&2
	bad=1
fi
exit "$bad"
