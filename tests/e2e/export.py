#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""orshim export: what curl left under the shim, and every capture, as lines for other engines."""

import collections
import glob
import json
import os
import shutil
import subprocess
import sys
import tempfile

sys.dont_write_bytecode = True
from cases import ORSHIM, ROOT, Standin, check, finish  # noqa: E402
import splits  # noqa: E402

ASKED = [splits.ask(), splits.ask("unknown"), splits.ask(key=None, stream=True),
         splits.ask(model=splits.SONNET, stream=True)]
KEY = "sk-or-v1-" + "0e6f44a47a05f1da" * 4
TABLE = [[cell.strip(" `") for cell in line.split("|")[1:5]] for line in subprocess.run(
    [ORSHIM, "export", "--columns"], stdout=subprocess.PIPE, text=True).stdout.splitlines()[2:]]
TYPES = {name: kind for name, kind, _, _ in TABLE}


def export(*words, stdin=None, status=0):
    """stdout and stderr of orshim export."""
    done = subprocess.run([ORSHIM, "export", *words], input=stdin, stdout=subprocess.PIPE,
                          stderr=subprocess.PIPE, text=True, timeout=120)
    if done.returncode != status:
        check(False, "export %s ends with %d" % (" ".join(words), status),
              (done.returncode, done.stderr))
    return done.stdout, done.stderr


def objects(text):
    return [json.loads(line) for line in text.splitlines()]


def written(path):
    with open(path, encoding="utf-8") as log:
        return log.read()


def wrong_types(rows):
    for row in rows:
        if list(row) != list(TYPES):
            yield "columns", row
        for name, value in row.items():
            kind = TYPES[name]
            good = isinstance(value, str) if kind.startswith("text") else \
                isinstance(value, int) and not isinstance(value, bool)
            if not good or (kind.endswith("0 or 1") and value not in (0, 1)):
                yield name, value


def flat_is_the_log(log):
    text = written(log)
    records = [r for r in objects(text) if r["record"] == "exchange"]
    flat = export("--flat", log)[0]
    rows = objects(flat)
    check(len(rows) == len(ASKED) == len(records), "flat: a line an exchange", flat)
    check(not list(wrong_types(rows)), "flat: columns and types", list(wrong_types(rows)))
    for name, of in (("pid", lambda r: r["pid"]), ("conn", lambda r: r["conn"]),
                     ("host", lambda r: r["host"]), ("path", lambda r: r["path"]),
                     ("status", lambda r: r["status"]), ("ms", lambda r: r["ms"]),
                     ("key", lambda r: r["auth"]["fingerprint"] if r["auth"] else ""),
                     ("key_label", lambda r: r["auth"]["token"] if r["auth"] else ""),
                     ("model", lambda r: r["request"]["body"]["model"]),
                     ("stream", lambda r: int(r["request"]["body"]["stream"])),
                     ("request_bytes", lambda r: r["request"]["body"]["bytes"]),
                     ("response_bytes", lambda r: r["response"]["bytes"]),
                     ("cause", lambda r: r["verdict"]["cause"] or ""),
                     ("refused_by", lambda r: r["verdict"]["refused_by"] or ""),
                     ("rules", lambda r: ",".join(f["rule"] for f in r["findings"]))):
        check([row[name] for row in rows] == [of(r) for r in records], "flat: " + name,
              ([row[name] for row in rows], [of(r) for r in records]))
    check([row["failed"] for row in rows] == [0, 1, 1, 0], "flat: failed", flat)
    check({row["exe"] for row in rows} == {os.path.realpath(shutil.which("curl"))},
          "flat: the program is the process record's", flat)
    check({row["operation"] for row in rows} == {"chat"}, "flat: operation", flat)
    check(all(row["user_agent"].startswith("curl/") for row in rows), "flat: user agent", flat)
    check(export("--flat", "-", stdin=text)[0] == flat, "flat: from standard input", flat)


