#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""Runs in the machine that arm64_machine.py starts: unit tests that look at the kernel, attach with
waits, with CPython and Node under live traffic, and killed in the middle; redirection of programs
that the library does not get into.
"""

import os
import subprocess
import sys
import tempfile

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "e2e"))
import attach  # noqa: E402
import attach_killed  # noqa: E402
import attach_refused  # noqa: E402
import harness  # noqa: E402
import redirect_clients  # noqa: E402
from arm64 import OF_THE_KERNEL  # noqa: E402
from redirect import place  # noqa: E402

HOWS = ("registers", "sleep", "poll", "epoll")
TRIES = 5
STEP = 6  # of ptrace(2) calls: killed at each sixth
STAY = os.path.join(harness.BUILD, "stay")
GO = os.path.join(harness.BUILD, "ask")


def unit(name):
    done = subprocess.run([os.path.join(harness.BUILD, "tests/unit", name)], cwd="/orshim", text=True,
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False, timeout=300)
    if done.returncode:
        raise harness.Wrong(done.stdout[-1500:])


def killed(shop):
    """`orshim attach`, killed at some of its calls: not one register of the wait changes."""
    host = attach_killed.Waiting(STAY, "for-ever")
    host.masks = None
    attach_killed.again(shop, host, "", "nothing")
    shop.run("--detach", host.pid)
    host.masks = attach_killed.masks(host.pid)
    count = 0
    for call, step in (("process_vm_writev", 1), ("ptrace", STEP)):
        n, was_killed = 1, True
        while was_killed:
            was_killed = attach_killed.killed_at(shop, [host.pid], call, n, "")
            attach_killed.again(shop, host, "", "%s %d" % (call, n))
            if shop.run("--detach", host.pid).returncode != 0:
                raise harness.Wrong(shop.said[-1])
            count, n = count + was_killed, n + step
    return "%d times, %s" % (count, host.end())


def one_round(shop, host, hosts):
    """Emulated, its threads do not rest for long: what attach asks for then, to try again, is done."""
    for left in range(TRIES, -1, -1):
        try:
            return attach.one_round(shop, host, hosts)
        except harness.Wrong as why:
            if "no idle thread" not in str(why) or not left:
                raise


def live(shop, name, command, server):
    """Attached and detached twice while it asks with a damaged key: seen and diagnosed."""
    env = {"OPENROUTER_API_KEY": '"%s"' % attach.KEY, "NODE_EXTRA_CA_CERTS": server.ca,
           "SSL_CERT_FILE": server.ca}
    hosts = "localhost:%d=openrouter" % server.port
    host = attach.Host(shop, name, [*command, "https://localhost:%d/api/v1" % server.port], env)
    for pid in (host.pid, host.twin_pid):
        attach.wait_for("its libraries", lambda p=pid: any("libc.so" in m[3] for m in attach.mappings(p)))
    for _ in range(2):
        one_round(shop, host, hosts)
    causes = {(r["status"], r["verdict"]["cause"]) for r in
              harness.records(host.log(), "exchange", never=[attach.KEY])}
    if causes != {(401, "auth_token_quoted")}:
        raise harness.Wrong("diagnosed: %s" % causes)
    return host.end()


def attached():
    with tempfile.TemporaryDirectory(prefix="orshim-attach.") as folder:
        shop = attach.Workshop(folder)
        for how in HOWS:
            harness.attempt("arm64 machine: attach, %s goes on" % how,
                            lambda h=how: attach_refused.goes_on(shop, STAY, h))
        harness.attempt("arm64 machine: attach, a tracer is told",
                        lambda: attach_refused.traced(shop, STAY, ["strace", "-o", "/dev/null", "-e", "trace=none"]))
        with harness.Mock() as server:
            for name, command in (("CPython", ["/usr/bin/python3", harness.HERE + "/attach/traffic.py"]),
                                  ("Node", ["node", harness.HERE + "/attach/traffic.js"])):
                harness.attempt("arm64 machine: attach to %s, live" % name,
                                lambda n=name, c=command: live(shop, n, c, server))
        harness.attempt("arm64 machine: attach killed", lambda: killed(shop))


def redirected(scratch, _):
    urls = [place.BASE + "/chat/completions"] * 2
    with place.Place(scratch) as here:
        if os.path.exists(GO):
            redirect_clients.one(here, "arm64 machine: Go net/http, static", lambda _: [GO, *urls],
                                 ["SSL_CERT_FILE"], "strict", "1.1")
        else:
            harness.skip("arm64 machine: Go is not where this was built")
        redirect_clients.one(here, "arm64 machine: curl, unseen", redirect_clients.keyed(
            redirect_clients.curl("--http1.1", "-H", "Authorization: Bearer {key}")), ["CURL_CA_BUNDLE"],
            "all", "1.1")
    return harness.finish()


def main():
    if sys.argv[1:2] != ["--inside"]:
        attach.PATIENCE = attach_killed.PATIENCE = 300
        for name in OF_THE_KERNEL:
            harness.attempt("arm64 machine: " + name, lambda n=name: unit(n))
        attached()
        harness.finish()
    return place.main(redirected) or harness.count["failed"] > 0


if __name__ == "__main__":
    sys.exit(main())
