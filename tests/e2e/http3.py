#!/usr/bin/python3
# SPDX-License-Identifier: MIT
# tags: fast -- trixie
# tags: clients
"""HTTP/3: its handshake uses a tapped TLS library, its data does not.

http3.py [SUITE…]: curl of Debian trixie (OpenSSL's own QUIC) and sid (ngtcp2), each in a root of
scripts/root.sh, against nginx of that root, in a network namespace with nothing but `lo` and a
separate mount namespace, so that the root is not modified. Bare and under the shim the outcome is
the same; a request over HTTP/3 is reported as not observed, never left out silently.
"""

import json
import os
import re
import shutil
import subprocess
import sys
import tempfile

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, "handshake"))
from harness import BUILD, ROOT, SHIM, check, finish, skip_all
from harness.namespace import bring_up
from server import authority, certificate  # noqa: E402

KEY = "sk-or-v1-" + "6b86b273" * 8
PACKAGES = ["curl", "nginx-light", "ca-certificates"]
NGINX = """daemon off;
pid /mnt/nginx.pid;
error_log /mnt/error.log info;
worker_processes 1;
events {}
http {
	access_log off;
	server {
		listen 127.0.0.1:443 quic reuseport;
		listen 127.0.0.1:443 ssl;
		http2 on;
		http3 on;
		ssl_certificate /mnt/good.crt;
		ssl_certificate_key /mnt/good.key;
		location / {
			default_type application/json;
			return 401 '{"error":{"message":"User not found.","code":401}}';
		}
	}
	server {
		listen 127.0.0.1:8443 ssl;
		http2 on;
		ssl_certificate /mnt/good.crt;
		ssl_certificate_key /mnt/good.key;
		location / {
			return 401;
		}
	}
	server {
		listen 127.0.0.1:9443 quic reuseport;
		http3 on;
		ssl_certificate /mnt/untrusted.crt;
		ssl_certificate_key /mnt/untrusted.key;
		location / {
			return 401;
		}
	}
}
"""

# name, curl's option, port, kinds of records, what `report` says
CASES = [
    ("HTTP/3 alone", "--http3-only", 443, ["process", "connection"],
     "HTTP/3 was spoken to openrouter.ai, which is not seen"),
    ("HTTP/3 by choice", "--http3", 443, ["process", "connection"], "run the tool again with HTTP/2"),
    ("no HTTP/3 there, HTTP/2 instead", "--http3", 8443, ["process", "exchange"], "401"),
    ("the way out: HTTP/2", "--http2", 443, ["process", "exchange"], "401"),
    ("the way out: HTTP/1.1", "--http1.1", 443, ["process", "exchange"], "401"),
    ("HTTP/3 with a certificate that is not trusted", "--http3-only", 9443,
     ["process", "connection"], "[tls_handshake_failed]"),
]
# With ngtcp2 curl judges after the handshake, where what it writes is not seen.
JUDGES_AFTERWARDS = {"sid"}


