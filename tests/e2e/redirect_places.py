#!/usr/bin/python3
# SPDX-License-Identifier: MIT
# tags: fast
"""The relay of `orshim run` in various environments: without root, under a container engine's
profile, over IPv6, behind a proxy, with many threads, next to an unrelated process.

The unrelated process is not part of the run: it finds the relay's ports and its
socket, and gains nothing.
"""

import hashlib
import os
import re
import shutil
import socket
import subprocess
import sys
import threading

import redirect_clients
from redirect import place, splice
import redirect_trouble
from harness import ORSHIM, check, finish, skip

URL = place.BASE + "/chat/completions"
HIDDEN = '''
import ctypes, sys, urllib.error, urllib.request
ctypes.CDLL(None).prctl(4, 0, 0, 0, 0)  # PR_SET_DUMPABLE
try:
    urllib.request.urlopen(sys.argv[1])
except urllib.error.HTTPError as answer:
    print(answer.code)
'''
NOBODY = ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups"]


def diagnosed(here, name, argv, env, mode="strict", around=()):
    """ARGV bare, and relayed with AROUND in front of orshim."""
    bare = here.bare([*around, *argv], env)
    relayed = here.relayed(argv, env, mode, around=around)
    redirect_clients.same(name, bare, relayed)
    exchanges = place.of(here.logged(), "exchange")
    check(exchanges and {r["verdict"]["cause"] for r in exchanges} == {"auth_token_quoted"},
          name + ": diagnosed", (here.logged(), here.said))
    return exchanges


def quoted(here, trust, more=None):
    return here.environment('"%s"' % here.good, trust, more)


def curl(*words):
    return redirect_clients.curl("-H", 'Authorization: Bearer "%s"' % curl.key, *words)


def without_root(here, go):
    if os.geteuid() == 0:
        os.chmod(here.scratch, 0o777)
        home = os.path.join(here.scratch, "nobody")
        os.mkdir(home)
        os.chown(home, 65534, 65534)
        env = quoted(here, ["SSL_CERT_FILE"], {"HOME": home, "TMPDIR": home,
                                               "XDG_STATE_HOME": home + "/state"})
        env["SSL_CERT_FILE"] = os.path.join(home, "ca.pem")
        with open(env["SSL_CERT_FILE"], "wb") as out, open(here.server.ca, "rb") as ca:
            out.write(ca.read())
        kept, here.log = here.log, os.path.join(home, "log")
        argv = [go, URL, URL] if go else curl()
        diagnosed(here, "without root", argv, env, "strict" if go else "all", NOBODY)
        hidden = place.unseen("/usr/bin/python3", "-c", HIDDEN, URL)
        bare, relayed = here.bare([*NOBODY, *hidden], env), here.relayed(hidden, env, "all", around=NOBODY)
        check(bare == relayed and bare[0] == 0, "a process that nobody may read goes through as it is", (bare, relayed))
        check(re.search("python3 was not relayed: the kernel does not let orshim read its memory", here.said),
              "and the run says why", here.said)
        here.log = kept


def confined(here, go):
    program = os.path.join(here.scratch, "confine")
    subprocess.run(["cc", "-O1", "-o", program, os.path.join(place.HERE, "confine.c")], check=True)
    env = quoted(here, ["SSL_CERT_FILE"])
    for name, argv in (("curl", curl()), ("Python", place.unseen(
            "/usr/bin/python3", redirect_clients.CHAT + ".py", "urllib", place.BASE)), ("Go", [go, URL])):
        if argv[0]:
            diagnosed(here, name + " under a container engine's profile", argv, env, "all",
                      [program])
            diagnosed(here, name + " where ptrace and process_vm_readv are refused, too", argv, env, "all",
                      [program, "--no-ptrace"])


def six(here):
    server = redirect_trouble.Server(place.SERVER6, 443)
    # The stand-in's own address is IPv4: a small relay of bytes in front of it.
    server.close()
    listener = socket.create_server((place.SERVER6, 443), family=socket.AF_INET6)

    def serve():
        while True:
            try:
                near, _ = listener.accept()
            except OSError:
                return
            far = socket.create_connection((place.SERVER, 443))
            splice.start(near, far)
            splice.start(far, near)

    threading.Thread(target=serve, daemon=True).start()
    resolve = "openrouter.ai:443:[%s]" % place.SERVER6
    diagnosed(here, "curl over IPv6", curl("--resolve", resolve), quoted(here, ["SSL_CERT_FILE"]),
              "all")
    listener.shutdown(socket.SHUT_RDWR)
    listener.close()


