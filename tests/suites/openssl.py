# SPDX-License-Identifier: MIT
"""OpenSSL's s_client against its s_server, both sides under the shim: protocols and ciphers."""

import os
import re
import subprocess

from pair import environment, run

CHANGING = re.compile(rb"(?m)^.*(Session-ID|Master-Key|Resumption PSK|Start Time|Ticket|"
                      rb"    [0-9a-f]{4} - |Early data|read \d+ bytes|Timeout).*\n")


def certificate(folder, name, *kind):
    path = os.path.join(folder, name + ".pem")
    if os.path.exists(path):
        return path
    subprocess.run(["openssl", "req", "-x509", "-newkey", *kind, "-nodes", "-keyout", path,
                    "-out", path + ".crt", "-days", "2", "-subj", "/CN=localhost"],
                   check=True, capture_output=True)
    with open(path, "ab") as both, open(path + ".crt", "rb") as crt:
        both.write(crt.read())
    return path


class Server:
    """s_server turns each line round until one says CLOSE; on a port that it chooses."""

    def __init__(self, pair, log, arguments=()):
        rsa = certificate(pair.folder, "rsa", "rsa:2048")
        ec = certificate(pair.folder, "ec", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1")
        self.process = subprocess.Popen(
            ["openssl", "s_server", "-accept", "127.0.0.1:0", "-rev", "-cert", rsa, "-key", rsa,
             "-dcert", ec, "-dkey", ec, "-cipher", "ALL:@SECLEVEL=0", "-min_protocol", "TLSv1",
             *arguments], env=environment(log), stdout=subprocess.PIPE, stdin=subprocess.PIPE,
            stderr=subprocess.DEVNULL)
        for line in self.process.stdout:
            if line.startswith(b"ACCEPT"):
                self.port = int(line.split(b":")[-1])
                return
        raise SystemExit("s_server does not start")

    def stop(self):
        self.process.kill()
        self.process.wait()


def combinations(fast):
    """(protocol option, cipher option, cipher) for each pair that these certificates allow."""
    listed = subprocess.run(["openssl", "ciphers", "-v", "ALL:@SECLEVEL=0"], check=True,
                            capture_output=True, text=True).stdout
    for line in listed.splitlines():
        name, version, rest = line.split(maxsplit=2)
        if version == "TLSv1.3":
            yield "-tls1_3", "-ciphersuites", name
        elif re.search(r"Kx=(RSA|ECDH|DH) ", rest) and re.search(r"Au=(RSA|ECDSA) ", rest):
            for option in ["-tls1_2"] if version == "TLSv1.2" else ["-tls1", "-tls1_1", "-tls1_2"]:
                yield option, "-cipher", name
    if not fast:
        for extra in ["-reconnect"], ["-no_ticket"], ["-bugs"], ["-split_send_frag",
                      "512"], ["-max_send_frag", "512"], ["-read_buf", "4096"]:
            yield "-tls1_2", *extra
            yield "-tls1_3", *extra


def matrix(port, log, fast):
    verdicts = {}
    all_of_them = list(combinations(fast))
    for protocol, *more in all_of_them[::12] if fast else all_of_them:
        cipher = [more[0], more[1] + ":@SECLEVEL=0"] if more[0] == "-cipher" else more
        if more[0] != "-cipher" and protocol != "-tls1_3":
            cipher += ["-cipher", "DEFAULT:@SECLEVEL=0"]
        status, out, err = run(
            ["openssl", "s_client", "-connect", f"127.0.0.1:{port}", protocol, *cipher,
             "-ign_eof", "-servername", "localhost"], log, timeout=60,
            stdin=b"POST /api/v1/chat/completions HTTP/1.1\nHost: localhost\n\nCLOSE\n")
        text = CHANGING.sub(b"", out + err)
        verdicts[" ".join((protocol, *more))] = (status, text.decode("latin-1"))
    return verdicts


def throughput(port, log, seconds):
    """s_time counts connections, which no two runs have alike: only that it works is a verdict."""
    verdicts = {}
    for kind in "-new", "-reuse":
        status, out, _ = run(["openssl", "s_time", "-connect", f"127.0.0.1:{port}", kind, "-time",
                              str(seconds)], log, timeout=60)
        made = re.search(rb"(\d+) connections in", out)
        verdicts[kind] = (status, bool(made and int(made[1]) > 0))
    return verdicts


def without_addresses(verdicts, port):
    return {n: (s, t.replace(str(port), "PORT") if isinstance(t, str) else t)
            for n, (s, t) in verdicts.items()}


def suite(pair, fast):
    found = []
    for log in None, pair.log:
        server = Server(pair, log)
        try:
            verdicts = without_addresses(matrix(server.port, log, fast), server.port)
        finally:
            server.stop()
        server = Server(pair, log)
        try:
            verdicts.update(throughput(server.port, log, 1) if not fast else {})
        finally:
            server.stop()
        found.append(verdicts)
    for name, (status, text) in found[0].items():
        if isinstance(text, str) and (status != 0 or "snoitelpmoc/tahc" not in text):
            print(f"# bare, {name}: status {status}, no answer")
    pair.compare("openssl s_client and s_server", *found)
