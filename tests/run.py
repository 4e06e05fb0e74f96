#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""run.py fast|clients|long|fleet|--list|NAME…: run the tests with this tag, or whose file has NAME in it.

A test is a file with a line `# tags: WORDS [-- ARGUMENTS]` near its top; each such line is one part.
Words: fast (make test), clients (make test-clients), long (make test-long), fleet (make test-fleet),
alone (it measures time or memory, or looks at all processes: nothing else runs beside it). Exit
status 77: skipped. Every program in tests/e2e must have tags and the x bit, so that none is left
out silently.

Two parts run at a time. One line a part; the output of one that failed, and build/test-logs/.
"""
import collections
import concurrent.futures
import glob
import os
import re
import subprocess
import sys
import threading
import time

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
LOGS = os.path.join("build", "test-logs")
SECONDS = os.path.join(LOGS, "seconds")
FOLDERS = ("tests/e2e", "tests/fleet", "tests/systems", "tests/suites", "tests/memory", "tests/world",
           "scripts")
SKIPPED = 77
SAN = "address,undefined"
FUZZ = SAN + ",fuzzer-no-link"
SANITIZED = "CFLAGS=-O1 -g"  # half the time of -O2 to build

Part = collections.namedtuple("Part", "name words command")


def in_build(folder, pattern):
    return [os.path.join("build", folder, source[:-2]) for source in sorted(glob.glob(pattern))]


def make(name, *arguments):
    return Part(name, (), ["make", "--no-print-directory", "-j%d" % os.cpu_count(), "WERROR=1",
                            *arguments])


def each(name, programs, *arguments):
    """Run all of PROGRAMS, whichever fails; a fuzz target replays its corpus."""
    script = 'bad=0; for one in "$@"; do echo "== $one"; %s || bad=1; done; echo "$# run"; exit $bad'
    return Part(name, (), ["sh", "-c", script % " ".join(('"$one"', *arguments)), "sh", *programs])


def shellcheck():
    listed = subprocess.run(["git", "ls-files", "scripts", ".ci", "*.sh"], stdout=subprocess.PIPE,
                            text=True, check=True).stdout.split()
    scripts = []
    for name in listed:
        with open(name, "rb") as script:
            if re.match(rb"#!.*(sh|bash)\n|# shellcheck shell=", script.readline()):
                scripts.append(name)
    return Part("shellcheck", (), ["sh", "-c", 'shellcheck "$@" && echo "$# scripts"', "sh",
                                   *scripts])


def builds():
    """Before all others, and chains of parts that go on from there."""
    units = "tests/unit/test_*.c"
    unit, unit_san = in_build("", units), in_build(SAN.replace(",", "-"), units)
    fuzz = in_build(FUZZ.replace(",", "-") + "/clang", "tests/fuzz/fuzz_*.c")
    first = [make("build, gcc", "CC=gcc", "all"),
             Part("fetch real clients", (), ["scripts/fetch-clients.sh", "small"])]
    chains = [
        [make("units build, ASan and UBSan", "SAN=" + SAN, SANITIZED, *unit_san),
         each("units, ASan and UBSan", unit_san)],
        [make("units build", *unit), each("units", unit)],
        [make("fuzz targets build", "CC=clang", "SAN=" + FUZZ, SANITIZED, *fuzz),
         each("fuzz corpora", fuzz, "-runs=0", '"tests/fuzz/corpus/${one##*/fuzz_}"')],
        [make("build, clang", "CC=clang", "CFLAGS=-O0", "build/clang/liborshim.so",
              "build/clang/orshim")],
        [shellcheck()],
    ]
    return first, chains


def fetched():
    return [make("build, gcc", "CC=gcc", "all"),
            Part("fetch all clients", (), ["scripts/fetch-clients.sh", "all"]),
            Part("build Python around an OpenSSL", (), ["scripts/fetch-python.sh"]),
            Part("build an OpenSSL to be laid apart", (), ["scripts/fetch-openssl.sh"])], []


def matrix():
    first, chains = fetched()
    return first, [*chains, [Part("races between threads", ("alone",), ["make", "races"])]]


def fleet():
    return [make("build, gcc", "CC=gcc", "all"),
            Part("fetch engines", (), ["scripts/fetch-clients.sh", "fleet"])], []


def tags_of(path):
    with open(path, encoding="utf-8") as source:
        head = [next(source, "") for _ in range(12)]
    for line in head:
        found = re.match(r"# tags: ([a-z ]+?)(?: -- (.*))?$", line.rstrip("\n"))
        if found:
            yield found[1].split(), (found[2] or "").split()


def discover():
    """Every part of every test, and what is wrong with the files."""
    parts, wrong = [], []
    for folder in FOLDERS:
        for path in sorted(glob.glob(folder + "/*")):
            if not path.endswith((".py", ".sh")):
                continue
            tags = list(tags_of(path))
            runs = os.access(path, os.X_OK)
            if folder == "tests/e2e" and not tags:
                wrong.append("%s has no line `# tags: …`: it would never run" % path)
            if tags and not runs:
                wrong.append("%s is not executable: chmod +x" % path)
            short = path.replace("tests/", "", 1)
            for words, arguments in tags:
                unknown = set(words) - {"fast", "clients", "long", "fleet", "alone"}
                if unknown:
                    wrong.append("%s: unknown tag %s" % (path, " ".join(unknown)))
                parts.append(Part(" ".join([short, *arguments]), tuple(words), [path, *arguments]))
    return parts, wrong


class Run:
    def __init__(self):
        os.makedirs(LOGS, exist_ok=True)
        self.count = collections.Counter()
        self.lock = threading.Lock()
        self.seconds = {}
        if os.path.exists(SECONDS):
            with open(SECONDS, encoding="utf-8") as lines:
                self.seconds = {n: float(s) for s, n in (l.rstrip("\n").split("\t") for l in lines)}

    def chain(self, parts):
        for part in parts:
            self.part(part)

    def part(self, part):
        path = os.path.join(LOGS, re.sub(r"[^A-Za-z0-9]+", "-", part.name) + ".log")
        start = time.monotonic()
        with open(path, "wb") as log:
            try:
                status = subprocess.run(part.command, stdin=subprocess.DEVNULL, stdout=log,
                                        stderr=subprocess.STDOUT, check=False).returncode
            except OSError as problem:
                log.write(str(problem).encode())
                status = 126
        with open(path, encoding="utf-8", errors="replace") as log:
            said = log.read().splitlines() or [""]
        good = sum(line.startswith("ok") for line in said)
        if status == 0 and "e2e/" in part.name and not good:
            status, said = 1, said + ["not ok - it ended well, and has checked nothing"]
        self.tell(part, status, time.monotonic() - start, said, good)

    def tell(self, part, status, seconds, said, good):
        kind = {0: "ok", SKIPPED: "skipped"}.get(status, "FAILED")
        with self.lock:
            self.count[kind] += 1
            self.count["checks"] += good
            self.seconds[part.name] = seconds
            print("%-8s%-44s%5.0f s  %s" % (kind, part.name, seconds,
                                           "" if kind == "FAILED" else said[-1][:60]), flush=True)
            if kind == "FAILED":
                wrong = [line for line in said if re.search(
                    r"^not ok|^FAIL|error:|undefined reference", line)][:20]
                for line in [*wrong, "...", *said[-25:], "exit status %d" % status]:
                    print("    " + line[:300], flush=True)

    def longest_first(self, chains):
        return sorted(chains, key=lambda c: -sum(self.seconds.get(p.name, 30) for p in c))

    def all(self, first, chains):
        self.chain(first)
        beside = [c for c in chains if not any("alone" in p.words for p in c)]
        with concurrent.futures.ThreadPoolExecutor(2) as pool:
            for done in [pool.submit(self.chain, c) for c in self.longest_first(beside)]:
                done.result()
        for chain in chains:
            if chain not in beside:
                self.chain(chain)
        with open(SECONDS, "w", encoding="utf-8") as out:
            for name, seconds in sorted(self.seconds.items(), key=lambda one: -one[1]):
                out.write("%.1f\t%s\n" % (seconds, name))


def main(words):
    os.chdir(ROOT)
    parts, wrong = discover()
    for line in wrong:
        print("FAILED  " + line)
    if words == ["--list"]:
        for part in parts:
            print("%-20s %s" % (" ".join(part.words), part.name))
        return bool(wrong)
    first, chains = [], []
    if words in (["fast"], ["clients"], ["long"], ["fleet"]):
        first, chains = {"fast": builds, "clients": matrix, "long": fetched, "fleet": fleet}[words[0]]()
        chosen = [p for p in parts if words[0] in p.words]
    else:
        chosen = [p for p in parts if any(w in p.command[0] for w in words) and "fast" in p.words]
    if not chosen:
        print(__doc__.split("\n\n", maxsplit=1)[0], file=sys.stderr)
        return 2
    run, start = Run(), time.monotonic()
    run.all(first, chains + [[p] for p in chosen])
    failed = run.count["FAILED"] + len(wrong)
    print("%d passed, %d skipped, %d failed; %d checks, %d s" % (
        run.count["ok"], run.count["skipped"], failed, run.count["checks"],
        time.monotonic() - start))
    return failed > 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
