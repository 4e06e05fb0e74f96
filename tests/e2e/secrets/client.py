# SPDX-License-Identifier: MIT
"""client.py ASKS PORT CA PROTOCOL: sends the requests in ASKS, byte by byte. Prints nothing."""

import json
import socket
import ssl
import sys

TIMEOUT = 30


def connect(port, ca, protocol):
    context = ssl.create_default_context(cafile=ca)
    context.set_alpn_protocols([protocol])
    return context.wrap_socket(socket.create_connection(("127.0.0.1", port), TIMEOUT),
                               server_hostname="openrouter.ai")


def send_http1(sock, ask):
    body = bytes.fromhex(ask["body"])
    lines = ["POST %s HTTP/1.1" % ask["target"], "Host: openrouter.ai"]
    lines += [name + ": " + value if name else value for name, value in ask["headers"]]
    if not any(name.lower() == "content-type" for name, _ in ask["headers"]):
        lines.append("Content-Type: application/json")
    lines.append("Content-Length: %d" % len(body))
    head = "".join(line + "\r\n" for line in lines) + "\r\n"
    sock.sendall(head.encode())
    sock.sendall(body)
    while sock.recv(65536):
        pass


def send_http2(sock, ask):
    import h2.config
    import h2.connection
    import h2.events
    conn = h2.connection.H2Connection(h2.config.H2Configuration(
        validate_outbound_headers=False, normalize_outbound_headers=False))
    conn.initiate_connection()
    body = bytes.fromhex(ask["body"])
    fields = [(":method", "POST"), (":scheme", "https"), (":authority", "openrouter.ai"),
              (":path", ask["target"]), ("content-type", "application/json")]
    fields += [(name.lower(), value) for name, value in ask["headers"] if name]
    conn.send_headers(1, fields)
    conn.send_data(1, body, end_stream=True)
    sock.sendall(conn.data_to_send())
    while data := sock.recv(65536):
        for event in conn.receive_data(data):
            if isinstance(event, (h2.events.StreamEnded, h2.events.StreamReset)):
                return
        sock.sendall(conn.data_to_send())


def main(asks, port, ca, protocol):
    with open(asks, encoding="utf-8") as text:
        for ask in json.load(text):
            try:
                with connect(int(port), ca, protocol) as sock:
                    (send_http2 if protocol == "h2" else send_http1)(sock, ask)
            except (ConnectionError, ssl.SSLError):
                pass


main(*sys.argv[1:])
