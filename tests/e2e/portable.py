#!/usr/bin/python3
# SPDX-License-Identifier: MIT
# tags: clients
"""portable.py: `make portable`, the command and the unit tests as static programs of musl.

Whoever ports what judges and reports to another system needs nothing that glibc alone has. The
programs name no loader and no library, the unit tests pass, and each capture and each HAR has the same
findings, byte by byte, as by the command that is linked with glibc.
"""
import concurrent.futures
import glob
import os
import re
import shutil
import subprocess
import sys

from harness import ORSHIM, ROOT, check, finish, judge, skip_all

MUSL = os.path.join(ROOT, "build", "musl")
COMMAND = os.path.join(MUSL, "orshim")


def output(*argv, given=None):
    done = subprocess.run(argv, input=given, stdout=subprocess.PIPE, stderr=subprocess.PIPE, check=False, cwd=ROOT)
    return done.returncode, done.stdout, done.stderr


def is_static(program):
    headers = subprocess.run(["readelf", "-lW", program], stdout=subprocess.PIPE, check=True, text=True).stdout
    return "INTERP" not in headers and "DYNAMIC" not in headers


def differing(path):
    """What the two commands say differently of a capture, and of the HAR of it."""
    for command in ("replay", "lint"):
        one, other = (output(program, command, "--json", path)[:2] for program in (ORSHIM, COMMAND))
        # `lint` writes the time of now into what has none.
        one, other = ((status, re.sub(rb'"ts":"[^"]*"', b"", text)) for status, text in (one, other))
        if one != other:
            yield "%s %s: %r, musl %r" % (command, path, one, other)
    records = output(ORSHIM, "replay", "--json", path)[1]
    one, other = (output(program, "report", "--har", "-", "-", given=records)[1] for program in (ORSHIM, COMMAND))
    if one != other:
        yield "report --har %s" % path
    one, other = (output(program, "lint", "--json", "--har", "-", given=one)[:2] for program in (ORSHIM, COMMAND))
    if one != other:
        yield "lint --har %s" % path


def main():
    if not shutil.which("musl-gcc"):
        skip_all("musl-gcc is not installed")
    done = subprocess.run(["make", "portable"], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False, cwd=ROOT)
    if not check(done.returncode == 0, "make portable: each warning an error", done.stdout.decode()[-3000:]):
        return finish()
    tests = [path for path in sorted(glob.glob(os.path.join(MUSL, "tests", "unit", "test_*")))
             if os.access(path, os.X_OK)]
    judge("orshim and %d unit tests are static, and of musl" % len(tests), [
        path for path in [COMMAND, *tests] if not is_static(path) or b"GLIBC" in open(path, "rb").read()])
    check(len(tests) > 40, "most unit tests", tests)
    for path in tests:
        status, said, more = output(path)
        check(status == 0, os.path.basename(path), (said + more).decode("utf-8", "replace")[-2000:])
    captures = sorted(glob.glob(os.path.join("tests", "captures", "*", "*.cap")))
    with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
        problems = [p for some in pool.map(lambda path: list(differing(path)), captures) for p in some]
    judge("%d captures: the same bytes as by glibc's" % len(captures), problems)
    check(len(captures) > 1000, "all captures", len(captures))
    env = {**os.environ, "BUILD": "build/musl"}
    for name in ("har_lint.py", "golden.py"):
        done = subprocess.run([os.path.join(ROOT, "tests", "e2e", name)], env=env, stdout=subprocess.PIPE,
                              stderr=subprocess.STDOUT, check=False)
        check(done.returncode == 0, name + " with it", done.stdout.decode()[-2000:])
    return finish()


if __name__ == "__main__":
    sys.exit(main())
