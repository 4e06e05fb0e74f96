#!/usr/bin/python3
# SPDX-License-Identifier: MIT
# tags: fast alone -- fast
"""Suites that nobody here wrote, or matrices of tools' own options, bare and under the shim.

run.py [fast] [SUITE…]: cpython, openssl, curl, node. Each verdict must be the
same with and without the shim. `fast` takes a small part of each.
"""

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
    pair = Pair()
    for name in chosen:
        start = time.monotonic()
        SUITES[name](pair, fast)
        print(f"# {name}: {time.monotonic() - start:.0f} s", flush=True)
    shutil.rmtree(pair.folder, ignore_errors=True)
    for suite, count, wrong in pair.rows:
        print(f"# {count:6} verdicts, {wrong} differ: {suite}")
    print(f"{pair.same} same, {pair.different} different")
    return 1 if pair.different else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
