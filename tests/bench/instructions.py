#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""What an exchange costs in instructions and system calls: tests/bench/instructions.py

Instructions are callgrind's, of the bench's client with 100 and with 600 requests on one
connection, the difference divided by 500, less the same without the shim. System calls are
counted by strace in the same way. Neither depends on what else the machine does.
"""
import os
import re
import subprocess
import sys
import tempfile

from run import Bench, LIBRARY

FEW, MANY = 100, 600
BUDGETS = {"good": (45000, 3), "bad": (250000, 4)}
NAMES = {"good": "exchange that succeeds, 2 KiB", "bad": "exchange that fails, 2 KiB"}


def instructions(bench, mode, count, library):
    command = ["valgrind", "--tool=callgrind", "--callgrind-out-file=/dev/null",
               "--trace-children=no", bench.client, mode, str(count), bench.port]
    env = bench.environment(**({"LD_PRELOAD": library} if library else {}))
    done = subprocess.run(command, env=env, capture_output=True, text=True, timeout=600)
    return int(re.search(r"Collected : (\d+)", done.stderr).group(1))


def system_calls(bench, mode, count, library):
    """All of the client's; strace itself runs without the shim."""
    table = os.path.join(bench.scratch, "calls")
    preload = ["-E", "LD_PRELOAD=" + library] if library else []
    subprocess.run(["strace", "-f", "-c", "-o", table, *preload, bench.client, mode, str(count),
                    bench.port], env=bench.environment(), check=True, stdout=subprocess.DEVNULL,
                   timeout=600)
    with open(table) as file:
        return total(file)


def total(file):
    for line in file:
        words = line.split()
        if words and words[-1] == "total":
            return int(words[3])
    raise ValueError("strace counted nothing")


def added(measure, bench, mode):
    def each(library):
        return (measure(bench, mode, MANY, library) - measure(bench, mode, FEW, library)) / (MANY - FEW)

    return each(LIBRARY) - each(None)


def main():
    missed = 0
    with tempfile.TemporaryDirectory() as scratch:
        bench = Bench(scratch, "quick")
        try:
            for mode, budgets in BUDGETS.items():
                for measure, budget in zip((instructions, system_calls), budgets):
                    bench.forget()
                    value = added(measure, bench, mode)
                    value = round(value, 1)
                    missed += value > budget
                    print("%-32s %-14s %10.1f   budget %7d  %s" % (
                        NAMES[mode], measure.__name__.replace("_", " "), value, budget,
                        "missed" if value > budget else "met"))
        finally:
            bench.stop()
    return 1 if missed else 0


sys.exit(main())
