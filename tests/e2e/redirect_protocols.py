#!/usr/bin/python3
# SPDX-License-Identifier: MIT
# tags: fast
"""Traffic that is not TLS from its first byte on is relayed unchanged, and reported: a server that
speaks first, STARTTLS, SOCKS, a proxy that uses TLS, a client that is silent for 5 s.
A process below the filter that executes a setuid program gets a message why it gains no privileges.
"""

import os
import shutil
import socket
import ssl
import subprocess
import sys
import threading

from redirect import place, splice
import redirect_places
import redirect_trouble
from harness import ORSHIM, check, finish, skip


class Talk:
    """A server on ADDRESS that has TALK(socket) with whoever comes."""

    def __init__(self, address, talk):
        self.listener = socket.create_server((address, 0))
        self.port = self.listener.getsockname()[1]
        self.talk = talk
        threading.Thread(target=self.serve, daemon=True).start()

    def serve(self):
        while True:
            try:
                one, _ = self.listener.accept()
            except OSError:
                return
            threading.Thread(target=self.answer, args=(one,), daemon=True).start()

    def answer(self, one):
        try:
            with one:
                self.talk(one)
        except OSError:
            pass

    def close(self):
        self.listener.shutdown(socket.SHUT_RDWR)
        self.listener.close()


def compare(here, name, argv, env, said):
    bare, relayed = here.bare(argv, env), here.relayed(argv, env, "all")
    redirect_trouble.same(name, bare, relayed)
    check(bare[0] == 0, name + ": works", bare)
    check(said in here.said, name + ": is named", here.said)


def line(sock):
    got = b""
    while not got.endswith(b"\n"):
        piece = sock.recv(1)
        if not piece:
            return got
        got += piece
    return got


def starttls(here):
    pem, key = redirect_trouble.certificate(here.scratch, "mail", "foreign.example")
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(pem, key)

    def talk(sock):
        sock.sendall(b"220 ready\r\n")
        while True:
            word = line(sock).upper().split()[:1]
            if word == [b"STARTTLS"]:
                sock.sendall(b"220 go on\r\n")
                sock = context.wrap_socket(sock, server_side=True)
            elif word == [b"EHLO"]:
                sock.sendall(b"250-foreign.example\r\n250 STARTTLS\r\n")
            elif word == [b"QUIT"]:
                sock.sendall(b"221 bye\r\n")
                return
            else:
                return
    server = Talk(place.OTHER, talk)
    argv = place.unseen("/usr/bin/python3", "-c", "import smtplib, ssl, sys\n"
                        "s = smtplib.SMTP('foreign.example', int(sys.argv[1]), local_hostname='x')\n"
                        "s.starttls(context=ssl.create_default_context(cafile=sys.argv[2]))\n"
                        "print(s.ehlo(), s.sock.version(), s.quit())", str(server.port), pem)
    compare(here, "STARTTLS", argv, here.environment(here.good, []),
            "203.0.113.8 (its server speaks first)")
    server.close()


def client_first(here):
    """A plain protocol in which the client begins, such as a database's."""
    def talk(sock):
        sock.sendall(b"+" + line(sock))
    server = Talk(place.OTHER, talk)
    argv = place.unseen("/usr/bin/python3", "-c", "import socket, sys\n"
                        "s = socket.create_connection(('foreign.example', int(sys.argv[1])), 30)\n"
                        "s.sendall(b'PING\\r\\n'); print(s.recv(100))", str(server.port))
    compare(here, "a protocol without TLS", argv, here.environment(here.good, []),
            "203.0.113.8 (no TLS)")
    server.close()


def silent(here):
    """Nobody says anything for longer than the relay waits: the server speaks then."""
    told = threading.Event()

    def talk(sock):
        told.wait(60)
        sock.sendall(b"at last\n")
        sock.recv(100)  # to close with bytes unread would reset the connection
    server = Talk(place.OTHER, talk)
    argv = place.unseen("/usr/bin/python3", "-c", "import socket, sys\n"
                        "s = socket.create_connection(('foreign.example', int(sys.argv[1])), 30)\n"
                        "s.sendall(sys.stdin.buffer.readline()); print(s.recv(100))",
                        str(server.port))
    env = dict(here.environment(here.good, []), ORSHIM_TEXT="off")
    here.forget()
    run = subprocess.Popen([ORSHIM, "run", "--relay", "all", "--log", here.log, "--", *argv],
                           env=env, stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                           stderr=subprocess.PIPE)
    timer = threading.Timer(6, lambda: (run.stdin.write(b"hello\n"), run.stdin.close(), told.set()))
    timer.start()
    out = run.stdout.read()
    err = run.stderr.read()
    check(run.wait() == 0 and out == b"b'at last\\n'\n", "who says nothing for 6 s is served",
          (out, err))
    check(b"203.0.113.8 (it spoke no TLS within 5 s)" in err, "and named", err)
    server.close()


