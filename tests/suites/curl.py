# SPDX-License-Identifier: MIT
"""curl against nginx, both under the shim: HTTP/1.1 and 2, down, up, resumed, 200 at once."""

import hashlib
import os
import shutil
import socket
import subprocess

from openssl import certificate
from pair import environment, run

SIZES = [0, 1, 4095, 16383, 16384, 16385, 1 << 20]
FAST_SIZES = [0, 16385, 1 << 20]
LARGE = 32 << 20
API = "/api/v1/chat/completions"
REFUSAL = '{"error":{"message":"No auth credentials found","code":401}}'
CONFIG = """
daemon off; pid %(dir)s/pid; error_log %(dir)s/error crit; %(user)s
events { worker_connections 1024; }
http {
  access_log off; client_body_temp_path %(dir)s/b; proxy_temp_path %(dir)s/p;
  fastcgi_temp_path %(dir)s/f; uwsgi_temp_path %(dir)s/u; scgi_temp_path %(dir)s/s;
  client_max_body_size 0; default_type text/plain;
  keepalive_requests 1000000000; keepalive_timeout 1h; lingering_timeout 1h; lingering_time 1h;
  client_header_timeout 1h; client_body_timeout 1h; send_timeout 1h;
  gzip on; gzip_min_length 1; gzip_types text/plain;
  server {
    listen 127.0.0.1:%(port)d ssl http2; ssl_certificate %(pem)s; ssl_certificate_key %(pem)s;
    location / { root %(dir)s/files; dav_methods PUT DELETE; }
    location %(api)s/ { alias %(dir)s/files/; }
    location %(api)s/refused { return 401 '%(refusal)s'; }
    location %(api)s/heard { proxy_pass http://unix:%(dir)s/refuses; }
    location /moved { return 307 /1048576; }
  }
  server { listen unix:%(dir)s/refuses; location / { return 401 '%(refusal)s'; } }
}
"""


class Nginx:
    """On a socket of ours, so that the port is free for certain and already listens."""

    def __init__(self, pair, log, files):
        self.folder = os.path.join(pair.folder, "nginx-shim" if log else "nginx-bare")
        os.makedirs(self.folder)
        shutil.copytree(files, os.path.join(self.folder, "files"))
        pem = certificate(pair.folder, "nginx", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1")
        config = os.path.join(self.folder, "conf")
        user = "user root;" if os.geteuid() == 0 else ""
        with socket.socket() as listener:
            listener.bind(("127.0.0.1", 0))
            listener.listen(512)
            self.port = listener.getsockname()[1]
            with open(config, "w", encoding="utf-8") as out:
                out.write(CONFIG % {"dir": self.folder, "port": self.port, "pem": pem, "api": API,
                                    "refusal": REFUSAL, "user": user})
            self.process = subprocess.Popen(
                [shutil.which("nginx") or "/usr/sbin/nginx", "-p", self.folder, "-c", config],
                env=environment(log, NGINX=f"{listener.fileno()};"), pass_fds=[listener.fileno()])

    def stop(self):
        self.process.terminate()
        self.process.wait()


def digest(path):
    if not os.path.exists(path):
        return "no file"
    with open(path, "rb") as file:
        return hashlib.sha256(file.read()).hexdigest()


class Client:
    def __init__(self, pair, nginx, log):
        self.base = f"https://127.0.0.1:{nginx.port}"
        self.log = log
        self.nginx = nginx
        self.out = os.path.join(pair.folder, "out")
        self.verdicts = {}

    def curl(self, name, *arguments, got=()):
        """One call; GOT names files of which the content is part of the verdict."""
        shutil.rmtree(self.out, ignore_errors=True)
        os.makedirs(self.out)
        self.again(name, *arguments, got=got)

    def again(self, name, *arguments, got=()):
        status, out, err = run(["curl", "-sSk", "-H", "Authorization: Bearer sk-test", *arguments],
                               self.log, cwd=self.out, timeout=300)
        text = (out + err).replace(self.base.encode(), b"BASE")
        files = [digest(os.path.join(self.out, f)) for f in got]
        self.verdicts[name] = (status, sorted(text.splitlines()), files)

    def transfers(self, version, sizes, files):
        counts = "%{http_code} %{http_version} %{size_download} %{size_upload} %{num_connects}\n"
        for place in "", API:
            for size in sizes:
                url = f"{self.base}{place}/{size}"
                self.curl(f"{version} down {place}/{size}", version, "-w", counts, "-o", "got", url,
                          got=["got"])
                self.curl(f"{version} twice on one connection {place}/{size}", version, "-w",
                          counts, "-o", "a", "-o", "b", url, url, got=["a", "b"])
                self.curl(f"{version} compressed {place}/{size}", version, "--compressed", "-o",
                          "got", url, got=["got"])
                self.curl(f"{version} range {place}/{size}", version, "-w", counts, "-r", "1-99",
                          "-o", "got", url, got=["got"])
        for size in sizes:
            put = os.path.join(self.nginx.folder, "files", "up")
            self.curl(f"{version} up {size}", version, "-w", counts, "-T",
                      os.path.join(files, str(size)), f"{self.base}/up")
            self.verdicts[f"{version} up {size}: what arrived"] = digest(put)
            # How much was sent when the refusal came depends on time.
            self.curl(f"{version} refused {size}", version, "-w", "%{http_code}\n", "--data-binary",
                      "@" + os.path.join(files, str(size)), f"{self.base}{API}/refused")
        self.curl(f"{version} head", version, "-I", "-w", counts, f"{self.base}/1", "-o", "got")
        self.curl(f"{version} moved", version, "-L", "-w", counts, "-o", "got",
                  f"{self.base}/moved", got=["got"])

    def resumed(self, version, size, place):
        url = f"{self.base}{place}/{size}"
        self.curl(f"{version} begun {place}", version, "-r", f"0-{size // 3}", "-o", "got", url,
                  got=["got"])
        self.again(f"{version} resumed {place}", version, "-C", "-", "-o", "got", url, got=["got"])

    def parallel(self, version, place, size, count):
        self.curl(f"{version} {count} at once {place}/{size}", version, "--parallel",
                  "--parallel-max", str(count), "--no-progress-meter", "-w",
                  "%{http_code} %{size_download}\n", "-o", "got-#1",
                  f"{self.base}{place}/{size}?[1-{count}]",
                  got=[f"got-{i + 1}" for i in range(count)])


def suite(pair, fast):
    sizes = FAST_SIZES if fast else SIZES + [LARGE]
    files = os.path.join(pair.folder, "files")
    os.makedirs(files)
    for size in set(sizes) | {1, 1 << 20, 16384}:
        with open(os.path.join(files, str(size)), "wb") as out:
            out.write((b"0123456789abcdef" * (size // 16 + 1))[:size])
    found = []
    for log in None, pair.log:
        nginx = Nginx(pair, log, files)
        client = Client(pair, nginx, log)
        try:
            for version in "--http1.1", "--http2":
                client.transfers(version, sizes, files)
                for place in "", API:
                    client.resumed(version, 1 << 20, place)
                    client.parallel(version, place, 16384, 20 if fast else 200)
        finally:
            nginx.stop()
        found.append(client.verdicts)
    pair.compare("curl and nginx", *found)
    pair.exchanges("curl and nginx: the log", 20)
