#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""A TLS server on loopback whose event stream pauses in the middle until a line arrives on stdin.

Prints one line of JSON when it is ready (port, ca). Every request gets a first
event; the second is sent when a line arrives on standard input. End of input stops
the server.
"""

import json
import os
import shutil
import socket
import ssl
import sys
import tempfile

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", "mock"))
import openrouter  # noqa: E402

HEAD = (b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\n"
        b"transfer-encoding: chunked\r\n\r\n")


def chunk(text):
    return b"%x\r\n%s\r\n" % (len(text), text)


def serve(tls, listener):
    while True:
        plain, _ = listener.accept()
        with tls.wrap_socket(plain, server_side=True) as sock:
            received = b""
            while b"\r\n\r\n" not in received:
                received += sock.recv(65536)
            sock.sendall(HEAD + chunk(b"data: {\"first\":1}\n\n"))
            if not sys.stdin.readline():
                return
            sock.sendall(chunk(b"data: [DONE]\n\n") + chunk(b""))


def main():
    folder = tempfile.mkdtemp(prefix="orshim-held.")
    try:
        openrouter.make_certificates(folder)
        tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        tls.load_cert_chain(os.path.join(folder, "server.pem"), os.path.join(folder, "server.key"))
        listener = socket.create_server(("127.0.0.1", 0))
        print(json.dumps({"port": listener.getsockname()[1],
                          "ca": os.path.join(folder, "ca.pem")}), flush=True)
        serve(tls, listener)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


if __name__ == "__main__":
    main()
