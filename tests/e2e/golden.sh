#!/bin/sh
# SPDX-License-Identifier: MIT
# golden.sh: reports and a comparison of one kept log, to the byte; scripts/update-golden.sh rewrites them.
cd "$(dirname "$0")/../.." || exit 2
exec tests/e2e/golden.py "${BUILD:-build}/orshim"
