#!/usr/bin/python3
# SPDX-License-Identifier: MIT
# tags: fast
"""`orshim report --rollup`: what separates the refusals of a fleet, from counts alone.

Counts with a planted cause must name it, counts with random outcomes must name nothing, and for
small logs the answer is that of `orshim report`, which sees every exchange.
"""
import collections
import csv
import io
import itertools
import json
import random
import subprocess

from harness import ORSHIM, check, finish

SEEDS = 1000
CHANCE_ALLOWED = 10  # of SEEDS fleets in which chance may be taken for a cause
SIZES = {"key": 12, "provider": 6, "model": 8, "tool": 5, "tool_version": 9, "machine": 120, "host": 2,
         "stream": 2}


def fleet(lot, count):
    """Exchanges as a dictionary of attributes each; common values are common."""
    names = {name: (["%s%d" % (name[0], i) for i in range(size)],
                    [1 / (1 + i) for i in range(size)]) for name, size in SIZES.items()}
    columns = {name: lot.choices(values, weights, k=count) for name, (values, weights) in names.items()}
    return [dict(zip(columns, row)) for row in zip(*columns.values())]


def roll_up(exchanges, refused, pairs=()):
    counts = collections.defaultdict(lambda: [0, 0])
    for one, bad in zip(exchanges, refused):
        cells = list(one.items()) + [("%s+%s" % p, "%s+%s" % (one[p[0]], one[p[1]])) for p in pairs]
        for attribute, value in cells:
            counts[attribute, value][0] += 1
            counts[attribute, value][1] += bad
    text = io.StringIO()
    writer = csv.writer(text)
    writer.writerow(["vendor", "attribute", "value", "n", "refused"])
    for (attribute, value), (n, bad) in counts.items():
        writer.writerow(["openrouter", attribute, value, n, bad])
    return text.getvalue()


def report(text, *options):
    return subprocess.run([ORSHIM, "report", "--rollup", "-", *options], input=text,
                          stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, check=False)


def split(text):
    said = report(text, "--json")
    assert said.returncode in (0, 1), said.stderr
    return json.loads(said.stdout)["rollup"][0]["outcome_splits_on"]


def planted():
    lot = random.Random(7)
    exchanges = fleet(lot, 20000)
    pairs = list(itertools.combinations(["provider", "model", "key"], 2))
    refused = [lot.random() < (0.97 if e["provider"] == "p3" else 0.02) for e in exchanges]
    found = split(roll_up(exchanges, refused, pairs))
    check(found["attributes"] == ["provider"] and found["strength"] == "strong" and
          [v["first"] for v in found["values"]] == ["p3"], "a provider that refuses is named", found)
    check(found["also"] == [], "nothing else is named beside it", found)
    refused = [lot.random() < (0.95 if e["provider"] == "p1" and e["model"] == "m2" else 0.01)
               for e in exchanges]
    found = split(roll_up(exchanges, refused, pairs))
    check(found["attributes"] == ["provider", "model"], "a pair is named where only both together fail",
          found)
    for e in exchanges:
        e["machine"] = "only here" if e["key"] == "k4" else e["machine"]
    refused = [lot.random() < (0.9 if e["key"] == "k4" else 0.03) for e in exchanges]
    found = split(roll_up(exchanges, refused))
    check(found["attributes"] == ["key"] and found["also"] == ["machine"] or
          found["attributes"] == ["machine"] and found["also"] == ["key"],
          "a key that lives on one machine separates by both", found)
    refused = [e["machine"] == "m77" for e in exchanges]
    few = [e for e, bad in zip(exchanges, refused) if bad][:25]
    others = [e for e, bad in zip(exchanges, refused) if not bad]
    found = split(roll_up(few + others, [True] * len(few) + [False] * len(others)))
    check(len(few) == 25 and "machine" in found["attributes"] + found["also"],
          "25 refusals of one rare machine are found", found)
    refused = [e["key"] == "k3" for e in exchanges]
    for e, bad in zip(exchanges, refused):
        e["provider"] = "" if bad else e["provider"]
    found = split(roll_up(exchanges, refused, pairs))
    check(found["attributes"] == ["key"] and found["also"] == [],
          "no provider is blamed for what was refused before one was chosen", found)
    exchanges = fleet(random.Random(8), 3000)
    words = report(roll_up(exchanges, [e["provider"] == "p2" for e in exchanges])).stdout
    check("the provider that OpenRouter picked separates the refused requests from the others: p2: "
          in " ".join(words.split()), "the words are those of outcome_splits_on", words)


def retries():
    """They are counted, and never what separates: a retry is the result of a refusal."""
    lot = random.Random(9)
    exchanges = fleet(lot, 2000)
    refused = [e["provider"] == "p2" for e in exchanges]
    for e, bad in zip(exchanges, refused):
        e["retry"] = "true" if bad else "false"
    text = roll_up(exchanges, refused, [("retry", "key"), ("model", "retry")])
    found = split(text)
    check(found["attributes"] == ["provider"] and found["also"] == [], "a retry separates nothing", found)
    check(json.loads(report(text, "--json").stdout)["rollup"][0]["retries"] == sum(refused), "retries are counted")
    check("; %d of 2000 are retries\n" % sum(refused) in report(text).stdout, "and said", report(text).stdout)
    for e in exchanges:
        e.pop("retry")
    check(json.loads(report(roll_up(exchanges, refused), "--json").stdout)["rollup"][0]["retries"] is None,
          "a roll-up without them says null")


