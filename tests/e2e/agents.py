#!/usr/bin/python3
# SPDX-License-Identifier: MIT
# tags: clients
"""Coding agents as users run them, against the mock OpenRouter.

Claude Code, opencode and cline, each the npm package with its program: Bun
executables whose TLS library has no symbols. With a good key each behaves as it
does without the shim; with a quoted key the log and the text name the cause.
No agent is configured with another address: in a separate namespace,
openrouter.ai is this machine. scripts/fetch-clients.sh all downloads them.
"""

import collections
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time

from harness import SHIM, Mock, cached, finish, forget, judge, records, skip
from harness.namespace import within

MODEL = "openai/gpt-4o-mini"
TIME_LIMIT = 180  # seconds

# argv and env may hold {key}; path is where it asks; one that insists repeats a
# refused request for longer than anybody waits.
Agent = collections.namedtuple("Agent", "name program argv env path insists")

AGENTS = (
    Agent("Claude Code", "claude-code-linux-x64-[0-9]*/claude",
          ("-p", "--model", MODEL, "say hi"),
          {"ANTHROPIC_BASE_URL": "https://openrouter.ai/api", "ANTHROPIC_AUTH_TOKEN": "{key}",
           "CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC": "1", "DISABLE_AUTOUPDATER": "1"},
          "/api/v1/messages", True),
    Agent("Claude Code for musl", "claude-code-linux-x64-musl-*/claude",
          ("-p", "--model", MODEL, "say hi"),
          {"ANTHROPIC_BASE_URL": "https://openrouter.ai/api", "ANTHROPIC_AUTH_TOKEN": "{key}",
           "CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC": "1", "DISABLE_AUTOUPDATER": "1"},
          "/api/v1/messages", True),
    Agent("opencode", "opencode-linux-x64-baseline-*/bin/opencode",
          ("run", "-m", "openrouter/" + MODEL, "say hi"),
          {"OPENROUTER_API_KEY": "{key}", "OPENCODE_DISABLE_AUTOUPDATE": "1",
           "OPENCODE_DISABLE_MODELS_FETCH": "1"},
          "/api/v1/chat/completions", False),
    # With a data folder of its own it starts no daemon.
    Agent("cline", "cli-linux-x64-*/bin/cline",
          ("-P", "openrouter", "-k", "{key}", "-m", MODEL, "-t", "60", "--data-dir", "{home}/data",
           "say hi"), {}, "/api/v1/chat/completions", False),
)


class Run:
    """One start of an agent in a home of its own: status, output, what arrived."""

    def __init__(self, server, agent, program, key, shim):
        self.home = tempfile.mkdtemp(prefix="home.", dir=server.scratch)
        env = {"PATH": os.environ.get("PATH", "/usr/bin:/bin"), "LANG": "C.UTF-8",
               "TERM": "xterm-256color", "HOME": self.home,
               "XDG_CACHE_HOME": os.path.join(server.scratch, "cache"),
               "NODE_EXTRA_CA_CERTS": server.ca, "SSL_CERT_FILE": server.ca}
        names = {"key": key, "home": self.home}
        env.update((n, v.format(**names)) for n, v in agent.env.items())
        if shim:
            env.update(shim, LD_PRELOAD=SHIM)
        work = os.path.join(self.home, "work")
        os.mkdir(work)
        server.take()
        with open(self.file("out"), "wb") as out, open(self.file("err"), "wb") as err:
            child = subprocess.Popen([program] + [a.format(**names) for a in agent.argv],
                                     env=env, cwd=work, stdin=subprocess.DEVNULL, stdout=out,
                                     stderr=err, start_new_session=True)
            self.status = self.end_of(child, agent.insists)
        self.out, self.err = self.read("out"), self.read("err")
        self.received = server.take()
        shutil.rmtree(self.home, ignore_errors=True)

    def file(self, name):
        return os.path.join(self.home, name)

    def read(self, name):
        with open(self.file(name), "rb") as kept:
            return kept.read()

    def end_of(self, child, insists):
        """Its status; ended by us when it would go on after the cause was told, or takes too long."""
        end = time.monotonic() + TIME_LIMIT
        while time.monotonic() < end and not (insists and b"error[" in self.read("err")):
            try:
                return child.wait(0.2)
            except subprocess.TimeoutExpired:
                pass
        os.killpg(child.pid, signal.SIGTERM)
        return child.wait()


def secrets(run, log, key):
    held = run.out + run.err
    if os.path.exists(log):
        with open(log, "rb") as kept:
            held += kept.read()
    if key[len("sk-or-v1-"):].encode() in held:
        yield "the key was written in full"


