#!/usr/bin/python3
# SPDX-License-Identifier: MIT
# tags: fast
"""filters.py: which requests report, export, watch and diff select, and which sources they read.

Each filter is implemented once more here, over the same lines of JSON. The logs are of curl
under the shim and of replayed captures: as files, folders, patterns, compressed, and from a pipe.
"""
import datetime
import fnmatch
import glob
import gzip
import json
import os
import subprocess
import sys
import tempfile
import time

from harness import ORSHIM, ROOT, Mock, check, finish

import splits


def orshim(*argv, given=None, **settings):
    return subprocess.run([ORSHIM, *argv], input=given, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                          env=dict(os.environ, **settings))


def names(done):
    return [one["name"] for one in json.loads(done.stdout)["exchanges"]]


def when(record):
    return datetime.datetime.fromisoformat(record["ts"].replace("Z", "+00:00")).timestamp()


def look(log, records, argv, fits):
    wanted = [str(n + 1) for n, record in enumerate(records) if fits(record)]
    done = orshim("report", "--json", *argv, log)
    if not wanted:
        check(done.returncode == 3 and done.stderr == b"orshim: report: no request fits the filter\n",
              "report %s: nothing is left" % " ".join(argv), done)
        return
    got = names(done)
    check(sorted(got) == sorted(wanted), "report %s: %d of %d" % (" ".join(argv), len(wanted), len(records)),
          (wanted[:9], got[:9], done.stderr))
    flat = orshim("export", "--flat", *argv, log).stdout.splitlines()
    # `export` reads the lines of connections and processes as report does, and writes exchanges.
    check(len(flat) == len(wanted), "export %s: as many" % " ".join(argv), (len(flat), len(wanted)))