class Proxy:
    """CONNECT alone; remembers whom it was asked for."""

    def __init__(self, address):
        self.asked, self.logins = [], []
        self.listener = socket.create_server((address, 0))
        self.port = self.listener.getsockname()[1]
        threading.Thread(target=self.serve, daemon=True).start()

    def serve(self):
        while True:
            try:
                near, _ = self.listener.accept()
            except OSError:
                return
            threading.Thread(target=self.one, args=(near,), daemon=True).start()

    def one(self, near):
        head = b""
        while b"\r\n\r\n" not in head:
            head += near.recv(4096)
        name = head.split()[1].decode()
        self.asked.append(name)
        self.logins += re.findall(rb"(?i)\r\nProxy-Authorization: *([^\r]*)", head)
        host, port = name.rsplit(":", 1)
        far = socket.create_connection((host, int(port)))
        near.sendall(b"HTTP/1.1 200 Connection established\r\n\r\n")
        splice.both(near, far)

    def close(self):
        self.listener.shutdown(socket.SHUT_RDWR)
        self.listener.close()


def laid_over(here):
    """Runtimes that read no variable: their list of roots is another file in a namespace.

    Bare, the stand-in's authority is laid over the list in the same way.
    """
    lay = ["unshare", "-m", "sh", "-c", 'mount --bind "$0" "$1" && shift && exec "$@"']
    if os.geteuid() != 0:
        return
    java, javac, keytool = (shutil.which(n) for n in ("java", "javac", "keytool"))
    if not (java and javac and keytool):
        skip("Java: it is not here")
        return
    subprocess.run([javac, "-d", here.scratch, os.path.join(place.HERE, "Ask.java")], check=True)
    home = os.path.dirname(os.path.dirname(os.path.realpath(java)))
    store = os.path.join(here.scratch, "store.jks")
    subprocess.run([keytool, "-importcert", "-noprompt", "-alias", "stand-in", "-file",
                    here.server.ca, "-keystore", store, "-storetype", "JKS", "-storepass",
                    "changeit"], check=True, stderr=subprocess.PIPE)
    diagnosed(here, "Java's HttpClient", [java, "-cp", here.scratch, "Ask", URL], quoted(here, []),
              "strict", [*lay, store, os.path.realpath(home + "/lib/security/cacerts")])
    diagnosed(here, "Java started by a shell", ["/bin/sh", "-c", '"$@"; exit $?', "sh", java, "-cp",
                                                here.scratch, "Ask", URL], quoted(here, []),
              "strict", [*lay, store, os.path.realpath(home + "/lib/security/cacerts")])


def of_another_libc(here, name):
    """A copy of the program NAME with a loader that knows no LD_PRELOAD, at a path below the
    folder in which it runs: the way of a libc for which the library is not built."""
    loader = "/lib64/ld-linux-x86-64.so.2"
    if not os.path.exists(loader):
        return None
    with open(loader, "rb") as original:
        code = original.read()
    if code.count(b"\x819PREL") != 1:  # cmpl $"PREL", (%rcx), as Debian 12 has it
        return None
    with open(os.path.join(here.scratch, "libc.so"), "wb") as changed:
        changed.write(code.replace(b"\x819PREL", b"\x819PREX"))
    with open(shutil.which(name), "rb") as original:
        program = original.read()
    copy = os.path.join(here.scratch, name)
    path = loader.encode() + b"\0"
    with open(copy, "wb") as changed:
        changed.write(program.replace(path, b"./libc.so".ljust(len(path), b"\0"), 1))
    for made in ("libc.so", name):
        os.chmod(os.path.join(here.scratch, made), 0o755)
    return copy


def hash_of(path):
    with open(path, "rb") as content:
        return hashlib.sha256(content.read()).hexdigest()


def bundle_laid_over(here):
    """GnuTLS reads no variable: where it cannot be preloaded its list is another file, as Java's."""
    bundle = os.path.realpath("/etc/ssl/certs/ca-certificates.crt")
    program = None
    if os.geteuid() == 0 and os.path.exists(bundle) and shutil.which("wget"):
        program = of_another_libc(here, "wget")
    if not program:
        skip("a GnuTLS program without the library: no root, bundle, wget or known loader")
        return
    lay = ["unshare", "-m", "sh", "-c", 'mount --bind "$0" "$1" && shift && exec "$@"',
           here.server.ca, bundle]
    before, folder = hash_of(bundle), os.getcwd()
    os.chdir(here.scratch)
    argv = [program, "-q", "-O", "-", "--content-on-error", "--tries=1",
            "--post-data=" + redirect_clients.BODY, "--header=Content-Type: application/json",
            '--header=Authorization: Bearer "%s"' % here.good, URL]
    diagnosed(here, "wget with GnuTLS", argv, quoted(here, []), "strict", lay)
    taps = [t for r in place.of(here.logged(), "process") for t in r["tls"]]
    check([(t["library"], t["tap"]) for t in taps] == [("GnuTLS", "relay")],
          "wget with GnuTLS: its process is told", taps)
    diagnosed(here, "wget with GnuTLS, started by a shell",
              ["/bin/sh", "-c", '"$@"; exit $?', "sh", *argv], quoted(here, []), "strict", lay)
    env = quoted(here, [])
    bare, relayed = here.bare(argv, env), here.relayed(argv, env, "auto")
    check(bare == relayed and bare[0] == 5 and not bare[3],
          "wget with GnuTLS: whom the system does not trust is not trusted by us", (bare, relayed))
    os.chdir(folder)
    check(hash_of(bundle) == before, "the system's bundle is as it was")


