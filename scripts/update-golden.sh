#!/bin/sh
# SPDX-License-Identifier: MIT
# update-golden.sh: rewrite every *.expected below tests/captures with what the
# code says now; the diff is what there is to review. A new rule folder gets its
# fires.expected.
set -eu
cd "$(dirname "$0")/.."

make build/tests/unit/test_captures
for capture in tests/captures/*/fires.cap; do
	expected=${capture%.cap}.expected
	[ -e "$expected" ] || : >"$expected"
done
UPDATE_EXPECTED=1 build/tests/unit/test_captures
git diff --stat -- tests/captures
