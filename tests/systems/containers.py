#!/usr/bin/python3
# SPDX-License-Identifier: MIT
# tags: fast
"""The command and the library, copied into roots of other systems, see what tools there send.

Then from outside of them: `orshim attach` enters the namespaces and the root of a program that runs
in there, where the library was never put, and out comes a diagnosis, or one line of why not.

containers.py [NAME…]: `glibc`, `musl`: a root that holds a curl, what it is linked to, and our two
files, nothing else. A release of Debian (bullseye, trixie, sid): curl and Python of its root, with
this machine's build and, when tests/systems/build.sh was there, with the system's own. Those that
are not in the cache are skipped: scripts/root.sh, scripts/fetch-musl.sh. In a network namespace with
nothing but `lo`, a mount namespace, and a pid namespace for each root.
"""

import glob
import os
import re
import shutil
import subprocess
import sys
import time
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "e2e"))
import harness  # noqa: E402
from harness import namespace  # noqa: E402

KEY = "sk-or-v1-" + "6b86b273" * 8
URL = "https://openrouter.ai/api/v1/key"
CURL = ["curl", "-sS", "--max-time", "20", "--cacert", "/mnt/ca.pem", "-H",
        'Authorization: Bearer "%s"' % KEY, URL]
PYTHON = ["python3", "-c", """
import ssl, urllib.request, urllib.error
context = ssl.create_default_context(cafile="/mnt/ca.pem")
request = urllib.request.Request("%s", headers={"Authorization": 'Bearer "%s"'})
try:
    urllib.request.urlopen(request, context=context)
except urllib.error.HTTPError as answer:
    print(answer.code, answer.read().decode())
""" % (URL, KEY)]
# It asks, and again for each line of its standard input.
ASKING = ["python3", "-c", """
import http.client, ssl, sys
context = ssl.create_default_context(cafile="/mnt/ca.pem")
connection = http.client.HTTPSConnection("openrouter.ai", context=context)
print("there", flush=True)
for line in sys.stdin:
    connection.request("GET", "/api/v1/key", headers={"Authorization": 'Bearer "%s"'})
    answer = connection.getresponse()
    answer.read()
    print(answer.status, flush=True)
""" % KEY]
WAITING = ["curl", "-sS", "-K", "-"]  # for its settings
RELEASES = ("bullseye", "bookworm", "trixie", "sid")


class Root:
    """A folder that tools are run in by chroot(8), with ours in its /mnt."""

    def __init__(self, folder, build, server):
        self.folder, self.mnt = folder, os.path.join(folder, "mnt")
        os.makedirs(self.mnt, exist_ok=True)
        for place, kind, source in (("mnt", "tmpfs", "none"), ("proc", "proc", "none")):
            os.makedirs(os.path.join(folder, place), exist_ok=True)
            subprocess.run(["mount", "-t", kind, source, os.path.join(folder, place)], check=True)
        for made in ("orshim", "liborshim.so"):
            shutil.copy(os.path.join(build, made), self.mnt)
        shutil.copy(server.ca, os.path.join(self.mnt, "ca.pem"))
        hosts = os.path.join(folder, "etc", "hosts")
        os.makedirs(os.path.dirname(hosts), exist_ok=True)
        open(hosts, "a", encoding="ascii").close()
        subprocess.run(["mount", "--bind", "/etc/hosts", hosts], check=True)

    def leave(self):
        for place in ("etc/hosts", "proc", "mnt"):
            subprocess.run(["umount", os.path.join(self.folder, place)], check=True)

    def run(self, argv, **more):
        env = {"PATH": "/usr/bin:/bin", "HOME": "/mnt", "XDG_STATE_HOME": "/mnt/state", **more}
        return subprocess.run(["unshare", "--pid", "--fork", "/usr/sbin/chroot", self.folder, "/mnt/orshim", *argv]
                              if argv[0] in ("run", "report", "doctor") else
                              ["/usr/sbin/chroot", self.folder, *argv], env=env, check=False,
                              stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                              stderr=subprocess.PIPE, timeout=harness.TIME_LIMIT)


