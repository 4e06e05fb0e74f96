#!/usr/bin/python3
# SPDX-License-Identifier: MIT
# tags: fast
"""The command and the library, copied into roots of other systems, see what tools there send.

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
