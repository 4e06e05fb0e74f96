# SPDX-License-Identifier: MIT
"""A program under valgrind's memcheck, bare and with the shim: which errors are ours."""

import collections
import concurrent.futures
import os
import subprocess
import sys
import tempfile
import xml.etree.ElementTree

TESTS = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
sys.path[:0] = [os.path.join(TESTS, folder) for folder in ("e2e", "suites")]
from harness import SHIM  # noqa: E402

# Whole stacks, or what is called deep inside a host would not show that we called it.
VALGRIND = ["valgrind", "--tool=memcheck", "--quiet", "--num-callers=60", "--leak-check=full",
            "--show-leak-kinds=definite,indirect", "--errors-for-leak-kinds=definite,indirect",
            "--child-silent-after-fork=yes", "--xml=yes"]
TIMEOUT = 900  # seconds; to end one that hangs
INNERMOST = 5  # functions by which two errors are the same

# STATUS and OUTPUT as of the program, ERRORS: [Error].
Checked = collections.namedtuple("Checked", "status output said errors")
# PLACE: the innermost functions that are not of the shim; OURS: a function of it is in a stack.
Error = collections.namedtuple("Error", "kind place ours text")


def frames(error):
    for frame in error.iter("frame"):
        yield (os.path.basename(frame.findtext("obj") or ""),
               frame.findtext("fn") or "?", frame.findtext("line") or "")


def read_errors(path):
    found = []
    for error in xml.etree.ElementTree.parse(path).getroot().iter("error"):
        stack = list(frames(error))
        ours = [f for f in stack if f[0] == os.path.basename(SHIM)]
        foreign = [f[1] for f in stack if f[0] != os.path.basename(SHIM)]
        what = error.findtext("what") or error.findtext("xwhat/text") or ""
        text = f"{error.findtext('kind')}: {what}: " + " < ".join(
            f"{fn}:{line} ({obj})" for obj, fn, line in stack[:20])
        found.append(Error(error.findtext("kind"), tuple(foreign[:INNERMOST]), bool(ours), text))
    return found


def memcheck(command, log=None, valgrind=(), stdin=b"", meanwhile=None, **more):
    """COMMAND under memcheck; with LOG, the shim in it as well.

    MEANWHILE(child) is called when it was started.
    """
    environment = {k: v for k, v in os.environ.items() if not k.startswith("ORSHIM_")}
    environment.update(more)
    if log:
        environment.update(LD_PRELOAD=SHIM, ORSHIM_LOG=log)
    with tempfile.TemporaryDirectory(prefix="orshim-memcheck.") as folder:
        # A child that was not told to be quiet writes a file of its own.
        out = os.path.join(folder, "%p.xml")
        with subprocess.Popen([*VALGRIND, *valgrind, "--xml-file=" + out, *command],
                              env=environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                              stderr=subprocess.PIPE) as child:
            try:
                if meanwhile:
                    meanwhile(child)
                output, said = child.communicate(stdin, TIMEOUT)
            except subprocess.TimeoutExpired:
                child.kill()
                output, said = child.communicate()
                return Checked("it hung", output, said, [])
        own = os.path.join(folder, f"{child.pid}.xml")
        try:
            errors = read_errors(own)
        except (FileNotFoundError, xml.etree.ElementTree.ParseError):
            errors = None
    return Checked(child.returncode, output, said, errors)


def both_ways(command, log, **more):
    """Bare and with the shim: at once, but one after the other when somebody has to talk to it."""
    with concurrent.futures.ThreadPoolExecutor(1 if more.get("meanwhile") else 2) as pool:
        return list(pool.map(lambda one: memcheck(command, one, **more), (None, log)))


def judge(bare, mine):
    """What is wrong with MINE, next to BARE: errors that are ours, or that we brought about."""
    problems = []
    if (bare.status, bare.output, bare.said) != (mine.status, mine.output, mine.said):
        problems.append(f"bare {bare[:3]} but under the shim {mine[:3]}"[:1500])
    for name, one in (("bare", bare), ("under the shim", mine)):
        if one.errors is None:
            problems.append(f"valgrind left no report, {name}")
    known = {(e.kind, e.place) for e in bare.errors or []}
    for error in mine.errors or []:
        if (error.kind, error.place) not in known:
            problems.append(("ours: " if error.ours else "only with us: ") + error.text)
    return problems
