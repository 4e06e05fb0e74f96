#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""coverage.py FOLDER [--missed]: which of our lines the tests in FOLDER, built with gcc --coverage
and already run, went through; a row for each folder. --missed names the others, file by file.
Fails when a folder of FLOORS, with those in it, is below its floor."""

import collections
import json
import os
import pathlib
import subprocess
import sys

FLOORS = {"shim/wire": 95, "shim/diagnose": 95, "shim/report": 95}
ROOT = pathlib.Path(__file__).resolve().parent.parent


def lines_of(build):
    """Each source's lines that hold code: how often each ran, at most, in one program. Tables
    (.def) and what is not ours are left out."""
    sources = collections.defaultdict(dict)
    notes = sorted(str(note) for note in build.rglob("*.gcno"))
    if not notes:
        sys.exit(f"coverage.py: nothing in {build} was built with --coverage")
    said = subprocess.run(["gcov", "--json-format", "--stdout", *notes], cwd=ROOT,
                          stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, check=True)
    for one in said.stdout.splitlines():
        for source in json.loads(one)["files"]:
            path = os.path.normpath(source["file"])
            if not path.startswith(("shim/", "tools/")) or not path.endswith((".c", ".h")):
                continue
            for line in source["lines"]:
                seen = sources[path].get(line["line_number"], 0)
                sources[path][line["line_number"]] = max(seen, line["count"])
    return sources


def as_ranges(numbers):
    """[3, 4, 5, 9] is 3-5, 9."""
    runs = []
    for number in sorted(numbers):
        if runs and number == runs[-1][1] + 1:
            runs[-1][1] = number
        else:
            runs.append([number, number])
    return ", ".join(str(a) if a == b else f"{a}-{b}" for a, b in runs)


def whole(counts, folder):
    """Of FOLDER with the folders in it."""
    return sum(n for name, n in counts.items() if (name + "/").startswith(folder + "/"))


def main():
    if len(sys.argv) not in (2, 3) or sys.argv[2:] not in ([], ["--missed"]):
        sys.exit("coverage.py: want FOLDER [--missed]")
    sources = lines_of(pathlib.Path(sys.argv[1]).resolve())
    total, hit = collections.Counter(), collections.Counter()
    for path, lines in sorted(sources.items()):
        folder = os.path.dirname(path)
        missed = [number for number, count in lines.items() if not count]
        total[folder] += len(lines)
        hit[folder] += len(lines) - len(missed)
        if missed and len(sys.argv) == 3:
            print(f"{path}: {as_ranges(missed)}")
    print(f"{'folder':<20} {'lines':>6} {'covered':>8}")
    for folder in sorted(total):
        print(f"{folder:<20} {total[folder]:>6} {hit[folder] / total[folder]:>8.1%}")
    low = [f"{folder} is below {floor} %" for folder, floor in FLOORS.items()
           if whole(hit, folder) * 100 < floor * whole(total, folder) or not whole(total, folder)]
    sys.exit("coverage.py: " + "; ".join(low) if low else 0)


if __name__ == "__main__":
    main()
