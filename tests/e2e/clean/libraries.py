# SPDX-License-Identifier: MIT
"""libraries.py LIBRARY BASE: correct requests as scripts send them with requests or httpx.

LIBRARY is requests, httpx or httpx2 (httpx with HTTP/2). Prints a line for each request.
"""
import json
import os
import sys

library, base = sys.argv[1:3]
module = __import__("requests" if library == "requests" else "httpx")
key = {"Authorization": "Bearer " + os.environ["KEY"]}
hello = {"model": "openai/gpt-4o-mini",
         "messages": [{"role": "user", "content": "Say hello \u201cplease\u201d \U0001f44b"}]}
payload = json.dumps(hello, ensure_ascii=False).encode("utf-8")
as_json = dict(key, **{"Content-Type": "application/json"})


def client():
    if library == "requests":
        session = module.Session()
    else:
        session = module.Client(http2=library == "httpx2", timeout=20)
    session.headers.update({"User-Agent": "clean/1.0"})
    return session


def done(name, answer, wanted=200):
    if answer.status_code != wanted:
        sys.exit("%s: %d %.200s" % (name, answer.status_code, answer.text))
    print(name)


def raw(content):
    return {"data" if library == "requests" else "content": content}


def streaming(one):
    body = dict(hello, stream=True)
    if library == "requests":
        answer = one.post(base + "/chat/completions", json=body, headers=key, stream=True)
        lines = [line for line in answer.iter_lines() if line]
    else:
        with one.stream("POST", base + "/chat/completions", json=body, headers=key) as answer:
            lines = [line for line in answer.iter_lines() if line]
    print("stream" if len(lines) > 3 else sys.exit("stream: %r" % lines))


def stopped_early(one):
    body = dict(hello, stream=True)
    if library == "requests":
        with one.post(base + "/chat/completions", json=body, headers=key, stream=True) as answer:
            next(answer.iter_lines())
    else:
        with one.stream("POST", base + "/chat/completions", json=body, headers=key) as answer:
            next(answer.iter_lines())
    print("stream stopped early")


with client() as session:
    done("json=", session.post(base + "/chat/completions", json=hello, headers=key))
    done("data=", session.post(base + "/chat/completions", headers=as_json, **raw(payload)))
    done("chunked", session.post(base + "/chat/completions", headers=as_json,
                                 **raw(iter([payload[:40], payload[40:]]))))
    done("charset", session.post(
        base + "/chat/completions", **raw(payload),
        headers=dict(key, **{"Content-Type": "application/json; charset=utf-8"})))
    streaming(session)
    done("upload", session.post(base + "/files", headers=key, data={"purpose": "user_data"},
                                files={"file": ("notes.txt", b"notes\n", "text/plain")}))
    done("large upload", session.post(base + "/files", headers=key, data={"purpose": "user_data"},
                                      files={"file": ("data.bin", bytes(range(256)) * 8192)}))
    done("list of files", session.get(base + "/files", headers=key))
    done("delete", session.delete(base + "/files/file-standin", headers=key), 204)
    done("models without key", session.get(base + "/models"))
    done("models", session.get(base + "/models", headers=key, params={"category": "programming"}))
    done("key", session.get(base + "/key", headers=key))
    done("credits", session.get(base + "/credits", headers=key))
    done("OPTIONS", session.options(base + "/chat/completions"), 204)
    done("HEAD", session.head(base + "/models"))
    follow = {"allow_redirects" if library == "requests" else "follow_redirects": True}
    done("redirect", session.post(base + "/moved/chat/completions", json=hello, headers=key,
                                  **follow))
    done("redirect, GET", session.get(base + "/moved/models", headers=key, **follow))
    done("no compression", session.post(base + "/chat/completions", json=hello,
                                        headers=dict(key, **{"Accept-Encoding": "identity"})))
    done("image of 5 MB", session.post(base + "/chat/completions", headers=key, json=dict(
        hello, messages=[{"role": "user", "content": [
            {"type": "text", "text": "What is this?"},
            {"type": "image_url", "image_url": {
                "url": "data:image/jpeg;base64,/9j/4AAQ" + "A" * (5 << 20)}}]}])))
    for i in range(5):
        done("kept alive %d" % i, session.post(base + "/chat/completions", json=hello, headers=key))
    stopped_early(session)
for i in range(2):
    with client() as session:
        done("new connection %d" % i,
             session.post(base + "/chat/completions", json=hello, headers=key))
