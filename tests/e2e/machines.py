#!/usr/bin/python3
# SPDX-License-Identifier: MIT
# tags: fast
"""machines.py: reports of several machines: filtered, split and grouped by where the requests were made.

The machines are namespaces' worth of settings: curl under the shim, ORSHIM_MACHINE and a CI system's
variable differ, and each has a log of its own. A log of an orshim that named no machine lies beside them.
"""
import json
import os
import re
import subprocess
import sys
import tempfile

from harness import ORSHIM, Mock, check, finish

import splits

MACHINES = 6
REFUSED = ("laptop-1", "laptop-4")  # both have a key that the server does not know


def orshim(*argv):
    return subprocess.run([ORSHIM, *argv], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def report(*argv):
    return json.loads(orshim("report", "--json", *argv).stdout)


def write_logs(server, folder):
    """Each machine's log, and one as an orshim wrote it that knew no machines."""
    for number in range(MACHINES):
        name = "laptop-%d" % number
        log = os.path.join(folder, name + ".log")
        asks = [splits.ask("unknown") if name in REFUSED else splits.ask() for _ in range(4)]
        splits.curl(server, asks, log, ORSHIM_MACHINE=name,
                    **({"GITHUB_ACTIONS": "true", "GITHUB_RUN_ID": "77%d" % number} if number % 2 else {}))
    with open(log, encoding="utf-8") as lines, \
            open(os.path.join(folder, "old.log"), "w", encoding="utf-8") as out:
        for line in lines:
            record = json.loads(line)
            for member in ("machine", "start", "orshim", "tool_version"):
                record.pop(member, None)
            out.write(json.dumps(record) + "\n")


def check_filters(folder):
    for argv, wanted in ((["--machine", "laptop-1"], {"laptop-1"}),
                         (["--machine", "LAPTOP-[14],laptop-2"], {"laptop-1", "laptop-4", "laptop-2"}),
                         (["--ci", "77[13]"], {"laptop-1", "laptop-3"}),
                         (["--boot", "*", "--machine", "*-5"], {"laptop-5"}),
                         (["--orshim", "*"], {"laptop-%d" % n for n in range(MACHINES)})):
        made = report(*argv, folder)
        got = {one["machine"] for one in made["exchanges"]}
        check(got == wanted and len(made["exchanges"]) == 4 * len(wanted), "report %s" % " ".join(argv), got)
        check({one["machine"] for one in made["processes"]} == wanted, "its processes", made["processes"])
        flat = orshim("export", "--flat", *argv, folder).stdout.splitlines()
        check({json.loads(line)["machine"] for line in flat} == wanted and len(flat) == 4 * len(wanted),
              "export %s" % " ".join(argv), flat[:2])
    done = orshim("report", "--machine", "laptop-9", folder)
    check(done.returncode == 3 and "no request fits" in done.stderr, "no such machine", done)


def check_split(folder):
    split = report(folder)["outcome_splits_on"]
    named = split["attributes"] + split["also"]
    check(split["strength"] == "strong" and "machine" in named, "what separates speaks of the machine", split)
    made = report("--machine", "laptop-1", folder)
    check(made["outcome_splits_on"]["strength"] == "none", "one machine is not separated from itself", made)
    for one in made["exchanges"]:
        check(one["ci"] == "771" and one["boot"] and one["orshim"], "an exchange says where it was made", one)


def check_groups(folder):
    made = report(folder)
    rows = {one["machine"]: one for one in made["machines"]}
    check(set(rows) == {"laptop-%d" % n for n in range(MACHINES)} | {None} and made["counts"]["machines"] == MACHINES,
          "a row a machine, and one for an old log", made["machines"])
    check([one["machine"] for one in made["machines"]][:2] == list(REFUSED), "most refusals first", list(rows))
    for name, one in rows.items():
        refused = 4 if name in REFUSED else 0
        check((one["requests"], one["refused"]) == (4, refused) and len(one["boots"]) == (name is not None) and
              one["ci"] == (["77" + name[-1]] if name and int(name[-1]) % 2 else []) and
              one["tools"][0].startswith("curl"), "what is known of %s" % name, one)
        check(one["causes"] == ([{"rule": "key_unknown", "count": 4}] if refused else []), "its causes", one)
    cause = next(one for one in made["causes"] if one["rule"] == "key_unknown")
    check(cause["machines"] == list(REFUSED), "a cause names its machines", cause)
    text = " ".join(orshim("report", folder).stdout.split())
    check("where: on 2 of 6 machines: laptop-1, laptop-4" in text and
          re.search(r"laptop-1: 4 requests, 4 refused \(4 key_unknown\); curl \d\.", text) and
          "(not recorded): 4 requests, none refused; curl" in text, "the text", text)
    text = orshim("report", "--markdown", folder).stdout
    check("where: `on 2 of 6 machines: laptop-1, laptop-4`" in text and "<summary>Machines</summary>" in text, "the Markdown", text)
    page = os.path.join(folder, "page")
    orshim("report", "--html", page, folder)
    with open(page, encoding="utf-8") as text:
        page = text.read()
    check('<h2 id="machines">Machines</h2>' in page and "on 2 of 6 machines" in page and
          'data-field="machine" data-value="laptop-4"' in page, "the page", page[:300])
    made = report(os.path.join(folder, "laptop-1.log"))
    check(made["counts"]["machines"] == 1 and "machines" not in orshim("report", os.path.join(
        folder, "laptop-1.log")).stdout, "one machine is not worth a table", made["machines"])


def main():
    with tempfile.TemporaryDirectory() as folder, Mock() as server:
        write_logs(server, folder)
        check_filters(folder)
        check_split(folder)
        check_groups(folder)
    return finish()


if __name__ == "__main__":
    sys.exit(main())
