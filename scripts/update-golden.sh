#!/bin/sh
# SPDX-License-Identifier: MIT
# update-golden.sh: rewrite every *.expected below tests/captures, and the texts in
# tests/golden, with what the code says now; the diff is what there is to review. A new rule folder gets one for
# fires.cap, or else for its first fires-*.cap.
set -eu
cd "$(dirname "$0")/.."

make build/orshim build/tests/unit/test_captures
for folder in tests/captures/*/; do
	for capture in "$folder"fires.cap "$folder"fires-*.cap; do
		[ -e "$capture" ] || continue
		[ -e "${capture%.cap}.expected" ] || : >"${capture%.cap}.expected"
		break
	done
done
UPDATE_EXPECTED=1 build/tests/unit/test_captures
tests/e2e/golden.py --update
git diff --stat -- tests/captures tests/golden
