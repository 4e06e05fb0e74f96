# SPDX-License-Identifier: MIT
"""ask.py WAY URL CA: sends one GET and prints its outcome in one line."""

import asyncio
import http.client
import socket
import ssl
import sys
from urllib.parse import urlsplit

KEY = "Bearer sk-or-v1-" + "6b86b273" * 8
way, url, ca = sys.argv[1:]
port = urlsplit(url).port
context = ssl.create_default_context(cafile=ca)
unverified = ssl._create_unverified_context()  # noqa: SLF001


def ask(context):
    connection = http.client.HTTPSConnection("localhost", port, context=context, timeout=20)
    connection.request("GET", "/api/v1/key", headers={"Authorization": KEY})
    answer = connection.getresponse()
    answer.read()
    return answer.status


def spare(context):
    plain = socket.create_connection(("localhost", port))
    context.wrap_socket(plain, server_hostname="localhost").close()


def abandoned():
    """A hello, and then the client loses interest."""
    incoming, outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
    tls = context.wrap_bio(incoming, outgoing, server_hostname="localhost")
    try:
        tls.do_handshake()
    except ssl.SSLWantReadError:
        pass


async def slow():
    """A socket that is not blocking: the handshake waits again and again."""
    reader, writer = await asyncio.open_connection("localhost", port, ssl=context)
    writer.write(b"GET /api/v1/key HTTP/1.1\r\nHost: localhost\r\nAuthorization: "
                 + KEY.encode() + b"\r\n\r\n")
    line = await reader.readline()
    await reader.read()
    writer.close()
    return int(line.split()[1])


def requests_get():
    import requests
    return requests.get(url, verify=ca, headers={"Authorization": KEY}, timeout=20).status_code


try:
    if way == "http.client":
        print(ask(context))
    elif way == "requests":
        print(requests_get())
    elif way in ("asyncio", "slow"):
        print(asyncio.run(slow()))
    elif way == "spare":
        print(ask(context))
        spare(context)
    elif way == "spare-off":
        print(ask(unverified))
        spare(unverified)
    elif way == "then-off":
        try:
            spare(context)
        except ssl.SSLError as error:
            print(type(error).__name__)
        print(ask(unverified))
    elif way == "abandoned":
        print(ask(context))
        abandoned()
    else:
        sys.exit("ask.py: no such way: " + way)
except Exception as error:  # pylint: disable=broad-except
    print(type(error).__name__, str(error)[:400])