def check_filters(log, records):
    keys = sorted({one["auth"]["fingerprint"] for one in records if one["auth"] and one["auth"]["fingerprint"]})
    labels = sorted({one["auth"]["token"] for one in records if one["auth"] and one["auth"]["fingerprint"]})
    times = sorted(when(one) for one in records)
    middle = times[len(times) // 2]
    stamp = datetime.datetime.fromtimestamp(middle, datetime.timezone.utc)

    def cause(one):
        return (one["verdict"] or {}).get("cause")

    def auth(one, member):
        return (one["auth"] or {}).get(member)
    for argv, fits in (
            (["--status", "401"], lambda one: one["status"] == 401),
            (["--status=4xx,503"], lambda one: one["status"] and (one["status"] // 100 == 4 or one["status"] == 503)),
            (["--status", "429", "--status", "5xx"], lambda one: one["status"] and (
                one["status"] == 429 or one["status"] // 100 == 5)),
            (["--host", "*.anthropic.com"], lambda one: fnmatch.fnmatch(one["host"], "*.anthropic.com")),
            (["--host", "OPENROUTER.ai"], lambda one: (one["host"] or "").lower() == "openrouter.ai"),
            (["--process", "repl*"], lambda one: one["tool"] == "replay"),
            (["--process", "cur?", "--status", "401"], lambda one: one["tool"] == "curl" and one["status"] == 401),
            (["--process", str(records[-1]["pid"])], lambda one: one["pid"] == records[-1]["pid"]),
            (["--model", "*/gpt-4o*"], lambda one: fnmatch.fnmatch(
                one["request"]["body"]["model"] or "", "*/gpt-4o*")),
            (["--cause", "auth_token_quoted"], lambda one: cause(one) == "auth_token_quoted"),
            (["--cause", "auth_missing,none"], lambda one: cause(one) in ("auth_missing", None)),
            (["--key", keys[0]], lambda one: auth(one, "fingerprint") == keys[0]),
            (["--key", keys[-1][7:13]], lambda one: (auth(one, "fingerprint") or "").startswith(keys[-1][:13])),
            (["--key", labels[-1]], lambda one: auth(one, "token") == labels[-1]),
            (["--since", stamp.strftime("%Y-%m-%dT%H:%M:%S.%fZ")], lambda one: when(one) >= middle),
            (["--until", (stamp + datetime.timedelta(hours=2)).strftime("%Y-%m-%dT%H:%M:%S.%f+02:00")],
             lambda one: when(one) < middle),
            (["--since", "1h"], lambda one: when(one) > time.time() - 3600),
            (["--until", "90s"], lambda one: when(one) < time.time() - 90),
            (["--status", "418"], lambda one: False)):
        look(log, records, argv, fits)


def check_clock(log, records):
    """A local HH:MM is the last one."""
    start = time.localtime(time.time() - 120)
    done = orshim("report", "--json", "--since", time.strftime("%H:%M", start), log)
    check(len(names(done)) == sum(when(one) > time.time() - 3600 for one in records),
          "--since HH:MM of two minutes ago", done.stderr)


def check_day(log, records):
    """A day is its local midnight, as a calendar knows it."""
    for ahead in (-1, 1):
        day = datetime.date.today() + datetime.timedelta(days=ahead)
        midnight = time.mktime(day.timetuple())
        look(log, records, ["--since", day.isoformat()], lambda one, at=midnight: when(one) >= at)
        look(log, records, ["--until", day.isoformat()], lambda one, at=midnight: when(one) < at)


def check_mistakes(log):
    for argv, words in ((["--since", "yesterday"], "or how long ago"), (["--until", "25:00"], "or how long ago"),
                        (["--since", "2026-02-30"], "a day (2026-11-24)"), (["--since", "2026-11"], "or how long ago"),
                        (["--status", "4x"], "401, 4xx or a list"), (["--status", "700"], "401, 4xx or a list"),
                        (["--cause", "auth_token_qouted"], "did you mean auth_token_quoted"),
                        (["--host", "a,,b"], "empty value")):
        for command in (["report"], ["export", "--flat"], ["watch"], ["diff", "last-good", "last-bad"]):
            done = orshim(*command, *argv, log)
            text = done.stderr.decode()
            check(done.returncode == 2 and words in text and text.count("\n") == 1,
                  "%s %s: one line" % (command[0], " ".join(argv)), text)


def check_inputs(scratch, log, records):
    """One log in many forms."""
    with open(log, "rb") as text:
        whole = text.read()
    folder = os.path.join(scratch, "folder")
    os.makedirs(os.path.join(folder, "below", "run"))
    half = whole.index(b"\n", len(whole) // 2) + 1
    with open(os.path.join(folder, "a.log"), "wb") as out:
        out.write(whole[:half])
    with gzip.open(os.path.join(folder, "below", "run", "log.gz"), "wb") as out:
        out.write(whole[half:])
    with open(os.path.join(folder, "notes.txt"), "wb") as out:
        out.write(b"no log\n")
    packed = {"gz": gzip.compress(whole[:half]) + gzip.compress(whole[half:]),
              "zst": subprocess.run(["zstd", "-q"], input=whole, stdout=subprocess.PIPE, check=True).stdout}
    for end, text in packed.items():
        path = os.path.join(scratch, "packed." + end)
        with open(path, "wb") as out:
            out.write(text)
        for name, done in ((path, orshim("report", "--json", path)),
                           ("- of " + end, orshim("report", "--json", "-", given=text))):
            check(len(names(done)) == len(records), "report %s" % os.path.basename(name), done.stderr)
        done = orshim("export", "--flat", path)
        check(len(done.stdout.splitlines()) == len(records), "export packed." + end, done.stderr)
        with open(path, "wb") as out:
            out.write(text[:-20])
        done = orshim("report", "--json", "--summary", path)
        check(b"damaged or cut off" in done.stderr and done.returncode == 1, "report of a %s cut off" % end, done.stderr)
    for name in (folder, os.path.join(scratch, "fold*")):
        done = orshim("report", "--json", name)
        check(len(json.loads(done.stdout or b'{"exchanges":[]}')["exchanges"]) == len(records),
              "report %s" % os.path.basename(name), done.stderr)
    check(len(orshim("export", "--flat", folder).stdout.splitlines()) == len(records), "export of a folder")
    os.mkdir(os.path.join(scratch, "empty"))
    done = orshim("report", os.path.join(scratch, "empty"))
    check(done.returncode == 2 and b"no log is in this folder" in done.stderr, "a folder without logs", done)
    memory = subprocess.run(["sh", "-c", "yes '%s' | head -c 300000000 | gzip -1 >%s/big.gz; ulimit -v 400000; "
                             "TMPDIR=%s exec %s export --flat %s/big.gz" % (
                                 "x" * 99, scratch, scratch, ORSHIM, scratch)],
                            stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    check(memory.returncode == 3 and b"were not records" in memory.stderr, "300 MB unpacked in 400 MB of memory",
          memory.stderr)


def check_watch(log, records):
    process = subprocess.Popen([ORSHIM, "watch", "--all", "--status", "401", log], stdout=subprocess.PIPE)
    wanted = sum(one["status"] == 401 for one in records)
    lines = 0
    while lines < wanted:
        line = process.stdout.readline()
        lines += b" -> 401, " in line
        if b" -> " in line and b" -> 401, " not in line:
            break
    check(lines == wanted, "watch --status: those alone", (lines, wanted))
    process.terminate()
    process.wait()


def main():
    captures = sorted(glob.glob(os.path.join(ROOT, "tests", "captures", "*", "*.cap")))
    with tempfile.TemporaryDirectory() as scratch, Mock() as server:
        log = os.path.join(scratch, "orshim.log")
        splits.curl(server, [splits.ask(), splits.ask("unknown"), splits.ask(key=None, stream=True)], log)
        with open(log, "ab") as out:
            out.write(orshim("replay", "--json", *captures).stdout)
        with open(log, "rb") as text:
            records = [json.loads(line) for line in text]
        records = [one for one in records if one["record"] == "exchange"]
        check_filters(log, records)
        check_clock(log, records)
        check_day(log, records)
        check_mistakes(log)
        check_watch(log, records)
        check_inputs(scratch, log, records)
    return finish()


if __name__ == "__main__":
    sys.exit(main())
