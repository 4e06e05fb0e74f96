# SPDX-License-Identifier: MIT
"""HTTP/1.1 and HTTP/2 as a server speaks them, keeping the bytes that came."""

import http.client

try:
    import h2.config
    import h2.connection
    import h2.events
    import h2.exceptions
except ImportError:
    h2 = None

from answers import Request, error

HEAD_MAX = 1 << 20

# What the edge adds to every answer. A fixed date keeps two runs comparable.
EDGE = [("date", "Tue, 24 Nov 2026 00:00:00 GMT"), ("server", "cloudflare"),
        ("cf-ray", "9a30000000000000-AMS"), ("access-control-allow-origin", "*"),
        ("x-clerk-auth-status", "signed-out"), ("x-clerk-auth-reason", "token-invalid")]


class Closed(Exception):
    """The client closed the connection, or what it sent cannot be framed."""


class Http1:
    """One HTTP/1.1 connection: requests in order, keep-alive and pipelining."""

    def __init__(self, sock):
        self.sock = sock
        self.pending = b""

    def more(self):
        piece = self.sock.recv(65536)
        if not piece:
            raise Closed
        self.pending += piece

    def take(self, length):
        while len(self.pending) < length:
            self.more()
        taken, self.pending = self.pending[:length], self.pending[length:]
        return taken

    def take_through(self, mark):
        while mark not in self.pending:
            if len(self.pending) > HEAD_MAX:
                raise Closed
            self.more()
        return self.take(self.pending.index(mark) + len(mark))

    def chunks(self):
        """(the bytes as sent, the body inside)."""
        raw, body = b"", b""
        while True:
            line = self.take_through(b"\r\n")
            raw += line
            size = int(line.split(b";")[0], 16)
            if size == 0:
                break
            piece = self.take(size + 2)
            raw += piece
            body += piece[:-2]
        while True:
            line = self.take_through(b"\r\n")
            raw += line
            if line == b"\r\n":
                return raw, body

    def serve(self, decide, record):
        while True:
            head = self.take_through(b"\r\n\r\n")
            lines = head[:-4].split(b"\r\n")
            parts = lines[0].decode("latin-1").split(" ")
            if len(parts) != 3:
                raise Closed
            headers = []
            for line in lines[1:]:
                name, _, value = line.partition(b":")
                headers.append((name, value.strip(b" \t")))
            request = Request(parts[0], parts[1], headers, b"")
            if request.value("expect").lower() == "100-continue":
                self.sock.sendall(b"HTTP/1.1 100 Continue\r\n\r\n")
            raw = b""
            try:
                if "chunked" in request.value("transfer-encoding").lower():
                    raw, request.body = self.chunks()
                elif request.value("content-length"):
                    raw = request.body = self.take(int(request.value("content-length")))
            except ValueError:
                self.send(request, error(400, "Bad Request"), True)
                raise Closed from None
            record(head + raw)
            closing = (parts[2] == "HTTP/1.0" or
                       "close" in request.value("connection").lower())
            self.send(request, decide(request), closing)
            if closing:
                raise Closed

    def send(self, request, answer, closing):
        body = b"".join(answer.pieces)
        lines = ["HTTP/1.1 %d %s" % (answer.status,
                                     http.client.responses.get(answer.status, "Error"))]
        fields = EDGE + answer.headers
        if closing:
            fields = fields + [("connection", "close")]
        if answer.status != 204:  # RFC 9110 section 8.6: no length there
            fields.append(("transfer-encoding", "chunked") if answer.chunked
                          else ("content-length", str(len(body))))
        lines += ["%s: %s" % field for field in fields]
        head = ("\r\n".join(lines) + "\r\n\r\n").encode("latin-1")
        if request.method == "HEAD":
            self.sock.sendall(head)
        elif not answer.chunked:
            self.sock.sendall(head + body)
        else:
            self.sock.sendall(head)
            for piece in answer.pieces:
                self.sock.sendall(b"%x\r\n%s\r\n" % (len(piece), piece))
            self.sock.sendall(b"0\r\n\r\n")


class Http2:
    """One HTTP/2 connection; streams are answered in the order in which they end."""

    def __init__(self, sock):
        self.sock = sock
        self.conn = h2.connection.H2Connection(h2.config.H2Configuration(
            client_side=False, header_encoding=None, validate_inbound_headers=False))
        self.open = {}
        self.waiting = {}

    def flush(self):
        out = self.conn.data_to_send()
        if out:
            self.sock.sendall(out)

    def serve(self, decide, record):
        self.conn.initiate_connection()
        self.flush()
        while True:
            piece = self.sock.recv(65536)
            if not piece:
                raise Closed
            try:
                events = self.conn.receive_data(piece)
            except h2.exceptions.ProtocolError:
                self.flush()
                raise Closed from None
            for one in events:
                self.take(one, decide, record)
            self.push()
            self.flush()

    def take(self, one, decide, record):
        if isinstance(one, h2.events.RequestReceived):
            self.open[one.stream_id] = (list(one.headers), bytearray())
        elif isinstance(one, h2.events.DataReceived):
            self.open[one.stream_id][1].extend(one.data)
            self.conn.acknowledge_received_data(one.flow_controlled_length, one.stream_id)
        elif isinstance(one, h2.events.StreamReset):
            self.open.pop(one.stream_id, None)
            self.waiting.pop(one.stream_id, None)
        elif isinstance(one, h2.events.StreamEnded):
            headers, body = self.open.pop(one.stream_id)
            record(b"".join(n + b": " + v + b"\r\n" for n, v in headers) + b"\r\n" + bytes(body))
            pseudo = dict(h for h in headers if h[0].startswith(b":"))
            request = Request(pseudo.get(b":method", b"").decode("latin-1"),
                              pseudo.get(b":path", b"").decode("latin-1"),
                              [h for h in headers if not h[0].startswith(b":")], bytes(body), "2")
            answer = decide(request)
            fields = [(":status", str(answer.status))] + EDGE + answer.headers
            whole = b"" if request.method == "HEAD" else b"".join(answer.pieces)
            self.conn.send_headers(one.stream_id, fields)
            self.waiting[one.stream_id] = whole

    def push(self):
        """Send what the windows allow of every body that waits."""
        for number in list(self.waiting):
            body = self.waiting[number]
            while True:
                room = min(self.conn.local_flow_control_window(number),
                           self.conn.max_outbound_frame_size)
                last = len(body) <= room
                if not last and room <= 0:
                    break
                self.conn.send_data(number, body[:room], end_stream=last)
                body = body[room:]
                if last:
                    break
            if last:
                del self.waiting[number]
            else:
                self.waiting[number] = body
