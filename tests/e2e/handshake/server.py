# SPDX-License-Identifier: MIT
"""Servers on loopback whose TLS handshakes fail, each in another way.

A Servers object listens once for each mode of MODES, and with "version" for a server of TLS 1.3
alone; `ports` maps modes to ports, `host` is their name, `ca` the file of the authority for the
clients to trust. The correct ones answer with OpenRouter's 401.
"""

import os
import socket
import ssl
import struct
import subprocess
import threading

ALERT = b"\x15\x03\x03\x00\x02\x02\x28"  # fatal, handshake_failure
PLAIN = b"HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"
BODY = b'{"error":{"message":"User not found.","code":401}}'
ANSWER = (b"HTTP/1.1 401 Unauthorized\r\nContent-Type: application/json\r\n"
          b"Content-Length: %d\r\nConnection: close\r\n\r\n%s" % (len(BODY), BODY))
MODES = ("good", "untrusted", "selfsigned", "name", "expired", "alert", "reset", "close", "plain")
PROXY = "Acme Inspecting Proxy CA"


def openssl(*arguments):
    subprocess.run(["openssl", *arguments], check=True, stdout=subprocess.DEVNULL,
                   stderr=subprocess.DEVNULL)


def authority(folder, name, title):
    path = os.path.join(folder, name)
    openssl("req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes",
            "-days", "30", "-subj", "/O=%s/CN=%s" % (title, title), "-keyout", path + ".key",
            "-addext", "keyUsage=critical,keyCertSign,cRLSign", "-out", path + ".pem")
    return path


def certificate(folder, name, host, signer, days=30):
    """A file with key and certificate for HOST, signed by SIGNER; None: by itself."""
    path = os.path.join(folder, name)
    made = ["req", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-subj",
            "/CN=" + host, "-keyout", path + ".key"]
    if signer is None:
        openssl(*made, "-x509", "-days", "30", "-addext", "subjectAltName=DNS:" + host,
                "-out", path + ".crt")
    else:
        openssl(*made, "-out", path + ".csr")
        with open(path + ".ext", "w", encoding="ascii") as extensions:
            extensions.write("subjectAltName=DNS:%s\nauthorityKeyIdentifier=keyid\n"
                             "subjectKeyIdentifier=hash\n" % host)
        dates = ["-days", str(days)] if days > 0 else \
            ["-not_before", "20200101000000Z", "-not_after", "20200201000000Z"]
        if days > 0:
            openssl("x509", "-req", "-in", path + ".csr", "-CA", signer + ".pem", "-CAkey",
                    signer + ".key", "-CAcreateserial", "-extfile", path + ".ext", *dates,
                    "-out", path + ".crt")
        else:
            expired(folder, path, signer)
    with open(path, "w", encoding="ascii") as both:
        for part in (path + ".key", path + ".crt"):
            with open(part, encoding="ascii") as source:
                both.write(source.read())
    return path


def expired(folder, path, signer):
    """`openssl x509` of OpenSSL 3.0 takes no dates, `openssl ca` does."""
    base = os.path.join(folder, "ca")
    os.makedirs(base, exist_ok=True)
    open(os.path.join(base, "index"), "w", encoding="ascii").close()
    config = os.path.join(base, "conf")
    with open(config, "w", encoding="ascii") as to:
        to.write("[ca]\ndefault_ca=d\n[d]\ndatabase=%s/index\nnew_certs_dir=%s\nrand_serial=yes\n"
                 "default_md=sha256\npolicy=p\n[p]\ncommonName=supplied\n" % (base, base))
    openssl("ca", "-batch", "-notext", "-config", config, "-in", path + ".csr", "-cert",
            signer + ".pem", "-keyfile", signer + ".key", "-extfile", path + ".ext", "-startdate",
            "20200101000000Z", "-enddate", "20200201000000Z", "-out", path + ".crt")


class Servers:
    def __init__(self, folder, more=(), host="localhost"):
        trusted = authority(folder, "trusted", "Test CA")
        other = authority(folder, "proxy", PROXY)
        self.host = host
        self.ca, self.proxy_ca = trusted + ".pem", other + ".pem"
        files = {"good": certificate(folder, "good", host, trusted),
                 "untrusted": certificate(folder, "untrusted", host, other),
                 "selfsigned": certificate(folder, "selfsigned", host, None),
                 "name": certificate(folder, "name", "login.example.net", trusted),
                 "expired": certificate(folder, "expired", host, trusted, days=0)}
        self.ports, self.sockets = {}, []
        files["version"] = files["good"]
        for mode in (*MODES, *more):
            context = None
            if mode in files:
                context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
                context.load_cert_chain(files[mode])
                if mode == "version":
                    context.minimum_version = ssl.TLSVersion.TLSv1_3
            listener = socket.create_server(("127.0.0.1", 0), backlog=64)
            self.sockets.append(listener)
            self.ports[mode] = listener.getsockname()[1]
            threading.Thread(target=self.accept, args=(listener, mode, context),
                             daemon=True).start()

    def accept(self, listener, mode, context):
        while True:
            try:
                plain = listener.accept()[0]
            except OSError:
                return
            threading.Thread(target=self.serve, args=(plain, mode, context), daemon=True).start()

    @staticmethod
    def serve(plain, mode, context):
        try:
            with plain:
                if context:
                    with context.wrap_socket(plain, server_side=True) as tls:
                        if tls.recv(65536):
                            tls.sendall(ANSWER)
                    return
                plain.recv(65536)
                if mode == "reset":
                    plain.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
                elif mode == "alert":
                    plain.sendall(ALERT)
                    plain.recv(65536)
                elif mode == "plain":
                    plain.sendall(PLAIN)
        except OSError:
            pass

    def close(self):
        for listener in self.sockets:
            listener.close()
