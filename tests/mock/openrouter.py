#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""A stand-in OpenRouter (or --vendor) on loopback, with TLS and a CA of its own.

Prints one line of JSON when it is ready (port, ca, pid, keys), then serves until
SIGTERM or until its standard input is closed. Leaves no file behind but those
asked for with --record.
"""

import argparse
import json
import os
import shutil
import signal
import socket
import ssl
import subprocess
import sys
import tempfile
import threading

sys.dont_write_bytecode = True
import answers  # noqa: E402
import transport  # noqa: E402

NAMES = ("localhost", "openrouter.ai", "www.openrouter.ai", "api.openai.com",
         "api.anthropic.com", "api.groq.com", "generativelanguage.googleapis.com")


def make_certificates(folder):
    """ca.pem, server.pem and server.key in FOLDER, made by openssl."""
    def run(*args):
        subprocess.run(("openssl",) + args, cwd=folder, check=True,
                       stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
    curve = ("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes")
    run("req", "-x509", *curve, "-days", "30", "-keyout", "ca.key", "-out", "ca.pem",
        "-subj", "/CN=orshim stand-in CA", "-addext", "keyUsage=critical,keyCertSign,cRLSign")
    with open(os.path.join(folder, "extensions"), "w") as out:
        out.write("subjectAltName=IP:127.0.0.1,%s\nbasicConstraints=CA:FALSE\n"
                  "keyUsage=digitalSignature\nextendedKeyUsage=serverAuth\n"
                  "authorityKeyIdentifier=keyid\n"
                  % ",".join("DNS:" + n for n in NAMES))
    run("req", *curve, "-keyout", "server.key", "-out", "server.csr", "-subj", "/CN=localhost")
    run("x509", "-req", "-in", "server.csr", "-CA", "ca.pem", "-CAkey", "ca.key",
        "-CAcreateserial", "-days", "30", "-extfile", "extensions", "-out", "server.pem")


class Recorder:
    """Keeps each request byte-exact as FOLDER/000001, 000002 … in order of arrival."""

    def __init__(self, folder):
        self.folder = folder
        self.count = 0
        self.lock = threading.Lock()

    def __call__(self, raw):
        with self.lock:
            self.count += 1
            if self.folder:
                partial = os.path.join(self.folder, ".partial")
                with open(partial, "wb") as out:
                    out.write(raw)
                os.rename(partial, os.path.join(self.folder, "%06d" % self.count))


class Server:
    def __init__(self, options, folder):
        self.api = answers.Vendor(options.vendor, options.compress) if options.vendor else \
            answers.OpenRouter(options.wording, options.alternate, options.compress)
        self.plain = options.plain
        self.record = Recorder(options.record)
        self.lock = threading.Lock()
        self.tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self.tls.load_cert_chain(os.path.join(folder, "server.pem"),
                                 os.path.join(folder, "server.key"))
        offered = ["http/1.1"]
        if options.http2:
            if transport.h2 is None:
                sys.exit("openrouter.py: --http2 needs the Python module h2 (python3-h2)")
            offered.insert(0, "h2")
        self.tls.set_alpn_protocols(offered)
        self.listener = socket.socket()
        self.listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self.listener.bind((options.address, options.port))
        self.listener.listen(128)

    def decide(self, request):
        with self.lock:
            return self.api.decide(request)

    def connection(self, plain):
        try:
            plain.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            if self.plain:
                transport.Http1(plain).serve(self.decide, self.record)
                return
            with self.tls.wrap_socket(plain, server_side=True) as sock:
                speaks = transport.Http2 if sock.selected_alpn_protocol() == "h2" \
                    else transport.Http1
                try:
                    speaks(sock).serve(self.decide, self.record)
                except transport.Closed:
                    sock.unwrap()
        except (OSError, ValueError, transport.Closed):
            pass  # a client that went away is no event here
        finally:
            plain.close()

    def accept_all(self):
        while True:
            plain, _ = self.listener.accept()
            threading.Thread(target=self.connection, args=(plain,), daemon=True).start()


def arguments():
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])
    parser.add_argument("--port", type=int, default=0, help="0: any free port")
    parser.add_argument("--address", default="127.0.0.1", help="where to listen, in a namespace")
    parser.add_argument("--http2", action="store_true", help="offer h2 as well (needs python3-h2)")
    parser.add_argument("--plain", action="store_true", help="HTTP without TLS, as a gateway")
    parser.add_argument("--wording", choices=sorted(answers.WORDINGS), default="2025",
                        help="the period whose 401 text is used for a missing credential")
    parser.add_argument("--vendor", choices=answers.VENDORS,
                        help="be this vendor instead of OpenRouter, below /v1")
    parser.add_argument("--alternate", action="store_true",
                        help="401 and \"Provider returned error\" in turn, for every live key")
    parser.add_argument("--compress", action="store_true",
                        help="gzip where the client accepts it")
    parser.add_argument("--record", metavar="FOLDER", help="keep each request there, byte by byte")
    return parser.parse_args()


def main():
    options = arguments()
    folder = tempfile.mkdtemp(prefix="orshim-standin.")
    end = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        signal.signal(number, lambda *_: end.set())
    try:
        make_certificates(folder)
        server = Server(options, folder)
        threading.Thread(target=server.accept_all, daemon=True).start()

        def until_closed():
            while sys.stdin.buffer.read(4096):
                pass
            end.set()
        threading.Thread(target=until_closed, daemon=True).start()
        print(json.dumps({"port": server.listener.getsockname()[1], "pid": os.getpid(),
                          "ca": os.path.join(folder, "ca.pem"), "keys": answers.KEYS}), flush=True)
        end.wait()
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    os._exit(0)  # connection threads may wait for a client


if __name__ == "__main__":
    main()
