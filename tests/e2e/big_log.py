#!/usr/bin/python3
# SPDX-License-Identifier: MIT
# tags: clients alone
"""big_log.py ORSHIM [MIB]: a log of 1 GiB, one line per 64 KiB or so damaged, in 1 GiB of memory.

Every record is counted, every damaged line is listed or counted, nothing is lost.
"""
import glob
import os
import resource
import subprocess
import sys
import tempfile

from harness import ORSHIM, check, finish

HERE = os.path.dirname(os.path.abspath(__file__))


def limited():
    resource.setrlimit(resource.RLIMIT_AS, (1 << 30, 1 << 30))


def main():
    size = int(sys.argv[1] if len(sys.argv) > 1 else 1024) << 20
    captures = glob.glob(os.path.join(HERE, "..", "captures", "auth_token_quoted", "*.cap"))
    one = subprocess.run([ORSHIM, "replay", "--json"] + captures, stdout=subprocess.PIPE).stdout
    exchanges = one.count(b'"record":"exchange"')
    block = one * ((64 << 10) // len(one) + 1) + b"\xff\x1b[2J<script>no JSON\n"
    blocks = size // len(block) + 1
    with tempfile.NamedTemporaryFile(suffix=".log") as log:
        for _ in range(blocks):
            log.write(block)
        log.flush()
        run = subprocess.run([ORSHIM, "report", log.name], stdout=subprocess.PIPE,
                             stderr=subprocess.PIPE, preexec_fn=limited)
    wanted = b" of %d requests were refused" % (exchanges * blocks * ((64 << 10) // len(one) + 1))
    good = run.returncode == 1 and wanted in run.stdout and b"\x1b" not in run.stdout
    good = good and b"and %d more" % (blocks - 1) in run.stdout + run.stderr
    check(good, "%d MiB,%s, %d damaged lines" % (size >> 20, wanted.decode(), blocks),
          "exit %d, %s, %s ... %s" % (run.returncode, run.stderr[-500:], run.stdout[:1500],
                                      run.stdout[-1000:]))
    return finish()


if __name__ == "__main__":
    sys.exit(main())