def sees(root, what, tool):
    """TOOL in ROOT: bare; by `orshim run`, where it is diagnosed; what `report` and `doctor` say."""
    def work():
        log = os.path.join(root.mnt, "log")
        harness.forget(log)
        bare = root.run(tool)
        run = root.run(["run", "--log", "/mnt/log", "--relay", "off", "--quiet", "--", *tool],
                       ORSHIM_TEXT="off")
        if (bare.returncode, bare.stdout) != (run.returncode, run.stdout) or b"401" not in \
                bare.stdout + bare.stderr and b"credentials" not in bare.stdout:
            raise harness.Wrong("bare %r, by orshim run %r" % (bare, run))
        found = harness.records(log, "exchange", never=(KEY,))
        if [(r["status"], r["verdict"]["cause"]) for r in found] != [(401, "auth_token_quoted")]:
            raise harness.Wrong("in the log: %r; %r" % (found, run.stderr))
        report = root.run(["report", "/mnt/log"])
        if b"auth_token_quoted" not in report.stdout:
            raise harness.Wrong("report: %r" % report)
        doctor = root.run(["doctor", tool[0]])
        if b"tables" not in doctor.stdout and b"exported" not in doctor.stdout:
            raise harness.Wrong("doctor: %r" % doctor)
    harness.attempt(what, work)


class Contained:
    """TOOL in ROOT, in a user, mount and pid namespace with a /proc of its own. It has neither the
    library nor the command; and where it waits is known: for its standard input."""

    def __init__(self, root, tool):
        into = "mount -t proc none $0/proc && mount -t tmpfs none $0/tmp && rm -f $0/mnt/orshim $0/mnt/liborshim.so && exec /usr/sbin/chroot \"$0\" \"$@\""
        self.process = subprocess.Popen(
            ["unshare", "--user", "--map-root-user", "--mount", "--pid", "--fork", "--kill-child", "sh", "-c",
             into, root.folder, *tool], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
            stderr=subprocess.DEVNULL, env={"PATH": "/usr/bin:/bin", "HOME": "/mnt/home of its user"})
        end = time.monotonic() + harness.TIME_LIMIT
        while not self.is_there(tool[0]) and time.monotonic() < end:
            time.sleep(0.01)

    def is_there(self, name):
        with open("/proc/%d/task/%d/children" % (self.process.pid, self.process.pid), encoding="ascii") as children:
            self.pid = int((children.read().split() or [0])[0])
        try:
            with open("/proc/%d/comm" % self.pid, encoding="ascii") as comm:
                return comm.read().strip() == name
        except OSError:
            return False

    def ask(self):
        self.process.stdin.write("\n")
        self.process.stdin.flush()
        return self.process.stdout.readline().strip()

    def close(self):
        self.process.stdin.close()
        self.process.stdout.read()
        self.process.stdout.close()
        return self.process.wait(harness.TIME_LIMIT)


def attach(*words):
    return subprocess.run([harness.ORSHIM, "attach", *map(str, words)], stdout=subprocess.PIPE, text=True,
                          stderr=subprocess.PIPE, timeout=harness.TIME_LIMIT, check=False)


def entered(root, what):
    """Attach from outside; the tool's next requests are diagnosed; detach; the tool ends well."""
    def work():
        tool = Contained(root, ASKING)
        try:
            first = [tool.process.stdout.readline().strip(), tool.ask()]
            on = attach(tool.pid)
            log = re.search(r"log: (/proc/\d+/root.*)", on.stdout)
            if on.returncode != 0 or not log or on.stderr:
                raise harness.Wrong("attach: %r" % on)
            answers = [tool.ask(), tool.ask()]
            seen = [(r["status"], r["verdict"]["cause"]) for r in
                    harness.records(log[1], "exchange", never=(KEY,))]
            off = attach("--detach", tool.pid)
            answers.append(tool.ask())
        finally:
            status = tool.close()
        if first != ["there", "401"] or answers != ["401"] * 3 or status or off.returncode:
            raise harness.Wrong((first, answers, status, off))
        if seen != [(401, "auth_token_quoted")] * 2:
            raise harness.Wrong("in %s: %r" % (log[1], seen))
    harness.attempt("%s: a running python3, attached to from outside" % what, work)