def socks(here):
    def talk(sock):
        count = sock.recv(2)[1]
        sock.recv(count)
        sock.sendall(b"\x05\x00")
        head = sock.recv(4)
        assert head[3] == 3  # a name
        name = sock.recv(sock.recv(1)[0]).decode()
        port = int.from_bytes(sock.recv(2), "big")
        far = socket.create_connection((name, port))
        sock.sendall(b"\x05\x00\x00\x01\x00\x00\x00\x00\x00\x00")
        splice.both(sock, far)
    server = Talk(place.OTHER, talk)
    env = here.environment(here.good, ["SSL_CERT_FILE"],
                           {"ALL_PROXY": "socks5h://%s:%d" % (place.OTHER, server.port)})
    compare(here, "SOCKS", redirect_places.curl(), env, "203.0.113.8 (a SOCKS proxy)")
    server.close()


def tls_proxy(here):
    pem, key = redirect_trouble.certificate(here.scratch, "proxy", "foreign.example")
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(pem, key)

    def talk(sock):
        near = context.wrap_socket(sock, server_side=True)
        head = b""
        while b"\r\n\r\n" not in head:
            head += near.recv(4096)
        host, port = head.split()[1].decode().rsplit(":", 1)
        far = socket.create_connection((host, int(port)))
        near.sendall(b"HTTP/1.1 200 Connection established\r\n\r\n")
        far.settimeout(0.05)
        near.settimeout(0.05)
        ends = {near: far, far: near}
        while True:  # one thread: an SSL socket is not for two
            for one, other in ends.items():
                try:
                    piece = one.recv(65536)
                except (socket.timeout, ssl.SSLWantReadError):
                    continue
                if not piece:
                    return
                other.sendall(piece)
    server = Talk(place.OTHER, talk)
    env = here.environment(here.good, ["SSL_CERT_FILE"], {
        "https_proxy": "https://foreign.example:%d" % server.port})
    argv = redirect_places.curl("--proxy-cacert", pem)
    compare(here, "a proxy that speaks TLS", argv, env,
            "foreign.example (a proxy that speaks TLS)")
    server.close()


def privilege(here):
    """Not root: no_new_privs had to be set, and a setuid program gains nothing."""
    if os.geteuid() != 0:
        skip("setuid programs: that needs root")
        return
    home = os.path.join(here.scratch, "nobody")
    os.mkdir(home)
    os.chmod(here.scratch, 0o755)
    os.chown(home, 65534, 65534)
    program = os.path.join(here.scratch, "gains")
    shutil.copy("/usr/bin/id", program)
    os.chmod(program, 0o4755)
    kept, here.log = here.log, os.path.join(home, "log")
    env = here.environment(here.good, [], {"HOME": home, "TMPDIR": home,
                                           "XDG_STATE_HOME": home + "/state"})
    argv = ["/bin/sh", "-c", 'cd "$0" && ./gains -u >/dev/null && ./gains -u >/dev/null',
            here.scratch]
    relayed = here.relayed(argv, env, "all", around=redirect_places.NOBODY)
    check(relayed[0] == 0 and here.said.count(program + " gains no rights here") == 1,
          "a setuid program below the filter: said once", (relayed, here.said))
    here.relayed(argv, env, "auto", around=redirect_places.NOBODY)
    check("gains no rights" not in here.said, "without a filter nothing is said", here.said)
    here.relayed(["/bin/sh", "-c", "/usr/bin/id >/dev/null"], env, "all",
                 around=redirect_places.NOBODY)
    check("gains no rights" not in here.said, "nor of other programs", here.said)
    here.log = kept


def inside(scratch, _):
    with place.Place(scratch) as here:
        redirect_places.curl.key = here.good
        for test in (starttls, client_first, silent, socks, tls_proxy, privilege):
            test(here)
    return finish()


if __name__ == "__main__":
    sys.exit(place.main(inside))
