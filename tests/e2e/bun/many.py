#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""many.py LOG COUNT BARE SHIMMED: checks the log of Bun's many short connections.

Bun exports no SSL_free() that we could hook: a connection ends when the reads show it, or when
a new connection reuses its memory. BARE and SHIMMED are files with the output of many.js.
"""
import json
import sys

MEMORY_MAX = 16 * 1024  # KiB more than bare: some 4 KiB a connection if nothing were let go

log, count = sys.argv[1], int(sys.argv[2])
memory = []
for path in sys.argv[3:5]:
    with open(path) as words:
        right, rss = map(int, words.read().split())
    assert right == count, "%s: %d of %d answers were right" % (path, right, count)
    memory.append(rss)
with open(log) as lines:
    records = [json.loads(line) for line in lines]
exchanges = [r for r in records if r["record"] == "exchange"]
models = [r["request"]["body"]["model"] for r in exchanges]
assert sorted(models) == sorted("nobody/m-%d" % n for n in range(count)), \
    "%d exchanges, %d models" % (len(models), len(set(models)))
for r in exchanges:
    said = r["response"]["error"]["message"]
    assert r["status"] == 400 and said.startswith(r["request"]["body"]["model"] + " "), \
        "mixed: %s was answered %d %s" % (r["request"]["body"]["model"], r["status"], said)
    assert r["seq"] == 1, "conn %d carries %d exchanges" % (r["conn"], r["seq"])
assert len({r["conn"] for r in exchanges}) == count, "two connections have one number"
assert memory[1] - memory[0] < MEMORY_MAX, "memory: %d KiB bare, %d KiB" % tuple(memory)
print("%d exchanges, %d KiB bare, %d KiB with the shim" % (count, *memory))
