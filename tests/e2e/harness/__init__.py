# SPDX-License-Identifier: MIT
"""What every end-to-end test shares: where the build is, a check and its TAP line, a skip,
the mock OpenRouter, and a program run bare and under the shim.

A test prints `ok N - NAME` or `not ok N - NAME` for each check, ends with finish(), and returns its
value as the exit status. A test that cannot run here at all ends with skip_all(), status 77.
"""

import collections
import glob
import json
import os
import subprocess
import sys
import threading

sys.dont_write_bytecode = True
HERE = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
ROOT = os.path.dirname(os.path.dirname(HERE))
BUILD = os.path.join(ROOT, os.environ.get("BUILD") or "build")
SHIM = os.path.abspath(os.environ.get("ORSHIM_LIBRARY", os.path.join(BUILD, "liborshim.so")))
ORSHIM = os.path.join(BUILD, "orshim")
CACHE = os.environ.get("ORSHIM_CACHE") or os.path.join(
    os.environ.get("XDG_CACHE_HOME") or os.path.expanduser("~/.cache"), "orshim")
PYTHON = "/usr/bin/python3"  # Debian's: its packages are there, and its OpenSSL is shared
TIME_LIMIT = 60  # seconds for one program
SKIPPED = 77

count = collections.Counter()
_lock = threading.Lock()


class Wrong(Exception):
    """What attempt() tells instead of passing."""


def _tell(passed, name, lines=()):
    with _lock:
        count["passed" if passed else "failed"] += 1
        print("%s %d - %s" % ("ok" if passed else "not ok", count["passed"] + count["failed"], name))
        for line in lines:
            print("# " + str(line)[:3000].replace("\n", "\n# "))
        sys.stdout.flush()


def check(condition, name, detail=""):
    """One check; DETAIL is shown where it fails. Returns whether it passed."""
    _tell(bool(condition), name, () if condition else [detail])
    return bool(condition)


def judge(name, problems):
    """One check that passes without PROBLEMS, an iterable; false ones do not count."""
    problems = [p for p in problems if p]
    _tell(not problems, name, problems)
    return not problems


def attempt(name, work):
    """One check that passes unless WORK() raises; what it returns is added to the name."""
    try:
        said = work()
    except (Wrong, subprocess.SubprocessError, OSError) as problem:
        _tell(False, name, [problem])
        return
    _tell(True, "%s: %s" % (name, said) if said else name)


def skip(name):
    """Something that cannot be tried here, and why."""
    with _lock:
        count["skipped"] += 1
        print("skip - " + name, flush=True)


def skip_all(why):
    """Nothing of this test can be tried here: it ends."""
    print("skip - " + why, flush=True)
    sys.exit(SKIPPED)


def finish():
    """The last line of a test; its exit status. Nothing checked is a failure."""
    print("%d passed, %d failed%s" % (count["passed"], count["failed"],
                                      ", %d skipped" % count["skipped"] if count["skipped"] else ""))
    return count["failed"] > 0 or not count["passed"]


def cached(*names):
    """Files of the cache that match the pattern of NAMES, the newest last."""
    return sorted(glob.glob(os.path.join(CACHE, *names)))


def need_clients(*names):
    """End the test if what scripts/fetch-clients.sh brings is missing."""
    for name in names:
        if not cached(name):
            sys.exit("%s is missing; scripts/fetch-clients.sh brings it" % os.path.join(CACHE, name))


def bare_environment(*dropped, **more):
    """Ours without any setting of the shim, without those DROPPED, and with MORE."""
    kept = {name: value for name, value in os.environ.items()
            if not name.startswith("ORSHIM_") and name != "LD_PRELOAD" and name not in dropped}
    return {**kept, **more}


def records(log, kind=None, never=()):
    """The whole lines of LOG, of one KIND; a secret of NEVER in it is a failure."""
    if not log or not os.path.exists(log):
        return []
    with open(log, encoding="utf-8") as lines:
        text = lines.read()
    for secret in never:
        if secret in text:
            raise AssertionError("the key is in the log")
    whole = text[:text.rfind("\n") + 1]  # the next line may be on its way
    found = [json.loads(line) for line in whole.splitlines()]
    return [r for r in found if kind in (None, r["record"])]


def forget(*paths):
    for path in paths:
        if os.path.exists(path):
            os.unlink(path)


Ran = collections.namedtuple("Ran", "status out err")


def run(argv, env, **options):
    """ARGV without standard input: its status, what it printed."""
    options = {"stdin": subprocess.DEVNULL, "timeout": TIME_LIMIT, **options}
    done = subprocess.run(argv, env=env, stdout=subprocess.PIPE, stderr=subprocess.PIPE, check=False,
                          **options)
    return Ran(done.returncode, done.stdout, done.stderr)


def bare_and_shimmed(argv, env, log, hosts, settings=None, **options):
    """(Ran bare, Ran under the shim); LOG is a new one."""
    forget(log)
    shim = {**env, "LD_PRELOAD": SHIM, "ORSHIM_LOG": log, "ORSHIM_HOSTS": hosts, **(settings or {})}
    return run(argv, env, **options), run(argv, shim, **options)


def differences(bare, shimmed):
    """What is not the same in two Ran."""
    for name, one, other in zip(Ran._fields, bare, shimmed):
        if one != other:
            yield "%s differs: bare %.300r, under the shim %.300r" % (name, one, other)


class Mock:
    """The mock OpenRouter of tests/mock. It runs until close(); what it says of itself (port, ca,
    keys) are its attributes. With RECORD, a new folder, it keeps what it receives there."""

    def __init__(self, *options, record=None):
        self.folder = record
        if record:
            os.makedirs(record, exist_ok=True)
            options = (*options, "--record", record)
        self.process = subprocess.Popen(
            [os.path.join(ROOT, "tests", "mock", "openrouter.py"), *options],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        line = self.process.stdout.readline()
        if not line:
            sys.exit("the mock OpenRouter did not start")
        self.__dict__.update(json.loads(line))

    def received(self):
        """Paths of what was received, in order."""
        return sorted(glob.glob(os.path.join(self.folder, "[0-9]*")))

    def take(self):
        """What was received since the last call, in order."""
        taken = []
        for path in self.received():
            with open(path, "rb") as request:
                taken.append(request.read())
            os.unlink(path)
        return taken

    def close(self):
        self.process.stdin.close()
        self.process.wait()
        self.process.stdout.close()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()
