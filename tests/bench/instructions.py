#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Rows of the bench in instructions and system calls; tests/bench/instructions.py prints them alone.

Instructions are callgrind's, system calls strace's, of one operation: of few and of many on one
connection, the difference divided. They hardly depend on what else the machine does.
"""
import os
import re
import shutil
import subprocess
import sys

import others
from rounds import BARE, SHIM, Budget, Unmeasured, run, whole

LIMIT = 600  # seconds; valgrind is fifty times slower


def instructions(bench, command, library):
    env = bench.environment(**({"LD_PRELOAD": library} if library else {}))
    done = subprocess.run(["valgrind", "--tool=callgrind", "--callgrind-out-file=/dev/null",
                           "--trace-children=no", *command], env=env, capture_output=True, text=True,
                          timeout=LIMIT, check=False)
    found = re.search(r"Collected : (\d+)", done.stderr)
    if done.returncode or not found:
        raise Unmeasured("callgrind: " + (done.stderr.strip().splitlines() or ["it says nothing"])[-1])
    return int(found.group(1))


def system_calls(bench, command, library):
    """All of the client's; strace itself runs without the shim."""
    table = os.path.join(bench.scratch, "calls")
    preload = ["-E", "LD_PRELOAD=" + library] if library else []
    run(["strace", "-f", "-c", "-o", table, *preload, *command], bench.environment(), LIMIT)
    with open(table, encoding="ascii") as file:
        for line in file:
            words = line.split()
            if words and words[-1] == "total":
                return int(words[3])
    raise Unmeasured("strace counted nothing")


def of_one(bench, count, command, few, many):
    """{BARE, SHIM: what one operation costs}; COMMAND(n) does n of them."""
    bench.forget()
    bench.turns = 1
    found = {}
    for name, library in ((BARE, None), (SHIM, bench.library)):
        difference = count(bench, command(many), library) - count(bench, command(few), library)
        found[name] = round(difference / (many - few))  # the log's name is looked up now and then
    return found


def exchanges(bench):
    for mode, what, most, calls in (("good", "exchange that succeeds, 2 KiB", 45000, 3),
                                    ("bad", "exchange that fails, 2 KiB, log line", 250000, 4)):
        for count, unit, budget in ((instructions, "instructions", most),
                                          (system_calls, "system calls", calls)):
            with bench.row("%s, %s" % (what, unit)):
                found = of_one(bench, count, lambda n, m=mode: [bench.client, m, str(n), bench.port],
                               100, 600)
                bench.line("%s, %s" % (what, unit), found, whole, Budget(added=budget))


def over_http2(bench):
    """What a request by curl costs more under the shim, by both versions of HTTP."""
    with others.nginx(bench) as server:
        if not server or not shutil.which("curl"):
            return
        with bench.row("curl, instructions"):
            added = []
            for version, option in (("1.1", "--http1.1"), ("2", "--http2")):
                found = of_one(bench, instructions, lambda n, o=option: others.curl_words(
                    server.port, o, "?i=[1-%d]" % n), 20, 120)
                bench.line("curl, HTTP/%s, a request, instructions" % version, found, whole)
                added.append(found[SHIM] - found[BARE])
            bench.cells("    HTTP/2 by HTTP/1.1, of what the shim adds", "", "", "", "",
                        "%.3f x" % (added[1] / added[0]), "1.50 x",
                        bench.verdict(added[1] <= 1.5 * added[0]))


def pairs(bench):
    for name, command in bench.pairs():
        with bench.row(name):
            bench.line(name + ", instructions", of_one(bench, instructions, command, 100, 2100), whole)


def measure(bench):
    for tool in ("valgrind", "strace"):
        if not shutil.which(tool):
            bench.say("%s: not installed (apt-get install %s)" % (tool, tool))
            return
    exchanges(bench)
    pairs(bench)
    over_http2(bench)


if __name__ == "__main__":
    import run as bench_run
    sys.exit(bench_run.main(measure))