def inside(suite, root, work):
    """Run by unshare(1): everything that needs the namespaces."""
    bring_up()
    for command in (["mount", "--bind", work, root + "/mnt"],
                    ["mount", "-t", "proc", "proc", root + "/proc"],
                    ["mount", "--rbind", "/dev", root + "/dev"]):
        subprocess.run(command, check=True)
    server = subprocess.Popen(["chroot", root, "nginx", "-c", "/mnt/nginx.conf"],
                              stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        wait_for_server(root)
        for number, (name, option, port, kinds, words) in enumerate(CASES):
            if port == 9443 and suite in JUDGES_AFTERWARDS:
                words = "which is not seen"
            ask(root, work, number, (name, option, port, kinds, words))
        doctor(root)
    finally:
        server.terminate()
        server.wait()


def wait_for_server(root):
    curl = ["curl", "-s", "--cacert", "/mnt/trusted.pem", "--retry", "40", "--retry-connrefused",
            "--retry-delay", "0", "--resolve", "openrouter.ai:443:127.0.0.1",
            "https://openrouter.ai/"]
    subprocess.run(["chroot", root, *curl], stdout=subprocess.DEVNULL, check=True)


def chroot(root, argv, **more):
    env = {"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "HOME": "/mnt", "XDG_STATE_HOME": "/mnt/state"}
    # A library of the root is preloaded by a program of the root.
    inner = ["env", *("%s=%s" % pair for pair in more.items())] if more else []
    done = subprocess.run(["chroot", root, *inner, *argv], env=env, stdin=subprocess.DEVNULL, text=True,
                          stdout=subprocess.PIPE, stderr=subprocess.PIPE, timeout=60)
    return done.returncode, re.sub(r"after \d+ ms", "", done.stdout + done.stderr)


def ask(root, work, number, case):
    name, option, port, kinds, words = case
    curl = ["curl", "-sS", "--max-time", "20", option, "-w", "%{http_version} %{http_code}\\n",
            "--cacert", "/mnt/trusted.pem", "--resolve", "openrouter.ai:%d:127.0.0.1" % port,
            "-H", "Authorization: Bearer " + KEY, "https://openrouter.ai:%d/api/v1/key" % port]
    log = "log%d" % number
    bare = chroot(root, curl)
    shimmed = chroot(root, curl, LD_PRELOAD="/mnt/liborshim.so", ORSHIM_LOG="/mnt/" + log)
    check(bare == shimmed, name + ": the same with and without", (bare, shimmed))
    with open(os.path.join(work, log), encoding="utf-8") as lines:
        records = [json.loads(line) for line in lines]
    check([r["record"] for r in records] == kinds, name + ": the records", records)
    found = [f["rule"] for r in records for f in r.get("findings", [])]
    check("no_request_sent" not in found, name + ": no silence", found)
    refused = "[tls_handshake_failed]" in words
    if kinds[-1] == "connection":
        check(records[-1]["blind"] == (None if refused else "http3") and
              records[-1]["host"] == "openrouter.ai" and
              found == (["tls_handshake_failed"] if refused else []), name + ": the connection",
              records)
    status, text = chroot(root, ["/mnt/orshim", "report", "/mnt/" + log])
    check(words in " ".join(text.split()), name + ": the report", (status, text))
    if kinds[-1] == "connection" and not refused:
        check("curl --http2 or --http1.1" in " ".join(text.split()), name + ": the way out", text)
    check(KEY[12:] not in json.dumps(records) + text, name + ": no key", "")


def doctor(root):
    text = chroot(root, ["/mnt/orshim", "doctor", "curl"])[1]
    check("HTTP/3 (libnghttp3)" in text and "--http2" in text, "doctor names HTTP/3", text)
    said = json.loads(chroot(root, ["/mnt/orshim", "doctor", "--json", "curl"])[1])
    check(said["http3"] is True, "doctor --json names HTTP/3", said)


def run_suite(suite):
    made = subprocess.run([os.path.join(ROOT, "scripts/root.sh"), suite, *PACKAGES], text=True,
                          stdout=subprocess.PIPE, check=True)
    work = tempfile.mkdtemp(prefix="orshim-http3.")
    try:
        os.chmod(work, 0o755)
        shutil.copy(SHIM, work)
        shutil.copy(os.path.join(BUILD, "orshim"), work)
        with open(os.path.join(work, "nginx.conf"), "w", encoding="ascii") as conf:
            conf.write(NGINX)
        certificate(work, "good", "openrouter.ai", authority(work, "trusted", "Test CA"))
        certificate(work, "untrusted", "openrouter.ai", authority(work, "other", "Other CA"))
        print("# " + suite)
        sys.stdout.flush()
        done = subprocess.run(["unshare", "--mount", "--net", sys.executable, __file__, "--inside",
                               suite, made.stdout.strip(), work])
        check(done.returncode == 0, suite + ": all of the above")
    finally:
        shutil.rmtree(work, ignore_errors=True)


def main():
    if sys.argv[1:2] == ["--inside"]:
        inside(*sys.argv[2:])
    elif os.geteuid() != 0:
        skip_all("a root of another Debian and namespaces need root")
    else:
        for suite in sys.argv[1:] or ["trixie", "sid"]:
            run_suite(suite)
    return finish()


if __name__ == "__main__":
    sys.exit(main())
