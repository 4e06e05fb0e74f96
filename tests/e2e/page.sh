#!/bin/sh
# SPDX-License-Identifier: MIT
# page.sh: the HTML report in headless Chromium; without one this test has nothing to do.
cd "$(dirname "$0")/../.." || exit 2
exec tests/e2e/page.py "${BUILD:-build}/orshim"