def proxies(here):
    for address in ("127.0.0.1", place.OTHER):
        proxy = Proxy(address)
        env = quoted(here, ["SSL_CERT_FILE"], {"https_proxy": "http://%s:%d" % (address, proxy.port)})
        diagnosed(here, "curl through a proxy at " + address, curl(), env, "all")
        check(proxy.asked == ["openrouter.ai:443"] * 2, "the proxy was asked each time", proxy.asked)
        env.pop("SSL_CERT_FILE")
        bare, relayed = here.bare(curl(), env), here.relayed(curl(), env, "all")
        check(bare[:3] == relayed[:3] and bare[0] == 60, "what is not trusted passes through it",
              (bare, relayed))
        proxy.close()


def many(here, go):
    if not go:
        return
    env = here.environment(here.good, ["SSL_CERT_FILE"], {"TIMES": "40"})
    bare, relayed = here.bare([go, URL], env), here.relayed([go, URL], env)
    check(sorted(bare[1].split(b"\n")) == sorted(relayed[1].split(b"\n")) and bare[0] == 0,
          "40 threads at a time: as without us", (bare[:3], relayed[:3]))
    check(len(place.of(here.logged(), "exchange")) == 40, "all are seen", here.said)


def ports_of(pid):
    """Of the TCP sockets that PID listens at."""
    inodes = set()
    for fd in os.listdir("/proc/%d/fd" % pid):
        try:
            found = re.match(r"socket:\[(\d+)\]", os.readlink("/proc/%d/fd/%s" % (pid, fd)))
        except OSError:
            continue
        if found:
            inodes.add(found.group(1))
    for name, family in (("tcp", socket.AF_INET), ("tcp6", socket.AF_INET6)):
        with open("/proc/net/" + name) as table:
            for line in list(table)[1:]:
                words = line.split()
                if words[3] == "0A" and words[9] in inodes:
                    yield family, int(words[1].rsplit(":", 1)[1], 16)


WAITS = "import sys\nsys.stdin.readline()\nexec(open(sys.argv[1]).read())\n"


def stranger(here):
    env = dict(quoted(here, ["SSL_CERT_FILE"]), ORSHIM_TEXT="off")
    here.forget()
    chat = [redirect_clients.CHAT + ".py", "urllib", place.BASE]
    run = subprocess.Popen([ORSHIM, "run", "--relay", "all", "--log", here.log, "--", *place.unseen(
        "/bin/sh", "-c", 'read line; exec "$@"', "sh", "/usr/bin/python3", *chat)], env=env,
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    while not redirect_trouble.relays() or not list(ports_of(redirect_trouble.relays()[0])):
        assert run.poll() is None
    ports = list(ports_of(redirect_trouble.relays()[0]))
    check(len(ports) >= 1, "the relay has a port", ports)
    got = []
    for family, port in ports:
        host = "127.0.0.1" if family == socket.AF_INET else "::1"
        for words in (b"", b"GET http://openrouter.ai/ HTTP/1.1\r\n\r\n",
                      b"CONNECT openrouter.ai:443 HTTP/1.1\r\n\r\n"):
            try:
                with socket.create_connection((host, port), 10) as s:
                    s.sendall(words)
                    got.append(s.recv(100))
            except OSError as problem:
                got.append(type(problem).__name__)
    check(all(g in (b"", "ConnectionResetError", "BrokenPipeError") for g in got),
          "a stranger at its port gets nothing", got)
    # While it is flooded, the run's own connections are served.
    end = threading.Event()

    def flood():
        while not end.is_set():
            try:
                socket.create_connection(("127.0.0.1", dict(ports)[socket.AF_INET]), 1).close()
            except OSError:
                pass
    floods = [threading.Thread(target=flood) for _ in range(4)]
    for one in floods:
        one.start()
    out, err = run.communicate(b"go\n", timeout=60)
    end.set()
    for one in floods:
        one.join()
    check(run.returncode == 3 and b"No auth" in out, "and disturbs nobody", (out, err))
    check([r["verdict"]["cause"] for r in place.of(here.logged(), "exchange")]
          == ["auth_token_quoted"], "only the run's own is in the log", here.logged())
    for top, _, files in os.walk(os.path.join(here.scratch, "state")):
        for name in files:
            with open(os.path.join(top, name), "rb") as one:
                check(b"PRIVATE KEY" not in one.read(), "no key of ours is on the disk: " + name)


def inside(scratch, has_ipv6):
    go = redirect_clients.go_program(scratch)
    with place.Place(scratch) as here:
        curl.key = here.good
        without_root(here, go)
        confined(here, go)
        if has_ipv6:
            six(here)
        laid_over(here)
        bundle_laid_over(here)
        proxies(here)
        many(here, go)
        stranger(here)
    return finish()


if __name__ == "__main__":
    sys.exit(place.main(inside))
