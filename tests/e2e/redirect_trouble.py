#!/usr/bin/python3
# SPDX-License-Identifier: MIT
# tags: fast
"""Faults around the relay of `orshim run`, and unexpected clients.

Other hosts, servers whose traffic cannot be decrypted, a refused connection, a relay
that is killed, a process that outlives the tool, an unrelated process at the relay's
port: the tool sees the same as without us, and traffic that was not inspected is
reported.
"""

import itertools
import os
import re
import socket
import ssl
import subprocess
import sys
import threading

from redirect import place
import harness
from harness import check, finish

URL = place.BASE + "/models"


def curl(*words):
    return place.unseen("curl", "-sS", "--max-time", "60", *words)


def certificate(folder, name, subject, *extensions):
    """A self-signed certificate and its key."""
    pem, key = os.path.join(folder, name + ".pem"), os.path.join(folder, name + ".key")
    subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt",
                    "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2", "-keyout", key,
                    "-out", pem, "-subj", "/CN=" + subject, "-addext",
                    "subjectAltName=DNS:" + subject, *extensions], check=True,
                   stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
    return pem, key


class Server:
    """TLS (or, without a certificate, plain) on ADDRESS, one small answer a connection."""

    def __init__(self, address, port, pem=None, key=None, wants_client=None, first=None):
        self.listener = socket.socket(socket.AF_INET6 if ":" in address else socket.AF_INET)
        self.listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self.listener.bind((address, port))
        self.listener.listen(64)
        self.port = self.listener.getsockname()[1]
        self.tls, self.first, self.peers, self.heads = None, first, [], []
        if pem:
            self.tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            self.tls.load_cert_chain(pem, key)
        if wants_client:
            self.tls.verify_mode = ssl.CERT_REQUIRED
            self.tls.load_verify_locations(wants_client)
        threading.Thread(target=self.serve, daemon=True).start()

    def serve(self):
        while True:
            try:
                plain, peer = self.listener.accept()
            except OSError:
                return
            self.peers.append(peer)
            threading.Thread(target=self.answer, args=(plain,), daemon=True).start()

    def answer(self, plain):
        try:
            if self.first:
                plain.sendall(self.first)
            sock = self.tls.wrap_socket(plain, server_side=True) if self.tls else plain
            got = b""
            while b"\r\n\r\n" not in got:
                piece = sock.recv(65536)
                if not piece:
                    break
                got += piece
            self.heads.append(got)
            sock.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 3\r\nConnection: close\r\n\r\nyes")
            sock.close()
        except OSError:
            pass
        finally:
            plain.close()

    def close(self):
        self.listener.shutdown(socket.SHUT_RDWR)  # who waits in accept() holds it
        self.listener.close()


def same(name, bare, relayed):
    check(bare[:3] == relayed[:3], name + ": as without us", (bare[:3], relayed[:3]))


PEER = """
import hashlib, socket, ssl, sys
c = ssl.create_default_context(cafile=sys.argv[2])
with socket.create_connection((sys.argv[1], 443), 30) as s:
    with c.wrap_socket(s, server_hostname=sys.argv[1]) as t:
        print(hashlib.sha256(t.getpeercert(True)).hexdigest())
        t.sendall(b"GET / HTTP/1.1\\r\\nHost: x\\r\\n\\r\\n")
        print(t.recv(1000))
"""


def other_hosts(here):
    pem, key = certificate(here.scratch, "foreign", "foreign.example")
    server = Server(place.OTHER, 443, pem, key)
    env = here.environment(here.good, [])
    argv = place.unseen("/usr/bin/python3", "-c", PEER, "foreign.example", pem)
    bare, relayed = here.bare(argv, env), here.relayed(argv, env, "all")
    same("a host that is no API's", bare, relayed)
    check(len(bare[1]) > 64 and bare[0] == 0, "its certificate is the server's own", bare)
    check(place.passed_by(here.logged()) == ({"foreign.example"}, {}), "it is in the record",
          here.logged())
    check(here.said.count("foreign.example") >= 1 and "ORSHIM_HOSTS=foreign.example" in here.said,
          "and said, with the way to look into it", here.said)
    relayed = here.relayed(argv, dict(env, ORSHIM_HOSTS="foreign.example", SSL_CERT_FILE=pem), "all")
    check(relayed[0] == 1, "with ORSHIM_HOSTS it is looked into: its own certificate alone is not "
          "enough any more", relayed)
    server.close()


def untrusted(here):
    """The stand-in's authority is not named: bare and relayed curl fail the same way."""
    env = here.environment(here.good, [])
    bare, relayed = here.bare(curl(URL), env), here.relayed(curl(URL), env, "all")
    same("a server that is not trusted", bare, relayed)
    check(bare[0] == 60, "it is refused", bare)
    check("not trusted" in place.passed_by(here.logged())[1].get("openrouter.ai", ""),
          "why is in the record", here.logged())
    relayed = here.relayed(["/bin/sh", "-c", "%s; exit 7" % " ".join(curl(URL))], env, "all")
    check(relayed[0] == 7, "the tool goes on", relayed)