def by_lot():
    spoke = []
    for seed in range(SEEDS):
        lot = random.Random(seed)
        exchanges = fleet(lot, 600)
        refused = [True] * lot.choice([12, 40, 100, 300]) + [False] * 600
        refused = refused[:600]
        lot.shuffle(refused)
        found = split(roll_up(exchanges, refused, [("key", "model")] if seed % 2 else []))
        if found["strength"] != "none":
            spoke.append((seed, found))
    check(len(spoke) <= CHANCE_ALLOWED,
          "%d of %d fleets whose outcomes were dealt out by lot name something" % (len(spoke), SEEDS), spoke)


def record(seq, one, bad):
    verdict = {"refused_by": "openrouter_auth" if bad else None, "category": "account_auth" if bad else None,
               "cause": "key_unknown" if bad else None}
    return json.dumps({
        "v": 1, "record": "exchange", "ts": "2026-11-27T10:00:%02d.000Z" % (seq % 60), "pid": 7, "tool": one["tool"],
        "conn": 1, "seq": seq, "http": "1.1", "method": "POST", "host": one["host"], "path": "/api/v1/chat/completions",
        "vendor": "openrouter", "status": 401 if bad else 200, "ms": 5,
        "auth": {"carriers": ["authorization"], "scheme": "Bearer", "vendor": "openrouter",
                 "token": "sk-or-v1-%s...0000" % one["key"], "length": 73, "fingerprint": "sha256:" + one["key"]},
        "request": {"headers": [], "body": {"bytes": 5, "model": one["model"], "stream": one["stream"] == "s0"}},
        "response": {"headers": [], "bytes": 5, "error": None},
        "findings": [], "verdict": verdict})


def exactly():
    """The exact finder and the roll-up, over the same small logs."""
    agreed = spoken = 0
    wrong = []
    for seed in range(120):
        lot = random.Random(seed)
        exchanges = fleet(lot, lot.choice([8, 15, 30]))
        planted_in = lot.choice(["key", "model", "tool", None])
        if planted_in:
            refused = [e[planted_in] in (planted_in[0] + "0", planted_in[0] + "2") for e in exchanges]
        else:
            refused = [lot.random() < 0.4 for _ in exchanges]
        lines = "".join(record(i + 1, e, bad) + "\n" for i, (e, bad) in enumerate(zip(exchanges, refused)))
        said = subprocess.run([ORSHIM, "report", "--json", "-"], input=lines, stdout=subprocess.PIPE,
                              text=True, check=False)
        exact = json.loads(said.stdout)["outcome_splits_on"]
        recorded = [{k: v for k, v in e.items() if k in ("key", "model", "tool", "host", "stream")}
                    for e in exchanges]
        found = split(roll_up(recorded, refused))
        if len(exact["attributes"]) > 1:
            continue  # a pair: the roll-up counts pairs only where it is asked to
        spoken += bool(exact["attributes"])
        if exact["attributes"] == found["attributes"] and exact["strength"] == found["strength"]:
            agreed += 1
        elif exact["attributes"]:
            wrong.append((seed, exact, found))
    check(spoken > 30 and not wrong, "%d small logs in which something separates: the roll-up says the same"
          % spoken, wrong[:2])


def wrong_inputs():
    head = "attribute,value,n,refused\n"
    for text, words in (
            ("", "is empty; a roll-up begins with attribute,value,n,refused"),
            ("attribute,value,n\n", "names no column 'refused'"),
            ("attribute,value,n,refused,colour\n", "'colour' is not a column of a roll-up"),
            (head + "key,a,1,2\n", "line 2: more exchanges were refused than there are"),
            (head + "key,a,-1,0\n", "line 2: n and refused are whole numbers"),
            (head + "key,a,1e3,0\n", "line 2: n and refused are whole numbers"),
            (head + "key,a,1\n", "line 2: not as many fields"),
            (head + 'key,"a,1,0\n', "line 2: a quotation mark is not closed"),
            (head + 'key,"a"b,1,0\n', "line 2: a field goes on after its closing quotation mark"),
            (head + "key," + "a" * 70000 + ",1,0\n", "line 2: longer than 65,535 bytes")):
        said = report(text)
        check(said.returncode == 2 and said.stderr.count("\n") == 1 and words in said.stderr and not said.stdout,
              "one line: " + words, said)
    said = report(head)
    check(said.returncode == 3 and "no exchanges" in said.stdout, "nothing but names: status 3", said)
    for options in (["--since", "1h"], ["--status", "401"], ["--html", "page.html"], ["--json", "--summary"], ["a.log"]):
        said = report(head + "key,a,1,0\n", *options)
        check(said.returncode == 2 and said.stderr.count("\n") == 1 and "--rollup reads counts, no logs" in said.stderr,
              "one line: --rollup with %s" % " ".join(options), said)
    hostile = report(head + "key,\x1b[2J\u202esk-or-v1-" + "ab01" * 16 + ",30,30\nkey,fine,30,0\n")
    check("\x1b" not in hostile.stdout and "ab01ab01ab01" not in hostile.stdout and "\u202e" not in hostile.stdout,
          "a value that steers the terminal, or is a key, is masked", hostile.stdout)
    hours = report("hour,vendor,attribute,value,n,refused\n" + "".join(
        "2026-11-27 0%d:00:00,openrouter,key,%s,10,%d\n" % (h, k, 10 * (k == "b")) for h in range(5) for k in "ab"))
    check("b: 50 refused, 0 fine" in hours.stdout, "the hours of a roll-up are summed", hours.stdout)


planted()
retries()
by_lot()
exactly()
wrong_inputs()
raise SystemExit(finish())
