# SPDX-License-Identifier: MIT
"""The same program bare and under the shim, its verdicts side by side."""

import concurrent.futures
import json
import os
import subprocess
import tempfile

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
SHIM = os.path.abspath(os.environ.get("ORSHIM_SO", os.path.join(ROOT, "build/liborshim.so")))
HERE = os.path.dirname(os.path.abspath(__file__))
CACHE = os.environ.get("ORSHIM_CACHE", os.path.join(
    os.environ.get("XDG_CACHE_HOME", os.path.expanduser("~/.cache")), "orshim"))


def environment(log=None, **more):
    """With LOG, under the shim as `orshim run` sets it; this machine counts as an API."""
    env = {k: v for k, v in os.environ.items() if not k.startswith("ORSHIM_")}
    env.update(more)
    if log:
        env.update(LD_PRELOAD=SHIM, ORSHIM_LOG=log, ORSHIM_FOLLOW="1",
                   ORSHIM_HOSTS="localhost,127.0.0.1")
    return env


class Pair:
    """Counts verdicts that are the same and says which are not."""

    def __init__(self):
        self.same = self.different = 0
        self.rows = []
        self.folder = tempfile.mkdtemp(prefix="orshim-suites-")
        self.log = os.path.join(self.folder, "log")

    def compare(self, suite, bare, mine, unstable=()):
        """BARE and MINE: {name: verdict}; names in UNSTABLE vary without the shim."""
        names = sorted(set(bare) | set(mine))
        wrong = [n for n in names if bare.get(n) != mine.get(n) and n not in unstable]
        for name in wrong:
            print(f"not ok - {suite}: {name}\n#   bare: {str(bare.get(name))[:600]}\n"
                  f"#   shim: {str(mine.get(name))[:600]}")
        if not names:
            print(f"not ok - {suite}: nothing was run")
            wrong = ["nothing"]
        self.same += len(names) - len(wrong)
        self.different += len(wrong)
        note = f", {len(unstable)} vary by themselves: {', '.join(unstable)}" if unstable else ""
        self.rows.append((suite, len(names), len(wrong)))
        if not wrong:
            print(f"ok - {suite}: {len(names)} verdicts are the same{note}", flush=True)

    def exchanges(self, suite, least):
        """The suite went through the shim: the log holds at least LEAST exchanges."""
        count = broken = 0
        if os.path.exists(self.log):
            for path in (self.log, self.log + ".1"):
                if not os.path.exists(path):
                    continue
                with open(path, "rb") as lines:
                    for line in lines:
                        try:
                            count += json.loads(line)["record"] == "exchange"
                        except ValueError:
                            broken += 1
                os.unlink(path)
        good = count >= least and not broken
        self.same += good
        self.different += not good
        print(f"{'ok' if good else 'not ok'} - {suite}: {count} exchanges in the log, "
              f"{broken} lines are broken", flush=True)


def both_ways(verdicts, log):
    """VERDICTS(None) and VERDICTS(LOG) at the same time: both meet what else the machine does."""
    with concurrent.futures.ThreadPoolExecutor(2) as pool:
        return tuple(pool.map(verdicts, (None, log)))


def run(command, log=None, timeout=600, cwd=None, stdin=b"", **more):
    """(status, stdout, stderr) of COMMAND; "it hung" as a status if it does."""
    try:
        done = subprocess.run(command, env=environment(log, **more), capture_output=True,
                              input=stdin, timeout=timeout, cwd=cwd)
    except subprocess.TimeoutExpired:
        return "it hung", b"", b""
    return done.returncode, done.stdout, done.stderr
