# SPDX-License-Identifier: MIT
"""chat.py LIBRARY BASE: one chat request, as a program written with LIBRARY sends it.

Prints status and body. OPENROUTER_API_KEY as any script would use it (unset
gives "Bearer None"); NO_AUTH sends none; STREAM asks for a stream; MODEL.
Runs on Python 2.7 and 3.6 to 3.13.
"""
import json
import os
import sys

library, base = sys.argv[1:3]
url = base + "/chat/completions"
body = {"model": os.environ.get("MODEL", "openai/gpt-4o-mini"),
        "messages": [{"role": "user", "content": "Say hello"}]}
if os.environ.get("STREAM"):
    body["stream"] = True
payload = json.dumps(body, sort_keys=True).encode()
headers = {"Content-Type": "application/json"}
if not os.environ.get("NO_AUTH"):
    headers["Authorization"] = "Bearer %s" % os.environ.get("OPENROUTER_API_KEY")


def with_http_client():
    try:
        from http.client import HTTPConnection, HTTPSConnection
        from urllib.parse import urlsplit
    except ImportError:
        from httplib import HTTPConnection, HTTPSConnection
        from urlparse import urlsplit
    parts = urlsplit(url)
    way = HTTPSConnection if parts.scheme == "https" else HTTPConnection
    connection = way(parts.hostname, parts.port)
    connection.request("POST", parts.path, payload, headers)
    answer = connection.getresponse()
    return answer.status, answer.read()


def with_urllib():
    try:
        from urllib.request import Request, urlopen
        from urllib.error import HTTPError
    except ImportError:
        from urllib2 import Request, urlopen, HTTPError
    try:
        answer = urlopen(Request(url, payload, headers))
    except HTTPError as refusal:
        answer = refusal
    return answer.getcode(), answer.read()


def with_requests():
    import requests
    answer = requests.post(url, data=payload, headers=headers)
    return answer.status_code, answer.content


def with_httpx(http2=False):
    import httpx
    with httpx.Client(http2=http2) as client:
        answer = client.post(url, content=payload, headers=headers)
    return answer.status_code, answer.content


def with_httpx_h2():
    return with_httpx(True)


status, content = globals()["with_" + library]()
print(status)
print(content.decode("utf-8"))
sys.exit(0 if status == 200 else 3)
