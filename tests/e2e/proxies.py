#!/usr/bin/python3
# SPDX-License-Identifier: MIT
# tags: clients
"""Servers that change who they are, and what they see of the file system, before they ask an API:
nginx, whose workers are another user than its master and get no environment, and HAProxy, which
goes into an empty root. Each passes requests on to the mock OpenRouter with a damaged key, bare and
under the shim: what its clients get, and what it says, are the same. Where its log can be opened,
each exchange is there and is the upstream's; where it cannot, there is silence.
"""
import os
import pwd
import shutil
import socket
import subprocess
import sys
import tempfile
import urllib.error
import urllib.request

from harness import SHIM, TIME_LIMIT, Mock, bare_environment, finish, judge, records, skip, skip_all

KEY = "sk-or-v1-" + "5eed" * 16
REQUESTS = 8
PATH = "/api/v1/chat/completions"

NGINX = """
daemon off; user www-data; worker_processes 2; pid %(dir)s/pid; error_log stderr warn;
events { worker_connections 64; }
http {
  access_log off; client_body_temp_path %(dir)s/b; proxy_temp_path %(dir)s/p;
  fastcgi_temp_path %(dir)s/f; uwsgi_temp_path %(dir)s/u; scgi_temp_path %(dir)s/s;
  upstream api { server 127.0.0.1:%(api)d; keepalive 4; }
  server {
    listen 127.0.0.1:%(port)d;
    location / {
      proxy_pass https://api; proxy_http_version 1.1; proxy_ssl_server_name on;
      proxy_ssl_name localhost; proxy_set_header Host localhost:%(api)d;
      proxy_ssl_verify on; proxy_ssl_trusted_certificate %(ca)s;
      proxy_set_header Connection ""; proxy_set_header Authorization 'Bearer "%(key)s"';
    }
  }
}
"""
HAPROXY = """
global
  chroot %(dir)s/empty
  user www-data
  group www-data
defaults
  mode http
  timeout connect 10s
  timeout client 20s
  timeout server 20s
frontend f
  bind fd@%(fd)d
  default_backend b
backend b
  http-request set-header Authorization 'Bearer "%(key)s"'
  http-request set-header Host localhost:%(api)d
  server api 127.0.0.1:%(api)d ssl verify required ca-file %(ca)s sni str(localhost)
"""


def listener():
    made = socket.socket()
    made.bind(("127.0.0.1", 0))
    made.listen(64)
    return made


def nginx(folder, given, values):
    with open(os.path.join(folder, "nginx.conf"), "w", encoding="utf-8") as out:
        out.write(NGINX % values)
    return ["nginx", "-p", folder, "-c", os.path.join(folder, "nginx.conf")], {
        "NGINX": "%d;" % given.fileno()}


def haproxy(folder, given, values):
    os.makedirs(os.path.join(folder, "empty"), exist_ok=True)
    with open(os.path.join(folder, "haproxy.conf"), "w", encoding="utf-8") as out:
        out.write(HAPROXY % {**values, "fd": given.fileno()})
    return ["haproxy", "-db", "-f", os.path.join(folder, "haproxy.conf")], {}


def ask(port):
    """The status and the answer of each request; each on a connection of its own."""
    got = []
    for _ in range(REQUESTS):
        request = urllib.request.Request("http://127.0.0.1:%d%s" % (port, PATH),
                                         b'{"model":"a/b","messages":[]}')
        try:
            with urllib.request.urlopen(request, timeout=20) as answer:
                got.append((answer.status, answer.read()))
        except urllib.error.HTTPError as refused:
            got.append((refused.code, refused.read()))
    return got


def serve(make, folder, mock, settings):
    """(what clients got, the server's status, what it said)"""
    with listener() as given:
        port = given.getsockname()[1]
        values = {"dir": folder, "port": port, "api": mock.port, "ca": mock.ca, "key": KEY}
        command, more = make(folder, given, values)
        server = subprocess.Popen(command, env=bare_environment(**more, **settings),
                                  pass_fds=[given.fileno()], stdout=subprocess.PIPE,
                                  stderr=subprocess.STDOUT)
    got = ask(port)
    server.terminate()
    said, _ = server.communicate(timeout=TIME_LIMIT)
    said = b"\n".join(line for line in said.splitlines() if b"inherited sockets" not in line)
    return got, server.returncode, said.replace(b"%d" % server.pid, b"PID")


def places(folder, make):
    """(name, log, whether the server can write to it)"""
    uid = pwd.getpwnam("www-data").pw_uid
    own = os.path.join(folder, "of-www-data")
    os.makedirs(own, exist_ok=True)
    os.chown(own, uid, -1)
    yield "a folder of the worker's", os.path.join(own, "log"), make is nginx
    yield "root's folder", os.path.join(folder, "log"), False
    there = os.path.join(folder, "there")
    with open(there, "wb"):
        os.chmod(there, 0o600)
    yield "root's file", there, False


def look_at(make, name, folder, mock):
    folder = os.path.join(folder, name)
    os.mkdir(folder)
    bare = serve(make, folder, mock, {})
    for place, log, writable in places(folder, make):
        mine = serve(make, folder, mock, {"LD_PRELOAD": SHIM, "ORSHIM_LOG": log,
                                          "ORSHIM_HOSTS": "localhost=openrouter"})
        seen = [(r["record"], r.get("status"), r.get("path"), r.get("port"),
                 r["verdict"]["cause"] if "verdict" in r else None)
                for r in records(log, never=[KEY]) if r["record"] != "process"]
        wanted = [("exchange", 401, PATH, mock.port, "auth_token_quoted")] * REQUESTS
        judge("%s, its log in %s" % (name, place), [
            {status for status, _ in bare[0]} != {401} and "bare: %s" % (bare,),
            mine != bare and "bare %s but under the shim %s" % (bare, mine),
            seen != (wanted if writable else []) and "in the log: %s" % seen])


def main():
    if os.geteuid() != 0:
        skip_all("only root can become another user")
    with tempfile.TemporaryDirectory(prefix="orshim-proxies.") as folder, Mock() as mock:
        os.chmod(folder, 0o755)
        for name, make in (("nginx", nginx), ("haproxy", haproxy)):
            if shutil.which(name, path="/usr/sbin:/usr/bin"):
                look_at(make, name, folder, mock)
            else:
                skip(name + " is not installed")
    return finish()


if __name__ == "__main__":
    sys.exit(main())
