# SPDX-License-Identifier: MIT
"""Rows of the bench about logs: what the command, and an engine, make of large ones."""

import glob
import os
import shutil
import subprocess
import sys

from rounds import SHIM, Unmeasured, mib, ms, numbers

HERE = os.path.dirname(os.path.abspath(__file__))
TESTS = os.path.dirname(HERE)
MB = 100
EXCHANGES = 20000000


def write_log(bench, size):
    """A log of SIZE bytes: the exchanges of all captures again and again."""
    captures = sorted(glob.glob(os.path.join(TESTS, "captures", "*", "*.cap")))
    one = subprocess.run([bench.orshim, "replay", "--json", *captures], stdout=subprocess.PIPE,
                         stderr=subprocess.DEVNULL, check=False).stdout
    if b'"record":"exchange"' not in one:
        raise Unmeasured("replay of the captures gives no log")
    path = os.path.join(bench.scratch, "large")
    with open(path, "wb") as log:
        while log.tell() < size:
            log.write(one)
    return path


def cost(bench, *words):
    """CPU and wall time in nanoseconds, most memory in bytes; report ends with 1 if it has findings."""
    return numbers([bench.client, "exec", "1", "/bin/sh", "-c", '"$@"; [ $? -le 1 ]', "sh", *words],
                   bench.environment())


def single(bench, what, value, show, most=None):
    """A row of something that has no bare counterpart; MOST: its budget."""
    bench.cells(what, "", "", show(value), "", "", "" if most is None else show(most),
                bench.verdict(None if most is None else value <= most))


def report(bench, log):
    name = "orshim report of %d MB" % (os.path.getsize(log) / 1e6)
    with bench.row(name):
        medians = bench.rounds({SHIM: lambda: cost(bench, bench.orshim, "report", log)})
        cpu, wall, most = medians[SHIM]
        single(bench, name + ", CPU", cpu, ms, 1.5e9)
        single(bench, "    wall time", wall, ms)
        single(bench, "    most memory", most, mib, 150 * 2 ** 20)


def export(bench, log):
    """How fast a log is written flat, beside a copy of it and a filter for JSON."""
    size = os.path.getsize(log)
    programs = {"orshim export --flat": [bench.orshim, "export", "--flat", log],
                "cat": ["cat", log], "jq -c .": ["jq", "-c", ".", log]}
    if not shutil.which("jq"):
        bench.say("jq: not installed (apt-get install jq)")
        del programs["jq -c ."]
    with bench.row("orshim export --flat"):
        medians = bench.rounds({name: lambda w=words: cost(bench, *w)
                                for name, words in programs.items()})
        for name, (cpu, _, most) in medians.items():
            single(bench, "%s of %d MB, by CPU" % (name, size / 1e6), size * 1e9 / max(cpu, 1),
                   lambda rate: "%.0f MB/s" % (rate / 1e6))
            single(bench, "    most memory", most, mib)


def rollup(bench):
    """What separates failures, of 20 million exchanges, in DuckDB over its roll-up."""
    if not glob.glob(os.path.join(bench.cache, "node-bindings-linux-x64-*")):
        bench.say("DuckDB: not installed (scripts/fetch-clients.sh fleet)")
        return
    sys.path.append(os.path.join(TESTS, "fleet"))
    import millions
    exchanges = bench.count(EXCHANGES)
    name = "what separates failures, of %d million exchanges" % (exchanges / 1e6)
    with bench.row(name):
        engine = millions.DuckDB()
        try:
            millions.count(engine, "provider = 'p3'", exchanges)
            wall = bench.rounds({SHIM: lambda: [millions.separate(engine)[1] * 1e9]})[SHIM][0]
            single(bench, name, wall, ms, 1e9)
        except RuntimeError as why:
            raise Unmeasured(str(why).splitlines()[-1]) from None
        finally:
            engine.close()


def measure(bench):
    log = write_log(bench, bench.count(MB) * 1000000)
    report(bench, log)
    export(bench, log)
    os.unlink(log)
    rollup(bench)