def not_entered(root, what, tool, why):
    """One line says why, the tool goes on, and nothing is left in there."""
    def work():
        running = Contained(root, tool)
        before = sorted(os.listdir("/proc/%d/root" % running.pid + "/tmp"))
        on = attach(running.pid)
        after = sorted(os.listdir("/proc/%d/root" % running.pid + "/tmp"))
        running.close()
        if on.returncode != 2 or on.stdout or on.stderr.count("\n") != 1 or why not in on.stderr:
            raise harness.Wrong("attach: %r" % on)
        if before != after:
            raise harness.Wrong("left behind: %r" % after)
        return on.stderr.split("] ", 1)[-1].strip()
    harness.attempt("%s: a running %s is left alone" % (what, tool[0]), work)


def linked_to(program):
    """By the loader that PROGRAM names: ldd knows glibc's alone."""
    headers = subprocess.run(["readelf", "-l", program], stdout=subprocess.PIPE, text=True, check=True).stdout
    loader = re.search(r"interpreter: (\S+)\]", headers)[1]
    said = subprocess.run([loader, "--list", program], stdout=subprocess.PIPE, text=True, check=True).stdout
    return sorted({loader, *re.findall(r"(/\S+) \(0x", said)})


def small_root(scratch, name, program, server):
    """A root with PROGRAM as curl, and what it is linked to, and nothing else."""
    folder = os.path.join(scratch, name)
    for file in [program, *linked_to(program)]:
        place = folder + ("/usr/bin/curl" if file == program else file)
        os.makedirs(os.path.dirname(place), exist_ok=True)
        shutil.copy(file, place)
    return Root(folder, harness.BUILD, server)


def in_small_root(scratch, name, program, server):
    if not program or not os.path.exists(program):
        harness.skip("%s: no curl for it is here" % name)
        return
    root = small_root(scratch, name, program, server)
    sees(root, "%s: curl, what it is linked to, our two files, nothing else" % name, CURL)
    if name == "musl":
        os.makedirs(root.folder + "/tmp")
        not_entered(root, name, WAITING, "uses musl")
    root.leave()


def in_release(name, server):
    folder = harness.cached("root-" + name)
    if not folder:
        harness.skip("%s: its root is not in the cache" % name)
        return
    folder = folder[0]
    builds = {"this machine's build": harness.BUILD,
              "its own build": os.path.join(harness.ROOT, "build/systems", name, "build")}
    for whose, build in builds.items():
        if not os.path.exists(os.path.join(build, "liborshim.so")):
            harness.skip("%s: %s is not here" % (name, whose))
            continue
        root = Root(folder, build, server)
        for tool in (CURL, PYTHON):
            if not os.path.exists(os.path.join(folder, "usr/bin", tool[0])):
                harness.skip("%s: its root has no %s" % (name, tool[0]))
                continue
            sees(root, "%s: %s, %s" % (name, tool[0], whose), tool)
        if build == harness.BUILD and os.path.exists(os.path.join(folder, "usr/bin/python3")):
            if name == "bullseye":
                not_entered(root, name, ASKING, "its glibc is older than 2.34")
            else:
                entered(root, name)
        root.leave()


def inside(scratch, _):
    chosen = sys.argv[1:] or ["glibc", "musl", *RELEASES]
    musl = glob.glob(os.path.join(harness.CACHE, "musl-*", "bin", "curl"))
    with harness.Mock("--port", "443") as server:
        for name in chosen:
            if name in RELEASES:
                in_release(name, server)
            else:
                in_small_root(scratch, name, musl[0] if name == "musl" and musl else
                              "/usr/bin/curl" if name == "glibc" else None, server)
    return harness.finish()


if __name__ == "__main__":
    if os.getuid() != 0:
        harness.skip_all("a root of another system needs root")
    sys.exit(namespace.within(inside, "127.0.0.1 localhost openrouter.ai\n"))