def served(server, agent, program):
    """With a good key, the shim changes nothing and reports a success."""
    key, log = server.keys["good"], os.path.join(server.scratch, "log")
    bare = Run(server, agent, program, key, None)
    under = Run(server, agent, program, key, {"ORSHIM_LOG": log})
    if not bare.received or bare.status:
        yield "bare, it fails: %d %.300r %.300r" % (bare.status, bare.out, bare.err)
    if bare.status != under.status:
        yield "its status changed: %d, %d" % (bare.status, under.status)
    for run in (bare, under):
        if b"Hello there" not in run.out:
            yield "the answer is not shown: %.300r %.300r" % (run.out, run.err)
    exchanges = [r for r in records(log) if r["record"] == "exchange"]
    good = [r for r in exchanges if r["status"] == 200 and r["path"].startswith(agent.path)]
    if not good:
        yield "no success in the log: %r" % [(r["path"], r["status"]) for r in exchanges]
    if MODEL not in [r["request"]["body"].get("model") for r in good]:
        yield "the request's body was not seen: %r" % [r["request"]["body"] for r in good]
    if len(exchanges) > len(under.received):
        yield "%d exchanges of %d requests" % (len(exchanges), len(under.received))
    yield from secrets(under, log, key)


def refused(server, agent, program):
    """With a quoted key, the cause is named: in the log, and to who sits before it."""
    key, log = server.keys["good"], os.path.join(server.scratch, "log")
    run = Run(server, agent, program, '"%s"' % key, {"ORSHIM_LOG": log, "ORSHIM_TEXT": "stderr"})
    exchanges = [r for r in records(log) if r["record"] == "exchange"]
    asked = [r for r in exchanges if r["path"].startswith(agent.path)]
    taps = [t for r in records(log) if r["record"] == "process" for t in r["tls"]]
    if not any(t["library"] == "BoringSSL" and t["tap"] == "method-table" for t in taps):
        yield "it is not tapped by its method table: %r" % taps
    if not asked:
        yield "no request in the log: %r %.300r" % (exchanges, run.err)
    for r in asked:
        if (r["status"], r["verdict"]["cause"]) != (401, "auth_token_quoted"):
            yield "not diagnosed: %r" % [r["status"], r["verdict"], r["findings"]]
        if r["auth"]["token"] != '"%s...%s"' % (key[:12], key[-4:]):
            yield "the key's label is %r" % r["auth"]["token"]
        if not r["request"]["body"].get("model") or r["response"]["error"]["code"] != 401:
            yield "request or answer was not read: %r %r" % (r["request"], r["response"])
    if MODEL not in [r["request"]["body"].get("model") for r in asked]:
        yield "the model that was asked for is not in the log"
    if b"error[auth_token_quoted]" not in run.err:
        yield "the text does not name the cause: %.500r" % run.err
    yield from secrets(run, log, key)


def misplaced(server, agent, program):
    """With a base URL that has /v1 already, the fix names the variable, and what it should have."""
    log, right = os.path.join(server.scratch, "log"), agent.env["ANTHROPIC_BASE_URL"]
    agent = agent._replace(env=dict(agent.env, ANTHROPIC_BASE_URL=right + "/v1"))
    run = Run(server, agent, program, server.keys["good"], {"ORSHIM_LOG": log, "ORSHIM_TEXT": "stderr"})
    found = [f for r in records(log) if r["record"] == "exchange" for f in r["findings"]
             if f["rule"] == "path_doubled"]
    if not found:
        yield "no path is doubled: %r" % [(r["path"], r["status"]) for r in records(log) if r["record"] == "exchange"]
    for one in found:
        if "Set ANTHROPIC_BASE_URL to %s (now it is %s/v1)." % (right, right) != one.get("fix"):
            yield "its fix is %r" % one.get("fix")
    if b"Set ANTHROPIC_BASE_URL to " not in run.err:
        yield "the text does not say it: %.500r" % run.err


def inside(scratch, _):
    with Mock("--compress", "--port", "443", record=os.path.join(scratch, "received")) as server:
        server.scratch = scratch
        for agent in AGENTS:
            programs = cached(agent.program)
            if not programs:
                skip(agent.name + ": it is not here")
                continue
            for case in (served, refused, *([misplaced] if "ANTHROPIC_BASE_URL" in agent.env else [])):
                forget(os.path.join(scratch, "log"))
                judge("%s, %s" % (agent.name, case.__name__), case(server, agent, programs[-1]))
    return finish()


if __name__ == "__main__":
    sys.exit(within(inside, "127.0.0.1 localhost openrouter.ai\n"))
