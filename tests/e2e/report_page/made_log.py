# SPDX-License-Identifier: MIT
"""A log of many exchanges over a working day, generated from the captures.

Several tools, models, keys and causes; deterministic for a given count. Keys are made up.
"""
import datetime
import glob
import hashlib
import json
import os
import random
import subprocess

CAPTURES = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", "captures")
TOOLS = [("node", "Cline", "openai/gpt-5.1"), ("node", "RooCode", "anthropic/claude-sonnet-4.5"),
         ("python3.11", None, "openai/gpt-4o-mini"), ("bun", "opencode", "qwen/qwen3-coder"),
         ("curl", None, None)]
RULES = ("auth_token_quoted", "upstream_refused_credentials", "key_unknown", "rate_limited",
         "auth_missing", "model_rejected", "auth_token_literal")
HOSTILE = (b'{"v":1,"record":"exchange","ts":"2026-11-27T09:00:00.000Z","pid":1,"tool":"<img src=x>",'
           b'"host":"</script><script>document.title=1</script>",'
           b'"path":"/\\" onmouseover=\\"x","request":{"headers":[["<b>","<!--<script>"],'
           b'["x","\\u2028\\u202e\\u0000"]],"body":{"bytes":1,"</script>":"<i>"}},"response":{"headers":'
           b'[["a","javascript:alert(1)"]],"bytes":1,"error":{"message":"<svg onload=alert(1)>"}},'
           b'"findings":[{"rule":"<u>","severity":"error","detail":"</script>"}],'
           b'"verdict":{"refused_by":"<b>","cause":"<u>"}}\n')


def replayed(orshim, folder, names):
    files = [f for name in names
             for f in sorted(glob.glob(os.path.join(CAPTURES, name, folder)))]
    out = subprocess.run([orshim, "replay", "--json"] + files, stdout=subprocess.PIPE).stdout
    lines = [json.loads(line) for line in out.splitlines()]
    return [x for x in lines if x["record"] == "exchange"]


def stamp(at):
    return at.strftime("%Y-%m-%dT%H:%M:%S.") + "%03dZ" % (at.microsecond // 1000)


def process(pid, tool, at):
    return {"v": 1, "record": "process", "ts": stamp(at), "pid": pid, "ppid": 1, "exe": "/usr/bin/" + tool,
            "argv0": tool, "tls": [{"object": tool, "library": "OpenSSL", "version": "3.0.17",
                                    "tap": "method-table", "reason": None}]}


def credential(record, number):
    """Another key, by its label and fingerprint."""
    auth = record.get("auth")
    if not auth or not (auth.get("token") or "").startswith("sk-or-v1-") or "..." not in auth["token"]:
        return
    digest = hashlib.sha256(b"%d" % number).hexdigest()
    auth.update(token="sk-or-v1-%s...%s" % (digest[:3], digest[-4:]), fingerprint="sha256:" + digest[:12],
                source=["OPENROUTER_API_KEY"])


def records(orshim, count):
    chance = random.Random(17)
    bad = {rule: replayed(orshim, "fires*.cap", [rule]) for rule in RULES}
    good = [x for x in replayed(orshim, "quiet*.cap", ["auth_token_quoted", "auth_missing", "key_unknown"])
            if x["status"] == 200]
    at = datetime.datetime(2026, 11, 27, 8, 0, 0)
    for n in range(len(TOOLS)):
        yield process(4100 + n, TOOLS[n][0], at)
    for n in range(count):
        if chance.random() < 0.002:
            at += datetime.timedelta(minutes=chance.randrange(5, 40))
        at += datetime.timedelta(milliseconds=chance.randrange(1, 2 * 25_000_000 // count))
        who = chance.randrange(len(TOOLS))
        tool, client, model = TOOLS[who]
        failing = who == 1 or chance.random() < 0.12
        rule = RULES[(n // 40 + who) % len(RULES)] if failing else None
        record = json.loads(json.dumps(chance.choice(bad[rule] if failing else good)))
        record.update(ts=stamp(at), pid=4100 + who, tool=tool, conn=n % 7 + 1, seq=n, exchange=n + 1,
                      ms=chance.randrange(90, 400) if failing else chance.randrange(400, 9000))
        headers = record["request"]["headers"]
        headers += [["traceparent", "00-%032x-%016x-01" % (chance.getrandbits(128), chance.getrandbits(64))]]
        if client:
            headers += [["X-Title", client], ["User-Agent", client + "/3.2"]]
        if record["request"]["body"].get("model") and model:
            record["request"]["body"]["model"] = model
        credential(record, 7 if failing else who % 3)
        yield record


def write(orshim, count, path, hostile=True):
    with open(path, "wb") as log:
        for record in records(orshim, count):
            log.write(json.dumps(record, separators=(",", ":")).encode() + b"\n")
        if hostile:
            log.write(HOSTILE)