def compiled_in(here):
    """--cacert is stronger than what we say: refused once, then let pass."""
    env = here.environment(here.good, ["SSL_CERT_FILE"])
    words = curl("--cacert", here.server.ca, "-o", "/dev/null", "-w", "%{http_code}\n", URL)
    twice = ["/bin/sh", "-c", '"$@"; "$@"', "sh", *words]
    relayed = here.relayed(twice, env, "all")
    check(relayed[1] == b"000\n200\n", "who refuses our certificate is let pass the next time",
          relayed)
    check("refused our certificate" in place.passed_by(here.logged())[1].get("openrouter.ai", ""),
          "and why is in the record", here.logged())


def client_certificates(here):
    pem, key = certificate(here.scratch, "mutual", "foreign.example")
    server = Server(place.OTHER, 443, pem, key, wants_client=pem)
    env = here.environment(here.good, [], {"SSL_CERT_FILE": pem, "ORSHIM_HOSTS": "foreign.example"})
    argv = curl("--tlsv1.2", "--tls-max", "1.2", "--cert", pem, "--key", key,
                "https://foreign.example/")
    same("a client's certificate", here.bare(argv, env), here.relayed(argv, env, "all"))
    check("client certificate" in place.passed_by(here.logged())[1].get("foreign.example", ""),
          "is said", here.logged())
    server.close()


def plain_and_local(here):
    local = Server("127.0.0.1", 0)
    env = here.environment(here.good, [])
    url = "http://127.0.0.1:%d/" % local.port
    same("a server on this machine", here.bare(curl(url), env), here.relayed(curl(url), env, "all"))
    check(not place.of(here.logged(), "process"), "is not asked about", here.logged())
    local.close()
    plain = Server(place.OTHER, 8080)
    url = "http://foreign.example:8080/"
    same("HTTP without TLS", here.bare(curl(url), env), here.relayed(curl(url), env, "all"))
    plain.close()
    first = Server(place.OTHER, 2525, first=b"220 ready\r\n")
    argv = place.unseen("/usr/bin/python3", "-c", "import socket\n"
                        "s = socket.create_connection(('foreign.example', 2525), 30)\n"
                        "print(s.recv(100))")
    same("a server that speaks first", here.bare(argv, env), here.relayed(argv, env, "all"))
    first.close()


def refused(here):
    env = here.environment(here.good, [])
    argv = curl("https://foreign.example:444/")
    bare, relayed = here.bare(argv, env), here.relayed(argv, env, "all")
    digits = [(b[0], re.sub(rb"after \d+ ms", b"", b[2])) for b in (bare, relayed)]
    check(digits[0] == digits[1] and bare[0] == 7, "a port where nobody is", (bare, relayed))
    argv = place.unseen("/usr/bin/python3", "-c", "import socket\ntry:\n"
                        "    socket.create_connection(('203.0.113.8', 444), 30)\n"
                        "except OSError as e: print(e.errno)\n")
    same("the same, blocking", here.bare(argv, env), here.relayed(argv, env, "all"))


def again(here):
    """connect() in all sequences that the kernel has an answer for, also where a container's profile
    forbids to borrow a socket, so that another takes its place."""
    program, confine = (os.path.join(here.scratch, n) for n in ("connect_again", "confine"))
    for path, options in ((program, ["-static", "-pthread"]), (confine, [])):
        subprocess.run(["cc", "-D_GNU_SOURCE", "-O1", *options, "-o", path,
                        os.path.join(place.HERE, os.path.basename(path) + ".c")], check=True)
    env = here.environment(here.good, [])
    for name, more, around in (("connect() again", [], []),
                               ("the same under a container engine's profile", ["few"], [confine])):
        argv = [program, place.SERVER, *more]
        bare, relayed = here.bare(argv, env), here.relayed(argv, env, "all", around=around)
        wrong = [one for one in itertools.zip_longest(bare[1].splitlines(), relayed[1].splitlines())
                 if one[0] != one[1]]
        check(bare[0] == relayed[0] == 0 and not wrong, name + ": as without us", (wrong, bare, relayed))
        check(not bare[2] and relayed[2].count(b"redirected") > 5, name + ": it is redirected", relayed)


SLOW = """
import socket, ssl, sys
c = ssl.create_default_context(cafile=None)
c.load_verify_locations(sys.argv[1])
i, o = ssl.MemoryBIO(), ssl.MemoryBIO()
t = c.wrap_bio(i, o, server_hostname="openrouter.ai")
s = socket.create_connection(("openrouter.ai", 443), 30)
s.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
def out():
    data = o.read()
    for k in range(0, len(data), int(sys.argv[2])):
        s.sendall(data[k:k + int(sys.argv[2])])
def need():
    out()
    i.write(s.recv(65536))
while True:
    try:
        t.do_handshake(); break
    except ssl.SSLWantReadError:
        need()
t.write(b"GET /api/v1/models HTTP/1.1\\r\\nHost: openrouter.ai\\r\\nConnection: close\\r\\n\\r\\n")
while True:
    try:
        print(t.read(12)); break
    except ssl.SSLWantReadError:
        need()
"""


