#!/usr/bin/python3
# SPDX-License-Identifier: MIT
# tags: fleet
"""Every capture in three engines: the causes are those of `orshim report --json`, and so is the rest.

DuckDB reads the log as it is, PostgreSQL keeps its lines as jsonb, ClickHouse gets what export
writes flat. All three fill the roll-up, and `orshim report --rollup` says the same over each.
"""
import collections
import glob
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile

import engines
sys.path.insert(0, os.path.join(engines.ROOT, "tests", "e2e"))
from harness import check, finish  # noqa: E402

# Keys that the captures make up: so long and of so many different signs is none of the samples
# ("sk-or-v1-xxxx") that orshim shows.
KEY = re.compile(rb"\b(?:sk-[\w-]{40,}|AIza[\w-]{35}|gsk_\w{40,}|xai-\w{40,}|hf_\w{30,})")
KEY_SIGNS = 12
UNTAPPED = {"v": 1, "record": "process", "ts": "2026-11-27T10:00:00.000Z", "pid": 4, "ppid": 1, "exe": "/opt/agent",
            "argv0": "agent", "machine": {"id": "m1", "container": None, "boot": None, "ci": None},
            "tls": [{"object": "/opt/agent", "library": "Go crypto/tls", "version": "", "tap": "none",
                     "reason": "Go does its TLS itself"}]}


def write_log(folder):
    """Every capture's exchanges, spread over hours, machines and processes, and one untapped process."""
    captures = sorted(glob.glob(os.path.join(engines.ROOT, "tests", "captures", "*", "*.cap")))
    replayed = engines_run("replay", "--json", *captures)
    path = os.path.join(folder, "orshim.log")
    with open(path, "w", encoding="utf-8") as log:
        for number, line in enumerate(replayed.splitlines()):
            record = json.loads(line)
            record["ts"] = "2026-11-27T%02d:%02d:00.000Z" % (number % 7, number % 60)
            record["pid"] = 1000 + number  # no line is another's
            if record["record"] == "exchange":
                record["machine"] = "m%d" % (number % 5)
            log.write(json.dumps(record, ensure_ascii=False) + "\n")
        for number in range(3):
            log.write(json.dumps(dict(UNTAPPED, pid=number)) + "\n")
    os.chmod(folder, 0o755)
    return path


def engines_run(*words):
    return subprocess.run([engines.ORSHIM, *words], stdout=subprocess.PIPE, text=True, check=False).stdout


def by_report(log):
    report = json.loads(engines_run("report", "--json", log))
    counted = collections.Counter()
    with open(log, encoding="utf-8") as lines:
        for line in lines:
            record = json.loads(line)
            verdict = record.get("verdict") or {}
            if record["record"] == "exchange" and verdict.get("refused_by"):
                counted[verdict.get("cause") or ""] += 1
    told = {cause["rule"] or "": cause["count"] for cause in report["causes"] if cause.get("refusal", True)}
    return counted, told


def canaries():
    found = set()
    for name in glob.glob(os.path.join(engines.ROOT, "tests", "captures", "*", "*.cap")):
        with open(name, "rb") as text:
            found.update(KEY.findall(text.read()))
    return {key.decode() for key in found if len(set(key)) >= KEY_SIGNS}


def look_for_keys(name, engine, keys):
    """Every row of every table and view of ENGINE, as text."""
    dump = []
    for table in engine.tables():
        dump.append(json.dumps(engine.query("SELECT * FROM %s" % table), ensure_ascii=False, default=str))
    text = "\n".join(dump)
    shown = text.count("sk-or-v1-0e6...1c96")
    check(len(dump) >= 5 and shown > 100 and len(keys) > 50,
          "%s: %d tables dumped, %d MiB, with %d labels of keys" % (name, len(dump), len(text) >> 20, shown), len(keys))
    found = [key[:14] for key in keys if key in text or key[12:-4] in text]
    check(not found, "%s: none of %d made-up keys is in them, whole or but for its ends" % (name, len(keys)), found)


def number(value):
    return round(float(value), 6)


def one_engine(make, log, wanted, told):
    name = make.__name__
    engine = make()
    try:
        engine.load(log)
        got = collections.Counter()
        for row in engine.query("SELECT * FROM causes_by_hour"):
            got[row["cause"]] += int(row["n"])
        check(got == wanted and len(got) > 80, "%s: %d refused exchanges, the causes of the log" %
              (name, sum(got.values())), (got - wanted, wanted - got))
        check(all(got[c] == n for c, n in told.items() if c in got), "%s: the counts of orshim report --json" % name,
              {c: (got[c], n) for c, n in told.items() if c in got and got[c] != n})
        untapped = engine.query("SELECT * FROM untapped")
        check([(r["exe"], r["library"], r["reason"], int(r["n"]), r["machine"]) for r in untapped] ==
              [("/opt/agent", "Go crypto/tls", "Go does its TLS itself", 3, "m1")], "%s: untapped processes" % name,
              untapped)
        keys = engine.query("SELECT * FROM keys")
        check(len(keys) > 100 and any(int(k["accepted"]) for k in keys) and any(int(k["refused"]) for k in keys),
              "%s: keys accepted and refused" % name, keys[:3])
        refusers = {(r["vendor"], r["refused_by"], r["provider"]): int(r["n"])
                    for r in engine.query("SELECT * FROM refusers")}
        check(sum(refusers.values()) == sum(wanted.values()), "%s: refusers" % name, refusers)
        splits = {(r["vendor"], r["attribute"]): (int(r["n"]), int(r["refused"]), number(r["gain_bits"]))
                  for r in engine.query("SELECT * FROM splits")}
        counts = sorted((r["vendor"], r["attribute"], r["value"], int(r["n"]), int(r["refused"]))
                        for r in engine.query("SELECT * FROM rollup_counts"))
        csv = engines.rollup_csv(engine.query("SELECT * FROM rollup_counts"))
        said = subprocess.run([engines.ORSHIM, "report", "--rollup", "-", "--json"], input=csv, text=True,
                              stdout=subprocess.PIPE, check=False).stdout
        pairs = engine.query("SELECT * FROM pair_counts")
        check(len(pairs) > 100 and {r["attribute"].count("+") for r in pairs} == {1} and
              sum(int(r["n"]) for r in pairs if r["vendor"] == "openai") % 3 == 0, "%s: pairs" % name, pairs[:4])
        look_for_keys(name, engine, canaries())
        return refusers, splits, counts, sorted(json.loads(said)["rollup"], key=lambda v: v["vendor"])
    finally:
        engine.close()


def main():
    engines.alone()
    folder = tempfile.mkdtemp(prefix="orshim-fleet-")
    try:
        log = write_log(folder)
        wanted, told = by_report(log)
        results = [one_engine(make, log, wanted, told) for make in engines.ENGINES]
        for at, what in enumerate(("refusers", "splits", "roll-up", "what orshim says of the roll-up")):
            first, *others = [one[at] for one in results]
            check(first and all(other == first for other in others), "the three engines agree: " + what,
                  [[x for x in first if x not in o][:3] + [x for x in o if x not in first][:3] for o in others])
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    sys.exit(finish())


if __name__ == "__main__":
    main()