def set_aside_first(log, scratch):
    lines = written(log).splitlines(True)
    parts = os.path.join(scratch, "parts.log")
    whole = export("--flat", log)[0]
    for path, some in ((parts + ".1", lines[:3]), (parts, lines[3:])):
        with open(path, "w", encoding="utf-8") as out:
            out.writelines(some)
    for words in ([parts], [parts, parts + ".1"], [parts + ".1", parts], [parts + "*"]):
        check(export("--flat", *words)[0] == whole, "FILE.1 comes first and once: %d" % len(words),
              words)


def captures_keep_their_causes():
    caps = sorted(glob.glob(os.path.join(ROOT, "tests", "captures", "*", "*.cap")))
    log = subprocess.run([ORSHIM, "replay", "--json", *caps], stdout=subprocess.PIPE,
                         text=True).stdout
    records = [r for r in objects(log) if r["record"] == "exchange"]
    flat = export("--flat", "-", stdin=log)[0]
    rows = objects(flat)
    wanted = collections.Counter((r["verdict"] or {}).get("cause") or "" for r in records)
    check(len(rows) > 900 and collections.Counter(row["cause"] for row in rows) == wanted,
          "captures: %d exchanges, the same causes" % len(rows), wanted)
    check(not list(wrong_types(rows)), "captures: types", list(wrong_types(rows))[:5])
    return log


def strange_records():
    record = {"v": 1, "record": "exchange", "ts": "2026-01-01T00:00:00.000Z", "pid": 7,
              "tool": {"nested": KEY}, "status": "401", "http": None, "path": "/x?key=" + KEY,
              "secret": KEY, "auth": {"token": KEY, "carriers": [["authorization"]]},
              "response": {"error": {"code": 12.5, "message": "no " + KEY, "raw": KEY}},
              "request": {"body": {"messages": 1e300, "stream": 1}}, "verdict": None}
    out, _ = export("--flat", "-", stdin=json.dumps(record) + "\n")
    row = json.loads(out)
    check(not list(wrong_types([row])), "strange: types", list(wrong_types([row])))
    check((row["tool"], row["status"], row["carrier"], row["messages"], row["error_code"],
           row["probe"]) == ("", 0, "", 0, "12.5", 1), "strange: only what has its type", out)
    check(KEY[9:30] not in out, "strange: no key", out)
    newer = dict(record, v=2)
    lines = [json.dumps(record), "no JSON", json.dumps({"v": 1}), json.dumps(newer), "", "{" * 3000,
             '"' + "x" * (2 << 20) + '"', json.dumps(record)]
    out, said = export("--flat", "-", stdin="\r\n".join(lines))
    check(len(out.splitlines()) == 2, "strange: lines that are none are passed over", out)
    check("4 lines were no records" in said, "strange: and counted", said)
    check(export("--flat", "-", stdin=json.dumps(newer), status=3)[0] == "", "strange: nothing: 3")


def misuse(scratch):
    for words, said in (([], "in which form"), (["--flat", scratch], "is a folder"),
                        (["--flat", scratch + "/none"], "cannot read"),
                        (["--nested"], "unknown option")):
        out, err = export(*words, status=2)
        check(out == "" and said in err and len(err.splitlines()) == 1,
              "misuse: %s" % said, (out, err))
    full = subprocess.run([ORSHIM, "export", "--flat", os.path.join(scratch, "log")],
                          stdout=open("/dev/full", "w"), stderr=subprocess.PIPE, text=True)
    check(full.returncode == 2 and "No space left" in full.stderr, "misuse: a full disk",
          (full.returncode, full.stderr))


def main():
    scratch = tempfile.mkdtemp(prefix="orshim-export.")
    log = os.path.join(scratch, "log")
    try:
        with Standin() as standin:
            splits.curl(standin, ASKED, log)
            keys = [key[12:-4] for key in standin.keys.values()]
        flat_is_the_log(log)
        set_aside_first(log, scratch)
        captures_keep_their_causes()
        strange_records()
        misuse(scratch)
        out = export("--flat", log)[0]
        check(not any(key in out for key in keys), "no key in any of it", out)
    finally:
        shutil.rmtree(scratch, ignore_errors=True)
    sys.exit(finish())


if __name__ == "__main__":
    main()