def pieces(here):
    for size in (1, 100, 300):
        argv = place.unseen("/bin/sh", "-c", 'exec /usr/bin/python3 -c "$1" "$SSL_CERT_FILE" %d'
                            % size, "sh", SLOW)
        env = here.environment(here.good, ["SSL_CERT_FILE"])
        relayed = here.relayed(argv, env, "all")
        check(relayed[1] == b"b'HTTP/1.1 200'\n", "a ClientHello in pieces of %d" % size, relayed)
        check(len(place.of(here.logged(), "exchange")) == 1, "is read", here.logged())


def relays():
    """Pids of the relay and its guard, in that order, of the runs in this network."""
    found = []
    for p in (p for p in os.listdir("/proc") if p.isdigit()):
        try:
            with open("/proc/%s/stat" % p) as stat:
                words = stat.read()
            if "(orshim-relay) " in words and words.split(") ")[1][0] != "Z" and \
                    os.readlink("/proc/%s/ns/net" % p) == os.readlink("/proc/self/ns/net"):
                found.append(int(p))
        except OSError:
            pass
    return sorted(found)


ASK_TWICE = """
import os, signal, sys, urllib.request
def ask():
    with urllib.request.urlopen("https://openrouter.ai/api/v1/models") as a: return a.status
print(ask(), flush=True)
p = int(sys.stdin.readline())
os.kill(p, signal.SIGKILL)
while open("/proc/%d/stat" % p).read().split(") ")[1][0] != "Z": pass
print(ask(), ask(), flush=True)
"""


def killed(here):
    env = dict(here.environment(here.good, ["SSL_CERT_FILE"]), ORSHIM_TEXT="off")
    here.forget()
    run = subprocess.Popen([harness.ORSHIM, "run", "--relay", "all", "--log", here.log, "--",
                            *place.unseen("/usr/bin/python3", "-c", ASK_TWICE)], env=env,
                           stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    first = run.stdout.readline()
    out, err = run.communicate(b"%d\n" % relays()[0], timeout=60)
    check((run.returncode, first, out) == (0, b"200\n", b"200 200\n"),
          "after the relay was killed connections work", (run.returncode, first, out, err))
    records = here.logged()
    check(len(place.of(records, "exchange")) == 1, "the first was seen", records)
    check(any("relay was ended" in r.get("unfollowed", "") for r in records), "it is said", records)
    check(wait_for_end(), "and nothing is left")


OUTLIVES = """
import os, sys, urllib.request
r, w = os.pipe()
if os.fork():
    os._exit(0)
os.setsid()
sys.stdin.read()   # until the test says so
with urllib.request.urlopen("https://openrouter.ai/api/v1/models") as a: status = a.status
with open(sys.argv[1], "w") as out: out.write(str(status))
"""


def wait_for_end():
    """Until no relay is left; the test's own limit of time is around all of it."""
    for _ in range(6000):
        if not relays():
            return True
        threading.Event().wait(0.01)
    return False


def outlives(here):
    env = dict(here.environment(here.good, ["SSL_CERT_FILE"]), ORSHIM_TEXT="off")
    said = os.path.join(here.scratch, "said")
    here.forget()
    read, write = os.pipe()
    held, holder = os.pipe()
    run = subprocess.run([harness.ORSHIM, "run", "--relay", "all", "--log", here.log, "--",
                          *place.unseen("/usr/bin/python3", "-c", OUTLIVES, said)], env=env,
                         stdin=read, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
                         timeout=60, check=False, pass_fds=[holder])
    os.close(holder)
    check(run.returncode == 0 and not os.path.exists(said), "orshim run ends with the tool", run)
    check(len(relays()) == 2, "the relay goes on for a process that outlives it")
    pipe = os.readlink("/proc/self/fd/%d" % held)
    kept = [os.readlink("/proc/%d/fd/%s" % (p, fd)) for p in relays()
            for fd in os.listdir("/proc/%d/fd" % p)]
    check(pipe not in kept, "it holds no pipe that orshim run was given", kept)
    os.close(read)
    os.close(write)
    check(wait_for_end(), "and ends with that")
    os.close(held)
    check(os.path.exists(said) and open(said).read() == "200", "which was served")
    check(len(place.of(here.logged(), "exchange")) == 1, "and seen", here.logged())
    left = [f for top, _, files in os.walk(os.path.join(here.scratch, "state")) for f in files
            if f.startswith("trust-") or f in ("relay", "orshim")]
    check(not left, "nothing of the relay is left", left)


def inside(scratch, has_ipv6):
    with place.Place(scratch) as here:
        for test in (other_hosts, untrusted, compiled_in, client_certificates, plain_and_local,
                     refused, again, pieces, killed, outlives):
            test(here)
    check(wait_for_end(), "no relay is left")
    return finish()


if __name__ == "__main__":
    sys.exit(place.main(inside))
