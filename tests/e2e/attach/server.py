# SPDX-License-Identifier: MIT
"""server.py CERTIFICATE UPSTREAM: an HTTPS server that refuses every request, in pieces. A request
for /upstream it passes on to UPSTREAM, as a client. Says its port; ends by SIGTERM."""
import http.client
import http.server
import os
import signal
import ssl
import sys
import threading
from urllib.parse import urlsplit

certificate, upstream = sys.argv[1], urlsplit(sys.argv[2])
BODY = b'{"error":{"message":"No auth credentials found","code":401}}'
as_client = ssl.create_default_context(cafile=os.environ["SSL_CERT_FILE"])


def ask_upstream():
    connection = http.client.HTTPSConnection(upstream.hostname, upstream.port, context=as_client,
                                             timeout=20)
    connection.request("GET", "/api/v1/upstream", headers={"Authorization": "Bearer of-the-server"})
    status = connection.getresponse()
    status.read()
    connection.close()
    return status.status


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    wbufsize = 0

    def do_POST(self):
        left = int(self.headers["Content-Length"])
        while left:
            left -= len(self.rfile.read1(min(left, 100)))
        status = ask_upstream() if self.path.endswith("/upstream") else 401
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(BODY)))
        self.end_headers()
        for at in range(0, len(BODY), 20):
            self.wfile.write(BODY[at:at + 20])

    def log_message(self, *_):
        pass


class Server(http.server.ThreadingHTTPServer):
    def handle_error(self, *_):
        pass


server = Server(("127.0.0.1", 0), Handler)
context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
context.load_cert_chain(certificate)
server.socket = context.wrap_socket(server.socket, server_side=True)
signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGTERM])
threading.Thread(target=server.serve_forever, daemon=True).start()
print(server.server_address[1], flush=True)
signal.sigwait([signal.SIGTERM])
os._exit(0)
