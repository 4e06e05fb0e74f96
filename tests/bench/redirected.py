# SPDX-License-Identifier: MIT
"""Rows of the bench about a tool that is reached by redirection: a static program under `orshim run`.

Its connect() is held until the relay has taken it over, its other system calls go through a
filter, and its bytes through the relay. Beside it the same program bare and through mitmproxy, and
connect() through the smallest relay (floor.c), in the column of the empty library.
The server has an address that is no loopback one, for those are left alone.
"""

import functools
import os

from others import has_mitmproxy, mitmproxy
from rounds import BARE, EMPTY, SHIM, Budget, numbers, us, whole_ns

SERVER, PROXY = "203.0.113.7", "203.0.113.8"  # RFC 5737
CPU, WALL, MEDIAN, P99 = range(4)
PROXIED = "mitmproxy"


def measure(bench):
    if not bench.has_addresses:
        bench.say("redirection: this machine allows no network of its own")
        return
    static = bench.build("client", "-static", name="client-static")
    place = bench.serve(SERVER)
    with bench.row("redirection, connect() and calls"):
        calls(bench, static, place)
    with bench.row("redirection, requests"):
        if has_mitmproxy(bench):
            with mitmproxy(bench, place, PROXY) as proxied:
                requests(bench, static, place, proxied)
        else:
            requests(bench, static, place, None)


def turn(bench, static, place, proxied, mode, full, floor=()):
    """MODE bare, relayed and, if there is a PROXIED place, by mitmproxy, which is much slower; and
    under the command FLOOR, if there is one."""
    def client(to, count, *under):
        return functools.partial(
            numbers, [*under, static, mode, str(bench.count(count)), to],
            bench.environment(SSL_CERT_FILE=bench.cert))

    bench.forget()
    relay = (bench.orshim, "run", "--quiet", "--relay", "strict", "--log", bench.log, "--")
    programs = {BARE: client(place, full), SHIM: client(place, full, *relay)}
    if floor:
        programs[EMPTY] = client(place, full, *floor)
    if proxied:
        programs[PROXIED] = client(proxied, full // 4)
    return bench.rounds(programs)


def calls(bench, static, place):
    bench.lines(turn(bench, static, place, None, "connect", 1000, (bench.build("floor"), place)),
                ("redirected, connect(), p50", MEDIAN, us, Budget(added=60e3)),
                ("    mean", WALL, us), ("    p99", P99, us))
    bench.lines(turn(bench, static, "-", None, "calls", 1000000),
                ("redirected, any other call (getppid), CPU", CPU, whole_ns, Budget(added=200)))


def requests(bench, static, place, proxied):
    for mode, what, full, budget in (("good", "redirected, a request", 1000, Budget(added=150e3)),
                                     ("fresh", "redirected, connect() to first byte", 100, None)):
        medians = turn(bench, static, place, proxied, mode, full)
        bench.logged(bench.count(full), '"cause":null')
        bench.lines(medians, (what + ", p50", MEDIAN, us, budget), ("    mean", WALL, us),
                    ("    p99", P99, us))
        if proxied:
            beside(bench, medians)


def beside(bench, medians):
    bare, relayed, through = (medians[name][MEDIAN] for name in (BARE, SHIM, PROXIED))
    bench.cells("    through mitmproxy, p50", us(bare), "", us(through), us(through - bare),
                "%.3f x" % (through / bare), "", "")
    times = (through - bare) / max(relayed - bare, 1000)
    bench.cells("    mitmproxy's delay by the relay's, p50", "", "", "", "", "%.0f x" % times, "10 x",
                bench.verdict(times >= 10))
