# SPDX-License-Identifier: MIT
"""One exchange as the recorders write it in a HAR: their members, their names, what they change.

After their sources: Chrome's front_end/models/har/Log.ts, mitmproxy's addons/savehar.py, HTTP Toolkit's
src/model/http/har.ts. Firefox's, Charles's and Proxyman's are written from what is known of them, without their
sources and without files of theirs.
"""
import base64
import json

URL = "https://openrouter.ai/api/v1/chat/completions"
QUESTION = json.dumps({"model": "openai/gpt-4o", "messages": [{"role": "user", "content": "hi"}]})
REFUSAL = json.dumps({"error": {"message": "No auth credentials found", "code": 401}})
TIMINGS = {"blocked": -1, "dns": -1, "connect": -1, "ssl": -1, "send": 0, "wait": 12.5, "receive": 0.25}


def pairs(fields):
    return [{"name": name, "value": value} for name, value in fields]


def entry(request, response, **more):
    return {"startedDateTime": "2026-11-24T09:30:00.123Z", "time": 12.75, "request": {
        "method": "POST", "url": URL, "httpVersion": "HTTP/1.1", "headers": [], "queryString": [],
        "cookies": [], "headersSize": -1, "bodySize": len(QUESTION),
        "postData": {"mimeType": "application/json", "text": QUESTION}, **request}, "response": {
            "status": 401, "statusText": "Unauthorized", "httpVersion": "HTTP/1.1", "headers": [],
            "cookies": [], "content": {"size": len(REFUSAL), "mimeType": "application/json",
                                       "text": REFUSAL},
            "redirectURL": "", "headersSize": -1, "bodySize": len(REFUSAL), **response},
            "cache": {}, "timings": TIMINGS, **more}


def archive(creator, *entries, **more):
    return {"log": {"version": "1.2", "creator": creator, "pages": [], "entries": list(entries), **more}}


def chrome(authorization, sanitized=False):
    """HTTP/2: pseudo-header fields, lower case. What is sensitive is only in an export with it."""
    fields = [(":authority", "openrouter.ai"), (":method", "POST"), (":path", "/api/v1/chat/completions"),
              (":scheme", "https"), ("accept", "*/*")]
    if authorization and not sanitized:
        fields.append(("authorization", authorization))
    fields += [("content-length", str(len(QUESTION))), ("content-type", "application/json")]
    one = entry({"httpVersion": "h2", "headers": pairs(fields)},
                {"httpVersion": "h2", "headers": pairs([("content-type", "application/json")] + (
                    [] if sanitized else [("set-cookie", "__cf_bm=x; HttpOnly")])),
                 "bodySize": -1, "_transferSize": 310, "_error": None},
                _initiator={"type": "script"}, _priority="High", _resourceType="fetch", connection="4432")
    return archive({"name": "WebInspector", "version": "537.36"}, one)


def firefox(authorization):
    """Field names as in HTTP/1, Host beside HTTP/2, bodies in base64 where they are no text to it."""
    fields = [("Host", "openrouter.ai"), ("User-Agent", "Mozilla/5.0"), ("Content-Type", "application/json"),
              ("Content-Length", str(len(QUESTION)))]
    if authorization:
        fields.append(("Authorization", authorization))
    one = entry({"httpVersion": "HTTP/2", "headers": pairs(fields), "postData": {
        "mimeType": "application/json", "params": [], "text": QUESTION}},
                {"httpVersion": "HTTP/2", "headers": pairs([("content-type", "application/json")]),
                 "content": {"mimeType": "application/json", "size": len(REFUSAL), "encoding": "base64",
                             "text": base64.b64encode(REFUSAL.encode()).decode()}},
                pageref="page_1", _securityState="secure")
    one["startedDateTime"] = "2026-11-24T10:30:00.123+01:00"
    return archive({"name": "Firefox", "version": "145.0"}, one,
                   browser={"name": "Firefox", "version": "145.0"})


def mitmproxy(authorization):
    """Fields as they came; an answer's coding is undone, its field stays."""
    fields = [("Host", "openrouter.ai"), ("Content-Type", "application/json"),
              ("Content-Length", str(len(QUESTION)))]
    if authorization:
        fields.append(("Authorization", authorization))
    one = entry({"headers": pairs(fields)}, {"headers": pairs([
        ("Content-Type", "application/json"), ("Content-Encoding", "gzip")])},
                serverIPAddress="127.0.0.1")
    one["startedDateTime"] = "2026-11-24T09:30:00.123456+00:00"
    return archive({"name": "mitmproxy", "version": "12.1.1", "comment": ""}, one)


def http_toolkit(authorization):
    """Lower-case names, values of the same name joined by commas; bodies above 40 KB are left out."""
    fields = [("host", "openrouter.ai"), ("content-type", "application/json"),
              ("content-length", str(len(QUESTION)))]
    if authorization:
        fields.append(("authorization", authorization))
    return archive({"name": "HTTP Toolkit", "version": "1.20.0"}, entry(
        {"headers": pairs(fields)}, {"headers": pairs([("content-type", "application/json")])},
        pageref="node"))


def proxyman(authorization):
    fields = [("Host", "openrouter.ai"), ("Content-Type", "application/json"),
              ("Content-Length", str(len(QUESTION)))]
    if authorization:
        fields.append(("Authorization", authorization))
    return archive({"name": "Proxyman", "version": "5.20.0"}, entry(
        {"headers": pairs(fields)}, {"headers": pairs([("content-type", "application/json")]), "content": {
            "size": len(REFUSAL), "mimeType": "application/json", "encoding": "base64",
            "text": base64.b64encode(REFUSAL.encode()).decode()}},
        _id="1", _isHTTPS=True, _clientName="node", _remoteDeviceIP=None))


def charles(authorization):
    fields = [(":method", "POST"), (":authority", "openrouter.ai"), (":scheme", "https"),
              (":path", "/api/v1/chat/completions"), ("content-type", "application/json"),
              ("content-length", str(len(QUESTION)))]
    if authorization:
        fields.append(("authorization", authorization))
    return archive({"name": "Charles Proxy", "version": "4.6.8"}, entry(
        {"httpVersion": "HTTP/2.0", "headers": pairs(fields)},
        {"httpVersion": "HTTP/2.0", "headers": pairs([(":status", "401")]), "_charlesStatus": "COMPLETE"}))


RECORDERS = (chrome, firefox, mitmproxy, http_toolkit, proxyman, charles)
