#!/usr/bin/python3
# SPDX-License-Identifier: MIT
# tags: fast alone -- fast
"""Suites that nobody here wrote, or matrices of tools' own options, bare and under the shim.

run.py [fast] [SUITE…]: cpython, openssl, curl, node. Each verdict must be the
same with and without the shim. `fast` takes a small part of each.
"""

import concurrent.futures
import os
import shutil
import sys
import time

import cpython
import curl
import node
import openssl
from pair import SHIM, Pair

SUITES = {"cpython": cpython.suite, "openssl": openssl.suite, "curl": curl.suite,
          "node": node.suite}


def run(name, fast):
    pair, start = Pair(), time.monotonic()
    try:
        SUITES[name](pair, fast)
    finally:
        shutil.rmtree(pair.folder, ignore_errors=True)
    print(f"# {name}: {time.monotonic() - start:.0f} s", flush=True)
    return pair


def main(arguments):
    fast = "fast" in arguments
    chosen = [a for a in arguments if a != "fast"] or list(SUITES)
    unknown = [a for a in chosen if a not in SUITES]
    if unknown:
        print(f"suites: unknown {unknown[0]!r}; fast, {', '.join(SUITES)}", file=sys.stderr)
        return 2
    if not os.path.exists(SHIM):
        print(f"suites: {SHIM} is not there; make it first", file=sys.stderr)
        return 2
    # The small parts mostly wait, and the longest is the last.
    with concurrent.futures.ThreadPoolExecutor(2 if fast else 1) as pool:
        pairs = list(pool.map(lambda name: run(name, fast), reversed(chosen) if fast else chosen))
    for suite, count, wrong in (row for pair in pairs for row in pair.rows):
        print(f"# {count:6} verdicts, {wrong} differ: {suite}")
    different = sum(pair.different for pair in pairs)
    print(f"{sum(pair.same for pair in pairs)} same, {different} different")
    return 1 if different else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
