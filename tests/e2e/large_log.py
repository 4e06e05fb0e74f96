#!/usr/bin/python3
# SPDX-License-Identifier: MIT
# tags: clients alone -- 200 400
"""large_log.py MIB…: reports and exports of logs too large to be kept, in the same memory however large.

Verdict, causes, machines and splits are of all records, which are counted here once more.
`large_log.py 10240` is the proof for 10 GB; docs/performance.md has its figures.
"""
import collections
import json
import os
import re
import subprocess
import sys
import tempfile
import time

from harness import ORSHIM, check, finish
from harness import long_log

MEMORY_MAX = 150 << 20
GROWTH_MAX = 1.15  # between the smallest log and the largest
FORMS = {"text": ["report"], "Markdown": ["report", "--markdown"], "page": ["report", "--html", "PAGE"],
         "JSON": ["report", "--json"], "HAR": ["report", "--har", "-"], "JUnit": ["report", "--junit", "-"],
         "SARIF": ["report", "--sarif", "-"], "export --flat": ["export", "--flat"],
         "export --otlp traces": ["export", "--otlp", "traces"], "export --otlp logs": ["export", "--otlp", "logs"]}


# A process counts the peak of the one that started it as its own: this one is small.
MEASURE = """
import os, sys
_, status, used = os.wait4(os.posix_spawn(sys.argv[2], sys.argv[2:], os.environ), 0)
with open(sys.argv[1], "w") as out:
    print(used.ru_maxrss * 1024, used.ru_utime + used.ru_stime, file=out)
sys.exit(os.waitstatus_to_exitcode(status))
"""


def run(argv, out):
    """Its output in the file OUT; peak memory in bytes, and seconds of its own work."""
    with open(out, "wb") as text:
        done = subprocess.run([sys.executable, "-S", "-c", MEASURE, out + ".used", ORSHIM, *argv], stdout=text,
                              stderr=subprocess.PIPE, check=False)
    if done.returncode not in (0, 1):
        sys.exit("large_log.py: %s: %s" % (" ".join(argv), done.stderr.decode()))
    peak, worked = read(out + ".used").split()
    return int(peak), float(worked)


def read(path):
    with open(path, encoding="utf-8") as text:
        return text.read()


def lines_with(path, word):
    n, before = 0, b""
    with open(path, "rb") as text:
        while block := text.read(1 << 22):
            n += (before + block).count(word)
            before = block[len(block) - len(word) + 1:]  # a word may be cut between two
    return n


def expected(templates, exchanges):
    """How often each cause is, and on which machines; probes are no requests."""
    causes, machines = collections.Counter(), collections.Counter()
    requests = refused = 0
    for at, record in enumerate(templates):
        times = (exchanges - at + len(templates) - 1) // len(templates)
        verdict = record["verdict"]
        if verdict is None:
            continue
        requests += times
        machines["laptop-%d" % (at % long_log.MACHINES)] += times
        if verdict["refused_by"]:
            refused += times
            causes[verdict["cause"]] += times
    return requests, refused, causes, machines


def check_counts(log, scratch, wanted):
    requests, refused, causes, machines = wanted
    out = os.path.join(scratch, "out")
    run(["report", "--json", "--summary", log], out)
    made = json.loads(read(out))
    counts = made["counts"]
    check((counts["exchanges"], counts["refused"]) == (requests, refused), "all requests are counted", counts)
    got = {one["rule"]: one["count"] for one in made["causes"] if one["refusal"] and one["rule"]}
    check(len(got) > 30 and all(causes[rule] == n for rule, n in got.items()), "%d causes, with all their refusals" %
          len(got), {rule: (n, causes[rule]) for rule, n in got.items() if causes[rule] != n})
    got = {one["machine"]: one["requests"] for one in made["machines"]}
    check(got == machines, "the machines", (got, machines))
    run(["report", "--json", "--summary", "--machine", "laptop-3", log], out)
    made = json.loads(read(out))
    check(made["counts"]["exchanges"] == machines["laptop-3"] and made["counts"]["processes"] == 1,
          "a filter takes what it takes of a small log", made["counts"])
    run(["report", log + ":17"], out)
    check("exchange 17, " in read(out), "an old exchange by its number", read(out)[:200])


def check_forms(log, size, scratch, exchanges, peaks):
    out, page = os.path.join(scratch, "out"), os.path.join(scratch, "page")
    for form, argv in FORMS.items():
        began = time.monotonic()
        peak, worked = run([page if word == "PAGE" else word for word in argv] + [log], out)
        peaks[form].append(peak)
        check(peak < MEMORY_MAX, "%d MiB, %s: %.0f MiB of memory, %.1f s of work, %.1f s" % (
            size, form, peak / (1 << 20), worked, time.monotonic() - began))
        if form == "text":
            text = " ".join(read(out).split())
            check("all %d requests are counted; one by one the newest are kept" % exchanges in text,
                  "the text says so", text[-800:])
        elif form == "page":
            kept = re.search(r'"total":(\d+),"kept":(\d+)}', read(page))
            check(kept and int(kept[1]) == exchanges and int(kept[2]) == 20000, "the page has 20,000 of %d" % exchanges,
                  kept and kept[0])
        elif form in ("JSON", "HAR"):
            word = b'"startedDateTime":' if form == "HAR" else b'"tool_version":'
            check(lines_with(out, word) == exchanges, "%s has all %d" % (form, exchanges), lines_with(out, word))
        elif argv[0] == "export":
            check(lines_with(out, b"\n") == exchanges, "%s: a line each" % form, lines_with(out, b"\n"))


def main():
    sizes = [int(word) for word in sys.argv[1:]] or [50]
    templates = long_log.records(ORSHIM)
    peaks = collections.defaultdict(list)
    with tempfile.TemporaryDirectory(prefix="orshim-large-") as scratch:
        log = os.path.join(scratch, "orshim.log")
        for size in sizes:
            exchanges = long_log.write(ORSHIM, log, size << 20)
            check_counts(log, scratch, expected(templates, exchanges))
            check_forms(log, size, scratch, exchanges, peaks)
    for form, peak in peaks.items():
        check(max(peak) <= GROWTH_MAX * min(peak), "%s: the same memory for each size" % form, peak)
    return finish()


if __name__ == "__main__":
    sys.exit(main())
