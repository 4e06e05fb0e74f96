#!/usr/bin/python3
# SPDX-License-Identifier: MIT
# tags: fast alone
"""connections.py [COUNT [CHECKED]]: the memory of a client that opens one connection after another.

The bench's C client makes COUNT (2000 unless said) of them bare and under the
shim at the same time: some accepted, some refused, some with a key of their
own, some to no API. Private and allocated memory after a hundredth, a tenth and
all of them are printed. What the shim adds to the bare client may not grow
from a tenth on: whatever it keeps of a connection goes with it. Then the same
under valgrind's memcheck with CHECKED connections (a fiftieth).
"""

import json
import os
import subprocess
import sys
import tempfile

from memcheck import SHIM, TESTS, both_ways, judge
# Its folder is in sys.path by memcheck.
import harness

BENCH = os.path.join(TESTS, "bench")
# What may change from one reading to the next without a leak: malloc's own rounding, pages that
# are touched for the first time. A byte a connection would be more at 100,000.
SLACK_ALLOCATED = 32 * 1024
SLACK_PRIVATE = 256 * 1024
KINDS, KINDS_OF_API = 4, 3


class Trial:
    def __init__(self, work):
        self.work = work
        self.client, server = self.build("client"), self.build("server")
        key, certificate = self.path("key.pem"), self.path("cert.pem")
        subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt",
                        "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2", "-subj",
                        "/CN=openrouter.ai", "-keyout", key, "-out", certificate],
                       check=True, stderr=subprocess.DEVNULL)
        self.server = subprocess.Popen([server, certificate, key], stdin=subprocess.PIPE,
                                       stdout=subprocess.PIPE)
        self.port = self.server.stdout.readline().decode().strip()

    def path(self, name):
        return os.path.join(self.work, name)

    def build(self, name):
        subprocess.run([os.environ.get("CC", "cc"), "-O2", "-g", "-pthread", "-o", self.path(name),
                        os.path.join(BENCH, name + ".c"), "-lssl", "-lcrypto"], check=True)
        return self.path(name)

    def stop(self):
        self.server.stdin.close()
        self.server.wait()

    def exchanges(self, log, count):
        """What is wrong with the log of COUNT connections."""
        seen = broken = 0
        with open(log, "rb") as lines:
            for line in lines:
                try:
                    seen += json.loads(line)["record"] == "exchange"
                except ValueError:
                    broken += 1
        wanted = count * KINDS_OF_API // KINDS
        problems = [f"{broken} broken lines in the log"] if broken else []
        # COUNT need not be a multiple.
        if not wanted <= seen <= wanted + KINDS_OF_API:
            problems.append(f"{seen} exchanges in the log of {count} connections, not {wanted}")
        return problems

    def memory(self, count):
        log = self.path("log")
        command = [self.client, "short", str(count), self.port]
        plain = {k: v for k, v in os.environ.items() if not k.startswith("ORSHIM_")}
        both = [subprocess.Popen(command, env=dict(plain, **more), stdout=subprocess.PIPE, text=True)
                for more in ({}, {"LD_PRELOAD": SHIM, "ORSHIM_LOG": log, "ORSHIM_LOG_MAX": "0"})]
        readings = [[[int(n) for n in line.split()] for line in one.communicate()[0].splitlines()]
                    for one in both]
        if any(one.returncode for one in both) or [len(r) for r in readings] != [3, 3]:
            harness.judge("connections", [f"{[one.returncode for one in both]} {readings}"])
            return
        added = []
        for bare, mine in zip(*readings):
            added.append((mine[1] - bare[1], mine[2] - bare[2]))
            print("# %7d connections: private %5d KiB bare, %5d KiB under the shim; allocated "
                  "%4d KiB, %4d KiB" % (mine[0], *(n // 1024 for n in (bare[1], mine[1], bare[2],
                                                                        mine[2]))))
        problems = self.exchanges(log, count)
        for what, i, slack in (("private", 0, SLACK_PRIVATE), ("allocated", 1, SLACK_ALLOCATED)):
            if added[2][i] - added[1][i] > slack:
                problems.append(f"what the shim adds, {what}: {added[1][i]} bytes after a tenth "
                                f"and {added[2][i]} at the end")
        harness.judge(f"{count} connections: what the shim keeps does not grow", problems)

    def checked(self, count):
        command = [self.client, "short", str(count), self.port]
        log = self.path("checked.log")
        # The numbers differ, of course: what they are of is told above.
        bare, mine = (one._replace(output=len(one.output.splitlines()))
                      for one in both_ways(command, log))
        problems = judge(bare, mine)
        if not problems:
            problems = self.exchanges(log, count)
        harness.judge(f"{count} connections under memcheck: no error, no leak", problems)


def main(arguments):
    counts = [int(a) for a in arguments if a.isdecimal() and int(a) >= 100]
    if len(counts) != len(arguments) or len(counts) > 2:
        print("usage: connections.py [COUNT [CHECKED]], each at least 100", file=sys.stderr)
        return 2
    count = counts[0] if counts else 2000
    with tempfile.TemporaryDirectory(prefix="orshim-connections.") as work:
        trial = Trial(work)
        try:
            trial.memory(count)
            trial.checked(counts[1] if len(counts) > 1 else max(100, count // 50))
        finally:
            trial.stop()
    return harness.finish()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
