# SPDX-License-Identifier: MIT
"""Logs of any length: the records of all captures again and again, a millisecond apart, of a few machines."""
import datetime
import glob
import json
import os
import re
import subprocess

ROOT = os.path.normpath(os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", ".."))
START = datetime.datetime(2026, 11, 1, tzinfo=datetime.timezone.utc)
TIME = re.compile(rb'"ts":"[^"]*"')
BLOCK = 1 << 20
MACHINES = 12


def records(orshim):
    """The records of all captures, as lines that say nothing of when and where."""
    captures = sorted(glob.glob(os.path.join(ROOT, "tests", "captures", "*", "*.cap")))
    lines = subprocess.run([orshim, "replay", "--json", *captures], stdout=subprocess.PIPE,
                           check=False).stdout.splitlines()
    made = []
    for line in lines:
        record = json.loads(line)
        if record["record"] == "exchange":
            for member in ("machine", "start", "tool_version"):
                record.pop(member, None)
            made.append(record)
    return made


def stamp(number):
    moment = START + datetime.timedelta(milliseconds=number)
    return moment.strftime("%Y-%m-%dT%H:%M:%S.%f")[:-3] + "Z"


def process(machine, at):
    return {"v": 1, "record": "process", "ts": stamp(at), "pid": 1000 + machine, "ppid": 1, "exe": "/usr/bin/agent",
            "argv0": "agent", "tls": [{"object": "/usr/lib/libssl.so.3", "library": "OpenSSL", "version": "3.0.19",
                                       "tap": "interposed", "reason": None}],
            "machine": {"id": "laptop-%d" % machine, "container": None, "boot": "boot-%d" % machine,
                        "ci": None}, "start": "2026-10-31T00:00:00.000Z", "orshim": "0.1.0"}


def write(orshim, path, size):
    """SIZE bytes or a little more. Exchange N, from 0, is record N modulo their number. Returns how many."""
    templates = []
    for number, record in enumerate(records(orshim)):
        machine = number % MACHINES
        record.update(pid=1000 + machine, machine="laptop-%d" % machine, start="2026-10-31T00:00:00.000Z")
        line = json.dumps(record, separators=(",", ":"), ensure_ascii=False).encode() + b"\n"
        at = TIME.search(line)
        templates.append((line[:at.start()] + b'"ts":"', b'"' + line[at.end():]))
    written = number = 0
    # The date and time up to the second are made once a second.
    with open(path, "wb") as out:
        for machine in range(MACHINES):
            written += out.write(json.dumps(process(machine, 0), separators=(",", ":")).encode() + b"\n")
        block, filled, second, text = [], 0, -1, b""
        while written + filled < size:
            before, behind = templates[number % len(templates)]
            if number // 1000 != second:
                second = number // 1000
                text = stamp(number)[:20].encode()
            line = b"%s%s%03dZ%s" % (before, text, number % 1000, behind)
            number += 1
            block.append(line)
            filled += len(line)
            if filled >= BLOCK:
                out.write(b"".join(block))
                written += filled
                block, filled = [], 0
        out.write(b"".join(block))
    return number
