#!/usr/bin/python3
# SPDX-License-Identifier: MIT
# tags: fast
"""har.py ORSHIM: validates the HAR export of every capture against the JSON schema of HAR 1.2, and
reads it back: `orshim lint --har` has the same records, and so the same findings.

The schema is that of npm's package har-schema, the validator Debian's jsonschema.
Archives that are wrong on purpose must be refused, or the check proves nothing.
"""
import copy
import glob
import json
import os
import subprocess
import sys

from harness import ORSHIM, check, finish

import jsonschema

HERE = os.path.dirname(os.path.abspath(__file__))


def schema():
    fetch = os.path.join(HERE, "..", "..", "scripts", "fetch-clients.sh")
    cache = subprocess.run([fetch, "small"], stdout=subprocess.PIPE, check=True, text=True).stdout
    parts = {}
    for path in glob.glob(os.path.join(cache.strip(), "har-schema-2.0.0", "lib", "*.json")):
        with open(path) as part:
            parts[os.path.basename(path)] = json.load(part)
    # Each part is found by its own name, whatever it is looked up from.
    resolver = jsonschema.RefResolver("har.json", parts["har.json"], store=dict(
        parts, **{part["$id"]: part for part in parts.values()}))
    return jsonschema.Draft6Validator(parts["har.json"], resolver=resolver,
                                      format_checker=jsonschema.FormatChecker())


def damaged(archive):
    """What a validator that looks at anything must refuse."""
    for member, value in (("startedDateTime", "yesterday"), ("time", "1 s"), ("request", None),
                          ("response", {}), ("timings", {})):
        one = copy.deepcopy(archive)
        one["log"]["entries"][0][member] = value
        yield member, one


def main():
    valid, entries, archive = schema(), 0, None
    for folder in sorted(glob.glob(os.path.join(HERE, "..", "captures", "*"))):
        records = subprocess.run([ORSHIM, "replay", "--json"] + sorted(
            glob.glob(os.path.join(folder, "*.cap"))), stdout=subprocess.PIPE).stdout
        har = subprocess.run([ORSHIM, "report", "--har", "-", "-"], input=records,
                             stdout=subprocess.PIPE).stdout
        archive = json.loads(har)
        entries += len(archive["log"]["entries"])
        check(valid.is_valid(archive), os.path.basename(folder) + ": valid HAR 1.2", [
            "%s at %s" % (error.message[:200], "/".join(map(str, error.absolute_path)))
            for error in valid.iter_errors(archive)])
        again = subprocess.run([ORSHIM, "lint", "--json", "--har", "-"], input=har,
                               stdout=subprocess.PIPE).stdout
        check(sorted(again.splitlines()) == sorted(
            line for line in records.splitlines() if b'"record":"exchange"' in line),
            os.path.basename(folder) + ": read back, the same records")
    for member, one in damaged(archive):
        check(not valid.is_valid(one), "a wrong %s is refused" % member)
    check(entries >= 100, "%d exchanges were looked at" % entries)
    return finish()


if __name__ == "__main__":
    sys.exit(main())
