# SPDX-License-Identifier: MIT
"""Runs test modules of CPython's own suite and writes a verdict for each test.

cpython_verdicts.py OUT MODULE…: OUT gets one JSON object, {test id: verdict};
a sub-test that failed has an id of its own. The tests' own output goes where
it goes. Runs under any Python from 3.6 on.
"""

import json
import sys
import unittest


class Verdicts(unittest.TestResult):
    def __init__(self):
        super().__init__()
        self.of = {}

    def note(self, test, verdict):
        self.of[test.id() if hasattr(test, "id") else str(test)] = verdict

    def addSuccess(self, test):
        self.note(test, "ok")

    def addFailure(self, test, err):
        self.note(test, "failed")
        super().addFailure(test, err)

    def addError(self, test, err):
        self.note(test, "error")
        super().addError(test, err)

    def addSkip(self, test, reason):
        self.note(test, "skipped")

    def addExpectedFailure(self, test, err):
        self.note(test, "expected failure")

    def addUnexpectedSuccess(self, test):
        self.note(test, "unexpected success")

    def addSubTest(self, test, subtest, err):
        if err is not None:
            self.note(subtest, "failed")
            super().addSubTest(test, subtest, err)


def main(out, modules):
    from test import support
    support.use_resources = []  # nothing that needs the network
    result = Verdicts()
    for module in modules:
        suite = unittest.defaultTestLoader.loadTestsFromName("test." + module)
        suite.run(result)
    with open(out, "w", encoding="utf-8") as file:
        json.dump(result.of, file)
    for test, text in result.failures + result.errors:
        print(f"--- {test}\n{text}", file=sys.stderr)


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2:])
