#!/usr/bin/python3
# SPDX-License-Identifier: MIT
# tags: fast alone
"""Everything around the shim fails, and the tool does not notice.

Each command runs bare and under the shim: output, status and what the server
receives are the same, and the shim writes not a byte to standard error. The log
is checked where one can be written. The clients are curl and CPython where they
can be made to meet the fault, otherwise small programs of tests/e2e/faults.

ORSHIM_SO names the library (build/liborshim.so).
"""

import collections
import glob
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile

from harness import HERE, SHIM, finish, judge, skip
from tap import CHAT, TIMEOUT, Suite

KEY = "sk-or-v1-" + "5eed" * 16
PYTHON = "/usr/bin/python3"
# What a Python program of these tests begins with: ask(n) makes n requests on one connection.
ASK = """
import http.client, os, resource, signal, ssl, subprocess, sys, threading
port, ca, key = int(sys.argv[1]), sys.argv[2], sys.argv[3]
context = ssl.create_default_context(cafile=ca)
def connect():
    c = http.client.HTTPSConnection("localhost", port, context=context)
    c.connect()
    return c
def ask(n=1, c=None, body=b'{"model":"a/b","messages":[]}'):
    c = c or connect()
    for i in range(n):
        c.request("POST", "%s", body, {"Authorization": 'Bearer "%%s"' %% key,
                  "Content-Type": "application/json"})
        a = c.getresponse()
        print(a.status, len(a.read()), flush=True)
    c.close()
""" % CHAT
IN_NAMESPACE = ["unshare", "-m" if os.geteuid() == 0 else "-rm"]


