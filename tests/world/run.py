#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
# tags: fast
"""Refusals of the world, rebuilt from public reports, put to `orshim lint`: tests/world/run.py [NAME…]

A case is a folder: req, resp (optional) raw HTTP/1.1 bytes, env (NAME=VALUE lines), host, want.json:
  truth      what was the matter
  must       each entry (alternatives by |) is a rule that has to be found; "~TEXT" is a regular
             expression that the text for people has to contain
  cause      the verdict's cause (alternatives by |)
  refused_by the verdict's      never  rules that would be false
  only       what may be found at warning or error besides must; [] for nothing
Prints what falls short and a count; exit 0 only when every case holds.
"""
import concurrent.futures
import json
import os
import re
import subprocess
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(os.path.dirname(HERE), "e2e"))
import harness  # noqa: E402
from harness import ORSHIM  # noqa: E402


def lint(case, *more):
    command = [ORSHIM, "lint", "--request", os.path.join(case, "req"), *more]
    host, resp, env = (os.path.join(case, name) for name in ("host", "resp", "env"))
    if os.path.exists(host):
        with open(host) as file:
            command += ["--host", file.read().strip()]
    if os.path.exists(resp):
        command += ["--response", resp]
    command += ["--environ", env if os.path.exists(env) else "/dev/null"]
    return subprocess.run(command, capture_output=True, timeout=20)


def what_is_found(case):
    """The verdict of the last exchange, and all findings; an error's text in their place."""
    told = lint(case, "--json")
    if told.returncode not in (0, 1):
        return None, f"exit status {told.returncode}: {told.stderr[-160:]!r}"
    records = [json.loads(line) for line in told.stdout.splitlines()]
    exchanges = [r for r in records if r.get("record") == "exchange"]
    verdict = (exchanges[-1].get("verdict") or {}) if exchanges else {}
    return verdict, [f for r in records for f in r.get("findings", [])]


def missing(case, must, ids):
    text = None
    for entry in must:
        if not entry.startswith("~"):
            if not ids & set(entry.split("|")):
                yield f"misses {entry}"
            continue
        if text is None:
            text = " ".join(lint(case).stdout.decode("utf-8", "replace").split())
        if not re.search(entry[1:], text, re.I):
            yield f"does not say {entry[1:]!r}"


def judge(case):
    with open(os.path.join(case, "want.json")) as file:
        want = json.load(file)
    verdict, findings = what_is_found(case)
    if verdict is None:
        return [findings], want
    ids = {f["rule"] for f in findings}
    loud = {f["rule"] for f in findings if f["severity"] != "note"}
    wrong = list(missing(case, want["must"], ids))
    for member in ("cause", "refused_by"):
        if want.get(member) and verdict.get(member) not in want[member].split("|"):
            wrong.append(f"{member} {verdict.get(member)}, not {want[member]}")
    false = ids & set(want.get("never", []))
    if "only" in want:
        false |= loud - set(want["only"]) - {i for m in want["must"] for i in m.split("|")}
    if false:
        wrong.append(f"false {', '.join(sorted(false))}")
    return wrong and [*wrong, f"(found {', '.join(sorted(loud)) or 'nothing'})"], want


def main():
    cases = sorted(n for n in os.listdir(HERE) if os.path.exists(os.path.join(HERE, n, "want.json")))
    if sys.argv[1:]:
        cases = [n for n in cases if n in sys.argv[1:]]
    with concurrent.futures.ThreadPoolExecutor(2) as pool:
        for name, (wrong, want) in zip(cases, pool.map(lambda n: judge(os.path.join(HERE, n)), cases)):
            harness.judge(name, wrong and [*wrong, "the truth: " + want["truth"]])
    return harness.finish()


sys.exit(main())
