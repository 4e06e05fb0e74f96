# SPDX-License-Identifier: MIT
"""CPython's own tests, one verdict for each test."""

import glob
import json
import os
import subprocess
import tempfile

from pair import HERE, ROOT, both_ways, run

MODULES = ["test_ssl", "test_httplib", "test_urllib2_localnet", "test_asyncio", "test_ftplib",
           "test_imaplib", "test_poplib", "test_smtplib", "test_subprocess", "test_posix"]
FAST = ["test_httplib", "test_urllib2_localnet", "test_smtplib",
        "test_ssl.SimpleBackgroundTests", "test_ssl.ContextTests"]
ATTEMPTS = 2


def verdicts(python, tests, module, log):
    with tempfile.TemporaryDirectory() as folder:
        out = os.path.join(folder, "verdicts")
        more = {"PYTHONPATH": tests} if tests else {}
        for _ in range(ATTEMPTS):  # test_asyncio has been seen to hang bare, on a busy machine
            done = run([python, os.path.join(HERE, "cpython_verdicts.py"), out, module], log,
                       timeout=1200, cwd=folder, **more)
            if done[0] != "it hung":
                break
        if not os.path.exists(out):
            return {module: f"status {done[0]}: {done[2][-300:]}"}
        with open(out, encoding="utf-8") as file:
            return json.load(file)


def differing(bare, mine):
    return {n for n in set(bare) | set(mine) if bare.get(n) != mine.get(n)}


def judge(pair, python, tests, module):
    """A test whose verdict varies bare (some depend on time) says nothing: it is named."""
    def ways():
        return both_ways(lambda log: verdicts(python, tests, module, log), pair.log)

    bare, mine = ways()
    name = python.split("/versions/")[-1] if "/versions/" in python else python
    if module in bare:
        pair.compare(f"{name} {module}: bare, {bare[module]}", {}, {})
        return
    unstable = set()
    for _ in range(ATTEMPTS):
        doubtful = differing(bare, mine) - unstable
        if not doubtful:
            break
        again, mine_again = ways()
        unstable |= {n for n in doubtful if again.get(n) != bare.get(n)}
        # What comes out as bare on a second try was time, or chance: a change would be there again.
        unstable |= {n for n in doubtful if mine_again.get(n) == bare.get(n)}
    pair.compare(f"{name} {module}", bare, mine, sorted(unstable))


def pythons(fast):
    fetched = subprocess.run([os.path.join(ROOT, "scripts/fetch-suites.sh")],
                             stdout=subprocess.PIPE, text=True, check=False)
    if fetched.returncode == 0:
        yield "/usr/bin/python3", fetched.stdout.strip()
    else:
        print("# skipped: CPython's tests for /usr/bin/python3 cannot be fetched here")
    for python in [] if fast else sorted(glob.glob(os.path.expanduser(
            "~/.pyenv/versions/3.*/bin/python3"))):
        if glob.glob(os.path.join(os.path.dirname(python), "../lib/python3*/test/test_ssl.py")):
            yield python, None


def suite(pair, fast):
    for python, tests in pythons(fast):
        for module in FAST if fast else MODULES:
            judge(pair, python, tests, module)
        pair.exchanges(f"{python}: its log", 1 if fast else 5)