class Faults(Suite):
    def __init__(self, scratch):
        super().__init__(scratch, os.path.join(HERE, "faults"))
        self.base = f"https://localhost:{self.server.port}"
        self.everything = b""

    def once(self, command, preload, **more):
        environment = {k: v for k, v in os.environ.items() if not k.startswith("ORSHIM_")}
        environment.update({k: v for k, v in more.items() if v is not None})
        if preload:
            environment["LD_PRELOAD"] = preload
        done = subprocess.run(command, env=environment, capture_output=True, timeout=TIMEOUT,
                              stdin=subprocess.DEVNULL)
        self.everything += done.stdout + done.stderr
        return (done.returncode, done.stdout, done.stderr), self.server.take()

    def same(self, name, command, log=None, want=None, beside="", prepare=None, **more):
        """COMMAND bare and under the shim; WANT: how many exchanges the log holds, or (least, most).

        BESIDE names other libraries that are preloaded, "first:" or ":last".
        PREPARE is called before each run.
        """
        bare_preload = beside.strip(":") or None
        shim = SHIM if not beside else beside + SHIM if beside.endswith(":") else SHIM + beside
        settings = {"ORSHIM_LOG": log} if log else {}
        settings.update({k: v for k, v in more.items() if k.startswith("ORSHIM_")})
        others = {k: v for k, v in more.items() if not k.startswith("ORSHIM_")}
        problems = []
        runs = []
        for preload, mine in ((bare_preload, {}), (shim, settings)):
            if prepare:
                prepare()
            try:
                runs.append(self.once(command, preload, **mine, **others))
            except subprocess.TimeoutExpired:
                runs.append("it hung")
        if runs[0] != runs[1]:
            problems.append(f"bare {runs[0]} but under the shim {runs[1]}"[:1500])
        elif not runs[0][0][1] and want:
            problems.append(f"it says nothing at all: {runs[0][0]}")
        if want is not None:
            count = self.exchanges(log, problems)
            least, most = want if isinstance(want, tuple) else (want, want)
            if not least <= count <= most:
                problems.append(f"{count} exchanges in the log, not {want}")
        judge(name, problems)

    def exchanges(self, log, problems):
        count = 0
        for path in glob.glob(glob.escape(log) + "*") if log else []:
            if not os.path.isfile(path):
                continue
            with open(path, "rb") as lines:
                for line in lines:
                    self.everything += line
                    try:
                        count += json.loads(line)["record"] == "exchange"
                    except ValueError:
                        problems.append(f"{path} has a line that is no record: {line[:80]}")
        return count

    def log(self, name):
        return self.path(re.sub(r"\W+", "-", name) + ".log")

    def curl(self, times=1, more=()):
        return ["curl", "-sS", "--http1.1", "--cacert", self.ca, "-H",
                f'Authorization: Bearer "{KEY}"', "-d", '{"model":"a/b"}', *more,
                f"{self.base}{CHAT}?[1-{times}]"]

    def python(self, code):
        # Python 3.12 warns of a fork beside threads, with the process id.
        return [PYTHON, "-W", "ignore::DeprecationWarning", "-c", ASK + code, str(self.server.port), self.ca, KEY]

    def host(self, name, *arguments):
        return [self.hosts[name], str(self.server.port), *arguments]

    # --- the log

    def places(self):
        """Places where no line can go, for the log and for the text."""
        os.makedirs(self.path("folder"))
        os.mkfifo(self.path("fifo"))
        os.symlink(self.path("target"), self.path("link"))
        places = {"a folder": self.path("folder"), "a FIFO without a reader": self.path("fifo"),
                  "a full device": "/dev/full", "a symlink": self.path("link"),
                  "a folder that is not there": self.path("none/log"),
                  "a name that is too long": self.path("x" * 300)}
        for name, place in places.items():
            self.same(f"log: {name}, curl", self.curl(3), ORSHIM_LOG=place, ORSHIM_TEXT=place)
        if os.path.exists(self.path("target")):
            judge("log: a symlink leads nowhere", ["its target was made"])

    def file_systems(self):
        mounted = self.path("mounted")
        os.makedirs(mounted)
        log = os.path.join(mounted, "log")
        scripts = {
            "a full file system": 'mount -t tmpfs -o size=8k none "$0" && '
                                  'head -c 20000 /dev/zero >"$0/fill" 2>/dev/null; exec "$@"',
            "a file system that fills up": 'mount -t tmpfs -o size=8k none "$0"; exec "$@"',
            "a file system that is read-only": 'mount -t tmpfs -o ro none "$0"; exec "$@"',
        }
        for name, script in scripts.items():
            inside = IN_NAMESPACE + ["sh", "-c", script, mounted]
            if subprocess.run(IN_NAMESPACE + ["mount", "-t", "tmpfs", "none", mounted],
                              capture_output=True, check=False).returncode:
                skip(f"{name}: no mount namespace here")
                continue
            self.same(f"log: {name}, curl", inside + self.curl(20), log)
            self.debug(name, inside + self.curl(20), log)

    def debug(self, name, command, log):
        """ORSHIM_DEBUG says once what happens to the log, and at the end how often."""
        (status, _, said), _ = self.once(command, SHIM, ORSHIM_LOG=log, ORSHIM_DEBUG="1")
        lines = [line for line in said.splitlines() if b"ORSHIM_LOG" in line]
        problems = [] if status == 0 else [f"status {status}"]
        if len(lines) != 2 or not re.search(rb": \d+ lines were lost \(", lines[-1]):
            problems.append(f"said {lines}")
        judge(f"log: {name}, said once with ORSHIM_DEBUG", problems)

    def deleted(self):
        log = self.log("deleted")
        self.same("log: deleted while in use",
                  self.python("ask(2)\nl=os.environ.get('ORSHIM_LOG')\nl and os.unlink(l)\nask(3)"),
                  log, 3)
        self.same("log: its folder deleted and made again",
                  self.python("import shutil\nask(1)\nl=os.environ.get('ORSHIM_LOG','/x/x')\n"
                              "f=os.path.dirname(l)\nl!='/x/x' and shutil.rmtree(f)\nask(1)\n"
                              "l!='/x/x' and os.mkdir(f)\nask(3)"),
                  self.path("again/log"), 3,
                  prepare=lambda: os.makedirs(self.path("again"), exist_ok=True))

    def stderr(self):
        """The text goes to a standard error that nobody reads, that is full, that is closed."""
        script = ("import os,signal,subprocess,sys\n"
                  "r,w=os.pipe()\n"
                  "if sys.argv[1]=='closed': os.close(r)\n"
                  "else:\n"
                  " os.set_blocking(w,False)\n"
                  " try:\n"
                  "  while True: os.write(w,b'x')\n"
                  " except BlockingIOError: os.set_blocking(w,True)\n"
                  "signal.signal(signal.SIGPIPE,signal.SIG_DFL)\n"
                  "env=dict(os.environ); shim=env.pop('SHIM',None)\n"
                  "if shim: env['LD_PRELOAD']=shim\n"
                  "p=subprocess.run(sys.argv[2:],stderr=w,env=env)\n"
                  "print('status',p.returncode)\n")
        for name in ("closed", "full"):
            runs = [self.once([PYTHON, "-c", script, name] + self.curl(3), None, SHIM=shim)
                    for shim in (None, SHIM)]
            problems = [] if runs[0] == runs[1] and b"status 0" in runs[0][0][1] else [str(runs)]
            judge(f"text: standard error is a pipe that is {name}", problems)
        self.same("text: no standard error", ["sh", "-c", 'exec "$@" 2>&-', "sh"] + self.curl(3))
        # Descriptor 2 becomes a file of the host's.
        victim = self.path("victim")
        self.same("text: descriptor 2 is another file later",
                  self.python(f"os.close(2)\nassert os.open({victim!r},os.O_WRONLY|os.O_CREAT)==2\n"
                              f"ask(2)\nprint(os.path.getsize({victim!r}))"))

    # --- what a process may have

    def limits(self):
        for name, limit in (("no file may grow", "-f 0"), ("files of 1 KiB", "-f 1"),
                            ("files of 8 KiB", "-f 8"), ("4 descriptors", "-n 4"),
                            ("8 descriptors", "-n 8"), ("a stack of 64 KiB", "-s 64"),
                            ("800 MiB of addresses", "-v 800000")):
            shell = ["bash", "-c", f'ulimit {limit}; exec "$@"', "bash"]
            self.same(f"limit: {name}, curl", shell + self.curl(5), self.log(f"curl {name}"),
                      ORSHIM_TEXT=self.path(f"text-{limit}"))
        self.same("limit: a log that is too long already, curl",
                  ["bash", "-c", 'ulimit -f 4; exec "$@"', "bash"] + self.curl(5),
                  self.log("too long"), prepare=lambda: self.fill(self.log("too long"), 8192))
        self.same("limit: no addresses are left for a copy of the body",
                  self.python("body=b' '*20000000\nc=connect()\nm=[l.split()[1] for l in "
                              "open('/proc/self/status') if l.startswith('VmSize')]\n"
                              "n=int(m[0])*1024+(3<<20)\nresource.setrlimit(resource.RLIMIT_AS,(n,n))\n"
                              "ask(1,c,body)"), self.log("address space"), (0, 1))
        log = self.log("out of descriptors")
        self.same("limit: no descriptor is left, then one is",
                  self.python("resource.setrlimit(resource.RLIMIT_NOFILE,(64,64))\nf=[]\n"
                              "try:\n while True: f.append(os.dup(1))\nexcept OSError: pass\n"
                              "os.close(f.pop())\nc=connect()\nc.close=lambda:None\nask(2,c)\n"
                              "for i in f: os.close(i)\nask(3)"), log, 3)

    @staticmethod
    def fill(path, size):
        with open(path, "wb") as file:
            file.write(b"x" * size)

    def descriptors(self):
        """All are closed under us, and the host gets our number for a file of its own."""
        victims = self.path("victims")
        os.makedirs(victims)
        self.same("descriptors: all closed, their numbers taken by the host",
                  self.python("ask(2)\nos.closerange(3,65536)\n"
                              f"f=[os.open({victims!r}+'/%d'%i,os.O_WRONLY|os.O_CREAT|os.O_APPEND)"
                              " for i in range(400)]\nask(2)\n"
                              f"print(sum(os.path.getsize({victims!r}+'/%d'%i) for i in range(400)))\n"
                              "os.closerange(3,65536)\nask(1)"), self.log("closed"), 5)

    # --- processes and threads

    def processes(self):
        self.same("processes: children in a storm, threads exchange meanwhile",
                  self.python("def many():\n for i in range(25): ask()\n"
                              "t=[threading.Thread(target=many) for i in range(3)]\n"
                              "out=os.dup(1); null=os.open('/dev/null',1); os.dup2(null,1)\n"
                              "for x in t: x.start()\n"
                              "r=[subprocess.call(['true'],close_fds=bool(i%2)) for i in range(60)]\n"
                              "for i in range(30):\n p=os.fork()\n if p==0: os._exit(i)\n"
                              " r.append(os.waitpid(p,0)[1]>>8)\n"
                              "for x in t: x.join()\nos.dup2(out,1)\nprint(sum(r))"),
                  self.log("children"), 75)
        self.exec_from_a_thread()
        self.same("processes: clone(2) with and without shared memory", self.host("clone"),
                  self.log("clone"), 6)

    def exec_from_a_thread(self):
        """What the server gets depends on time; the output does not."""
        code = ("null=os.open('/dev/null',1); out=os.dup(1); os.dup2(null,1)\n"
                "def many():\n"
                " while True: ask()\n"
                "for i in range(3): threading.Thread(target=many,daemon=True).start()\n"
                "for i in range(10): ask()\n"
                "t=threading.Thread(target=lambda:(os.dup2(out,1),"
                "os.execv('/bin/echo',['echo','new program'])))\nt.start()\nt.join()")
        log = self.log("exec")
        done, _ = self.once(self.python(code), SHIM, ORSHIM_LOG=log)
        problems = [] if done == (0, b"new program\n", b"") else [str(done)]
        if self.exchanges(log, problems) < 10:
            problems.append("the log lacks exchanges")
        judge("processes: exec from a thread while others exchange", problems)

    def threads(self):
        refused = {"LD_LIBRARY_PATH": self.path("refused")}
        for way, more in (("method tables", {}), ("exported functions", refused)):
            self.storm(f"signals: handlers that do I/O, {way}", self.host("signals", "io"), more)
            self.storm(f"signals: handlers that jump away, {way}", self.host("signals", "jump"), more)
            self.storm(f"threads: cancelled, {way}", self.host("cancel"), more)
            self.same(f"threads: stacks of 64 KiB, {way}", self.host("stack", "65536"),
                      self.log("stack " + way), 3, **more)
            self.same(f"threads: stacks of 16 KiB, {way}", self.host("stack", "16384"),
                      self.log("least stack " + way), 3, **more)

    def storm(self, name, command, more):
        """How far each exchange gets depends on time: the output is the same, and the log is whole."""
        log = self.log(name)
        problems = []
        try:
            bare, _ = self.once(command, None, **more)
            mine, _ = self.once(command, SHIM, ORSHIM_LOG=log, **more)
            if bare != mine or bare[0] != 0:
                problems.append(f"bare {bare} but under the shim {mine}")
        except subprocess.TimeoutExpired:
            problems.append("it hung")
        if not self.exchanges(log, problems):
            problems.append("nothing is in the log")
        with open(log, encoding="utf-8") as lines:
            last = collections.deque(lines, 1)[0] if not problems else ""
        if last and '"status":401' not in last or '"bytes":20,' not in last:
            problems.append("what came after it is not in the log")
        judge(name, problems)

    def sandboxes(self):
        for way in ("prctl", "seccomp"):
            log = self.log("seccomp " + way)
            self.same(f"sandbox: opening a file is the end, {way}", self.host("seccomp", way),
                      log, 3, ORSHIM_TEXT=self.path("seccomp-text"), ORSHIM_CAPTURE=self.scratch)
        root = self.path("root")
        os.makedirs(root)
        if os.geteuid() == 0:
            self.same("sandbox: a chroot after the first request",
                      self.python(f"c=connect()\nc.close=lambda:None\nask(2,c)\nos.chroot({root!r})\n"
                                  "os.chdir('/')\nask(3,c)"), self.log("chroot"), 5)

    # --- what else may be in the process

    def allocators(self):
        for pattern in ("libjemalloc.so.2", "libmimalloc.so.2*", "libtcmalloc_minimal.so.4"):
            found = sorted(glob.glob("/usr/lib/x86_64-linux-gnu/" + pattern))
            if not found:
                skip(f"{pattern} is not installed")
                continue
            name = os.path.basename(found[0])
            for place, beside in (("before", found[0] + ":"), ("behind", ":" + found[0])):
                tools = [("curl", self.curl(5)), ("Python", self.python("ask(5)"))]
                for tool, command in tools[:1 if place == "behind" else 2]:
                    self.same(f"malloc: {name} {place} the shim, {tool}", command,
                              self.log(f"{name} {place} {tool}"), 5, beside=beside)

    def sanitizers(self):
        """A host with ASan wants its runtime first: `orshim run` sees to it, else ASan says so."""
        host = self.path("asan")
        subprocess.run([os.environ.get("CC", "cc"), "-fsanitize=address", "-O1", "-o", host,
                        os.path.join(HERE, "tap/host_reuse.c"), "-lssl", "-lcrypto", "-ldl"],
                       check=True)
        log = self.log("asan")
        orshim = os.path.join(os.path.dirname(SHIM), "orshim")
        command = [host, str(self.server.port)]
        leaks = {"ASAN_OPTIONS": "detect_leaks=0"}
        bare, received = self.once(command, None, **leaks)
        mine, got = self.once([orshim, "run", "--log", log, "--"] + command, None, ORSHIM_LIB=SHIM,
                              ORSHIM_TEXT="off", XDG_STATE_HOME=self.path("state"), **leaks)
        problems = []
        if bare[:2] != mine[:2] or received != got:
            problems.append(f"bare {bare} but under the shim {mine}")
        if not self.exchanges(log, problems):
            problems.append("nothing is in the log")
        judge("ASan: a host with it, by orshim run", problems)
        plain, _ = self.once(command, SHIM, ORSHIM_LOG=log, **leaks)
        told = b"ASan runtime does not come first" in plain[2]
        judge("ASan: preloaded by hand, ASan says what it wants",
                    [] if plain[0] == 0 or told else [str(plain)])

    def musl(self):
        """A musl program loads us, and so do its children; tests/systems/musl.py has clients."""
        if not shutil.which("musl-gcc"):
            skip("musl-gcc is not installed")
            return
        host = self.path("musl")
        source = self.path("musl.c")
        with open(source, "w", encoding="utf-8") as out:
            out.write('#include <stdio.h>\n#include <unistd.h>\nint main(int n, char **v) {\n'
                      'puts("from musl"); fflush(stdout);\n'
                      'if (n > 1) execlp("echo", "echo", "from glibc", NULL);\nreturn 7; }\n')
        subprocess.run(["musl-gcc", "-o", host, source], check=True)
        self.same("musl: by itself", [host], self.log("musl"), 0)
        wrapper = ["bash", "-c", '"$0"; echo "status $?"; "$0" on; "$@"', host] + self.curl(2)
        self.same("musl: a child of a followed shell", wrapper, self.log("musl"), 2,
                  ORSHIM_FOLLOW="1")


def main():
    with tempfile.TemporaryDirectory() as scratch:
        faults = Faults(scratch)
        chosen = sys.argv[1:] or ["places", "file_systems", "deleted", "stderr", "limits",
                                  "descriptors", "processes", "threads", "sandboxes", "allocators",
                                  "sanitizers", "musl"]
        for name in chosen:
            getattr(faults, name)()
        leaked = KEY[9:].encode() in faults.everything
        judge("no key in anything that was written", ["there is one"] if leaked else [])
    return finish()


if __name__ == "__main__":
    sys.exit(main())
