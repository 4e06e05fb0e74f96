# SPDX-License-Identifier: MIT
"""What tests of the commands share: where the build is, a case's verdict, the stand-in OpenRouter."""

import json
import os
import subprocess
import sys

sys.dont_write_bytecode = True
HERE = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
ROOT = os.path.dirname(os.path.dirname(HERE))
BUILD = os.environ.get("BUILD") or os.path.join(ROOT, "build")
SHIM = os.environ.get("ORSHIM_LIBRARY", os.path.join(BUILD, "liborshim.so"))
ORSHIM = os.path.join(BUILD, "orshim")
passed, failed = 0, 0


def check(condition, name, detail=""):
    global passed, failed
    passed, failed = passed + bool(condition), failed + (not condition)
    print("%s %d - %s" % ("ok" if condition else "not ok", passed + failed, name))
    if not condition:
        print("# " + str(detail)[:3000].replace("\n", "\n# "))


def finish():
    """The last line of a test; its exit status."""
    print("%d passed, %d failed" % (passed, failed))
    return failed > 0


class Standin:
    """It runs until close(); what it says of itself (port, ca, keys) are its attributes."""

    def __init__(self, *options):
        self.process = subprocess.Popen(
            [os.path.join(ROOT, "tests", "mock", "openrouter.py"), *options],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        line = self.process.stdout.readline()
        self.ready = bool(line)
        self.__dict__.update(json.loads(line) if line else {})

    def close(self):
        self.process.stdin.close()
        self.process.wait()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()
