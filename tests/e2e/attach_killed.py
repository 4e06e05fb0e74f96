#!/usr/bin/python3
# SPDX-License-Identifier: MIT
# tags: fast alone
# tags: long alone -- --all
"""attach_killed.py [--all] [--kind NAME]: `orshim attach` is killed at each system call with which it
touches another process, one after the other: strace(1) sends SIGKILL as the call begins. After
each the process must still run and do its work, and attach and detach must succeed.
Without options: one kind of wait, for which every register is compared, and only the calls that
change anything.
"""
import argparse
import os
import shutil
import signal
import subprocess
import sys
import tempfile

from attach import PATIENCE, Nginx, Workshop, begun, makers, wait_for
from attach_refused import Stay
from harness import ORSHIM, Wrong, attempt, finish, skip_all

CALLS = {"ptrace": 1000, "process_vm_writev": 1000}
# Where the other process runs meanwhile; how often that is asked depends on the machine.
WAITS = {"wait4": 40}


def killed_at(shop, words, call, n, hosts):
    """`orshim attach WORDS`, killed at its Nth CALL. False: it came to its end before that."""
    command = ["strace", "-qq", "-o", "/dev/null", "-e", "trace=" + call, "-e",
               "inject=%s:signal=SIGKILL:when=%d" % (call, n), ORSHIM, "attach", *map(str, words)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=PATIENCE, check=False,
                          env={**shop.env, "ORSHIM_HOSTS": hosts})
    shop.said.append(done.stdout + done.stderr)
    if done.returncode in (0, 1):
        return False
    if done.returncode != -signal.SIGKILL:
        raise Wrong("%s %d: %d %s" % (call, n, done.returncode, done.stderr))
    return True


def is_there(pid, where):
    try:
        with open("/proc/%d/stat" % pid, encoding="utf-8") as stat:
            state = stat.read().rsplit(")", 1)[1].split()[0]
    except FileNotFoundError:
        state = "X"
    if state in "ZXTt":
        raise Wrong("state %s after the kill at %s" % (state, where))


def masks(pid):
    """The signals that each thread keeps waiting."""
    found = {}
    for thread in os.listdir("/proc/%d/task" % pid):
        try:
            with open("/proc/%d/task/%s/status" % (pid, thread), encoding="utf-8") as lines:
                found[thread] = [line.strip() for line in lines if line.startswith("SigBlk")]
        except (FileNotFoundError, ProcessLookupError):
            pass  # it has ended since
    return found


def changed_masks(pid, before):
    now = masks(pid)
    return {thread: (before[thread], now[thread]) for thread in now
            if thread in before and now[thread] != before[thread]}


def again(shop, host, hosts, where):
    """Attached anew, wherever it was: a killed one's request may still be on its way."""
    def is_attached():
        return shop.run("--detach", host.pid).returncode == 0 and shop.run(
            *host.options, host.pid, env={"ORSHIM_HOSTS": hosts}).returncode != 2

    is_there(host.pid, where)
    wait_for("an attachment after %s: %s" % (where, "".join(shop.said[-1:])), is_attached)
    is_there(host.pid, where)
    if host.masks:
        wait_for("the signal masks %s after %s" % (changed_masks(host.pid, host.masks), where),
                 lambda: not changed_masks(host.pid, host.masks))


def at_each_call(shop, host, hosts, verb, calls):
    """Killed at each call of each kind; begins and ends detached."""
    counts = []
    for call, most in calls.items():
        n, was_killed = 0, True
        while was_killed and n < most:
            where = "%s %d of %s" % (call, n + 1, verb or "attach")
            if verb and n == 0:
                again(shop, host, hosts, "nothing")
            words = [verb, host.pid] if verb else [*host.options, host.pid]
            was_killed = killed_at(shop, words, call, n + 1, hosts)
            n += was_killed
            again(shop, host, hosts, where)
            if not verb and shop.run("--detach", host.pid).returncode != 0:
                raise Wrong("detaching after %s: %s" % (where, shop.said[-1]))
        counts.append("%s %d" % (call, n))
        if n == 0:
            raise Wrong("%s: it was never killed" % call)
    shop.run("--detach", host.pid)
    return ", ".join(counts)


def goes_on(shop, host, hosts):
    before = host.count() if host.sees else 0
    done = shop.run(*host.options, host.pid, env={"ORSHIM_HOSTS": hosts})
    if done.returncode == 2:
        raise Wrong("attach: %s%s" % (done.stdout, done.stderr))
    if host.sees:
        wait_for("an exchange in the log", lambda: host.count() > before)
    done = shop.run("--detach", host.pid)
    if done.returncode != 0:
        raise Wrong("detach: " + done.stderr)
    return "attached, seen, detached"


class Waiting:
    """stay.c in one wait without a limit: none of its registers may ever change."""

    name, sees, options = "a wait", False, []

    def __init__(self, path, how):
        self.stay = Stay(path, how)
        self.pid = self.stay.pid

    def end(self):
        self.stay.end()
        return "whole"


def sweep(shop, host, hosts, calls=None):
    """With CALLS: attach alone, at those."""
    host.masks = None
    again(shop, host, hosts, "nothing")  # it has begun by then
    if shop.run("--detach", host.pid).returncode != 0:
        raise Wrong(shop.said[-1])
    host.masks = masks(host.pid)
    for verb in ("",) if calls else ("", "--detach"):
        attempt("%s, %s killed at each call" % (host.name, verb or "attach"),
                     lambda v=verb: at_each_call(shop, host, hosts, v, calls or {**CALLS, **WAITS}))
    attempt(host.name + " goes on", lambda: goes_on(shop, host, hosts))
    attempt(host.name + ", its own work", host.end)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--all", action="store_true", help="every program of attach.py --all")
    parser.add_argument("--kind", default="", help="those alone whose name begins so: Node 16")
    options = parser.parse_args()
    whole = options.all or options.kind
    if not shutil.which("strace"):
        skip_all("strace is not here")
    with tempfile.TemporaryDirectory(prefix="orshim-attach.") as folder:
        shop = Workshop(folder)
        stay = shop.compile("stay")
        server = Nginx(shop.folder) if whole else None
        hosts = "localhost:%d=openrouter" % (server.port if server else 443)
        try:
            if not whole:
                sweep(shop, Waiting(stay, "for-ever"), hosts, CALLS)
            if options.all or options.kind == Waiting.name:
                for how in "for-ever", "restarted":
                    sweep(shop, Waiting(stay, how), hosts)
            for make in makers(shop, server, True, options.kind) if whole else ():
                sweep(shop, begun(make), hosts)
        finally:
            if server:
                server.stop()
    return finish()


if __name__ == "__main__":
    sys.exit(main())
