#!/usr/bin/python3
# SPDX-License-Identifier: MIT
# tags: fast
"""Connections of GnuTLS that do not live the usual way, bare and under the shim.

Many streams of HTTP/2 in TLS records of various sizes (pycurl and git, which have libcurl's GnuTLS
build), a fork() after the handshake and in the middle of an answer, a second handshake and an
authentication of the client in the middle of a request and of its answer, the library unloaded and
loaded again, and what cannot be tapped: calls by pointers of dlsym(), and `orshim attach` to a
program that had GnuTLS before.
"""

import collections
import os
import subprocess
import sys
import tempfile

import http2
from harness import (HERE, ORSHIM, PYTHON, Mock, bare_and_shimmed, bare_environment, check, differences,
                     finish, records, run)

KEY = http2.KEY
STREAMS = 30
MULTI = """
import io, sys, pycurl
base, ca, key, n = sys.argv[1:]
m, all = pycurl.CurlMulti(), []
m.setopt(pycurl.M_PIPELINING, 2)
m.setopt(pycurl.M_MAX_HOST_CONNECTIONS, 1)
for i in range(int(n)):
    c, answer = pycurl.Curl(), io.BytesIO()
    c.setopt(pycurl.URL, "%s/api/v1/chat/completions?i=%d" % (base, i))
    c.setopt(pycurl.CAINFO, ca)
    c.setopt(pycurl.HTTP_VERSION, pycurl.CURL_HTTP_VERSION_2TLS)
    c.setopt(pycurl.PIPEWAIT, 1)
    c.setopt(pycurl.HTTPHEADER, ['Authorization: Bearer "%s"' % key])
    c.setopt(pycurl.POSTFIELDS, '{"model":"a/b","messages":[]}')
    c.setopt(pycurl.WRITEDATA, answer)
    m.add_handle(c)
    all.append((c, answer))
left = 1
while left:
    while m.perform()[0] == pycurl.E_CALL_MULTI_PERFORM: pass
    left = m.perform()[1]
    m.select(1.0)
for c, answer in all:
    print(c.getinfo(pycurl.RESPONSE_CODE), c.getinfo(pycurl.INFO_HTTP_VERSION), answer.getvalue())
"""
FORKS = """
import io, os, sys, pycurl
url, ca, key = sys.argv[1:]
c, answer = pycurl.Curl(), io.BytesIO()
c.setopt(pycurl.URL, url)
c.setopt(pycurl.CAINFO, ca)
c.setopt(pycurl.HTTPHEADER, ["Authorization: Bearer " + key])
fork_in_answer = False
def ask(who):
    c.perform()
    print(who, c.getinfo(pycurl.RESPONSE_CODE), c.getinfo(pycurl.NUM_CONNECTS), flush=True)
def child(work):
    p = os.fork()
    if p == 0:
        work()
        os._exit(0)
    os.waitpid(p, 0)
def take(piece):
    global fork_in_answer
    if fork_in_answer:
        fork_in_answer = False
        child(lambda: None)
    answer.write(piece)
c.setopt(pycurl.WRITEFUNCTION, take)
ask("before")
fork_in_answer = True
ask("a child in the answer")
child(lambda: ask("child"))
c.setopt(pycurl.FRESH_CONNECT, 1)
ask("parent")
"""
# CPython's ctypes loads libcurl, which is linked with GnuTLS, and unloads both.
RELOADS = """
import _ctypes, ctypes, sys
url, ca, header = (w.encode() for w in sys.argv[1:])
WRITE = ctypes.CFUNCTYPE(ctypes.c_size_t, ctypes.c_void_p, ctypes.c_size_t, ctypes.c_size_t,
                         ctypes.c_void_p)
for again in range(3):
    curl = ctypes.CDLL("libcurl-gnutls.so.4")
    for name in ("curl_easy_init", "curl_slist_append"):
        getattr(curl, name).restype = ctypes.c_void_p
    curl.curl_global_init(3)
    c = ctypes.c_void_p(curl.curl_easy_init())
    fields = ctypes.c_void_p(curl.curl_slist_append(None, header))
    said = []
    write = WRITE(lambda p, size, n, _: said.append(ctypes.string_at(p, n)) or n)
    for option, value in ((10002, url), (10065, ca), (10023, fields), (20011, write)):
        curl.curl_easy_setopt(c, ctypes.c_int(option), value)
    print(curl.curl_easy_perform(c), len(b"".join(said)))
    curl.curl_easy_cleanup(c)
    curl.curl_slist_free_all(fields)
    curl.curl_global_cleanup()
    _ctypes.dlclose(curl._handle)
    with open("/proc/self/maps") as maps:
        print("loaded" if "libgnutls" in maps.read() else "unloaded")
"""
POINTERS = """
import ctypes, socket, sys
port, key = sys.argv[1:]
g = ctypes.CDLL("libgnutls.so.30")
p = ctypes.c_void_p
s, trust = p(), p()
plain = socket.create_connection(("localhost", int(port)))
g.gnutls_certificate_allocate_credentials(ctypes.byref(trust))
g.gnutls_init(ctypes.byref(s), 2)
g.gnutls_set_default_priority(s)
g.gnutls_credentials_set(s, 1, trust)
g.gnutls_server_name_set(s, 1, b"localhost", ctypes.c_size_t(9))
g.gnutls_transport_set_int2(s, plain.fileno(), plain.fileno())
print(g.gnutls_handshake(s))
said = ("GET /api/v1/key HTTP/1.1\\r\\nHost: localhost\\r\\nConnection: close\\r\\n"
        "Authorization: Bearer %s\\r\\n\\r\\n" % key).encode()
print(g.gnutls_record_send(s, said, ctypes.c_size_t(len(said))) == len(said))
room = ctypes.create_string_buffer(65536)
n = -28  # GNUTLS_E_AGAIN: a ticket came first
while n == -28:
    n = g.gnutls_record_recv(s, room, ctypes.c_size_t(65536))
print(n > 0, room.value[:12])
g.gnutls_deinit(s)
"""


def http_2(work):
    for size in ("16k", "64", "9"):
        usual = http2.CONFIG
        http2.CONFIG = usual.replace("location /", "ssl_buffer_size %s; location /" % size)
        folder = os.path.join(work, "nginx-" + size)
        os.mkdir(folder)
        server = http2.Nginx(folder)
        http2.CONFIG = usual
        base, hosts = "https://localhost:%d" % server.port, "localhost:%d=openrouter" % server.port
        log = os.path.join(folder, "log")
        try:
            wrong = list(http2.problems([PYTHON, "-c", MULTI, base, server.ca, KEY, str(STREAMS)],
                                        STREAMS, 1, log, hosts))
            check(not wrong, "pycurl, HTTP/2, %d streams, records of %s" % (STREAMS, size), wrong)
            git(server, base, hosts, log, size)
        finally:
            server.stop()


def git(server, base, hosts, log, size):
    env = bare_environment("GIT_SSL_CAINFO", HOME=os.path.dirname(log), GIT_TERMINAL_PROMPT="0",
                           GIT_SSL_CAINFO=server.ca, LANG="C.UTF-8")
    bare, shimmed = bare_and_shimmed(
        ["git", "-c", "http.version=HTTP/2", "-c", "credential.helper=", "-c",
         'http.extraHeader=Authorization: Bearer "%s"' % KEY, "ls-remote", base + "/api/v1/key"],
        env, log, hosts, {"ORSHIM_FOLLOW": "1"})
    told = list(differences(bare, shimmed))
    seen = {(r["http"], r["status"], r["verdict"]["cause"]) for r in records(log, "exchange", [KEY])}
    check(not told and bare.status and seen == {("2", 401, "auth_token_quoted")},
          "git, HTTP/2, records of " + size, (told, bare, seen))


def whole(name, server, argv, work, expected):
    """Bare and shimmed the same, on both sides; the exchanges in the log are EXPECTED many."""
    log = os.path.join(work, "log")
    server.take()
    bare, shimmed = bare_and_shimmed(argv, bare_environment(HOME=work), log, "localhost=openrouter")
    told = list(differences(bare, shimmed))
    check(not told and bare.status == 0, name + ": the same output and status", told or bare)
    got = server.take()
    check(len(got) == 2 * expected and got[:expected] == got[expected:],
          name + ": the server got the same", got)
    return records(log), bare


def forks(server, work, url):
    seen, bare = whole("fork", server, [PYTHON, "-c", FORKS, url, server.ca, server.keys["good"]],
                       work, 4)
    exchanges = [r for r in seen if r["record"] == "exchange"]
    check([r["status"] for r in exchanges] == [200] * 4 and b"child 200 0" in bare.out,
          "fork: each exchange once, the child's on the connection that it was given", (bare, seen))
    check(sorted(collections.Counter(r["pid"] for r in exchanges).values()) == [1, 3],
          "fork: each by its process", exchanges)


def mid_message(work):
    """gnutls_rehandshake() and gnutls_reauth(), in a program of this folder: libcurl and wget have neither."""
    pem, key, program = (os.path.join(work, n) for n in ("mid.pem", "mid.key", "mid_message"))
    source = os.path.join(HERE, "gnutls", "mid_message.c")
    subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1",
                    "-nodes", "-days", "2", "-subj", "/CN=localhost", "-keyout", key, "-out", pem],
                   check=True, stderr=subprocess.PIPE)
    subprocess.run(["cc", "-D_GNU_SOURCE", "-O1", "-pthread", "-o", program, source, "-lgnutls"], check=True)
    log = os.path.join(work, "log")
    for version, asked in (("1.2", b"GNUTLS_E_REHANDSHAKE"), ("1.3", b"GNUTLS_E_REAUTH_REQUEST")):
        name = "TLS %s, mid-message" % version
        bare, shimmed = bare_and_shimmed([program, version, pem, key, '"%s"' % KEY],
                                         bare_environment(HOME=work), log, "localhost=openrouter")
        told = list(differences(bare, shimmed))
        check(not told and bare.status == 0 and bare.out.count(asked) == 2 and b"all of it" in bare.out,
              name + ": as without us", (told, bare))
        seen = records(log, "exchange", [KEY])
        check([(r["status"], r["verdict"]["cause"]) for r in seen] == [(401, "auth_token_quoted")],
              name + ": the exchange, once", seen)


def reloads(server, work, url):
    header = 'Authorization: Bearer "%s"' % server.keys["good"]
    seen, bare = whole("unloaded and loaded again", server,
                       [PYTHON, "-c", RELOADS, url, server.ca, header], work, 3)
    check(b"\nunloaded" in bare.out and b"\nloaded" not in bare.out,
          "unloaded and loaded again: it was", bare)
    causes = [r["verdict"]["cause"] for r in seen if r["record"] == "exchange"]
    check(causes == ["auth_token_quoted"] * 3, "unloaded and loaded again: each is diagnosed", seen)


def pointers(server, work):
    """Python's ctypes asks dlsym() for each function: no import leads to ours."""
    argv = [PYTHON, "-c", POINTERS, str(server.port), server.keys["good"][:-9]]
    seen, _ = whole("pointers of dlsym()", server, argv, work, 1)
    tls = [t for r in seen if r["record"] == "process" for t in r["tls"]]
    check(len(tls) == 1 and tls[0]["library"] == "GnuTLS" and tls[0]["tap"] == "none" and
          "dlsym" in tls[0]["reason"], "pointers of dlsym(): it is told that they are not seen", seen)
    env = bare_environment(HOME=work, ORSHIM_HOSTS="localhost=openrouter",
                           XDG_STATE_HOME=os.path.join(work, "state"))
    done = run([ORSHIM, "run", "--", *argv], env)
    said = done.err.decode()
    check(done.status == 0 and "GnuTLS" in said and "dlsym" in said and "orshim relay" in said,
          "pointers of dlsym(): orshim run says it, and what to do", said)


def pointers_to_ours(server, work):
    """The same of RTLD_DEFAULT leads to the shim's: they are seen, and the record says so, however late."""
    for title, connects in (("before the first call", "before"), ("after it", "after")):
        code = POINTERS.replace('ctypes.CDLL("libgnutls.so.30")',
                                'ctypes.CDLL("libgnutls.so.30", ctypes.RTLD_GLOBAL) and ctypes.CDLL(None)')
        connect = next(line for line in code.splitlines(True) if line.startswith("plain = "))
        if connects == "after":
            code = code.replace(connect, "").replace("g.gnutls_transport_set_int2", connect + "g.gnutls_transport_set_int2")
        argv = [PYTHON, "-c", code, str(server.port), server.keys["good"][:-9]]
        seen, _ = whole("RTLD_DEFAULT, connected %s" % title, server, argv, work, 1)
        tls = [[(t["library"], t["tap"]) for t in r["tls"]] for r in seen if r["record"] == "process"]
        check(tls == [[("GnuTLS", "interposed")]], "RTLD_DEFAULT, connected %s: the record" % title, seen)
        causes = [r["verdict"]["cause"] for r in seen if r["record"] == "exchange"]
        check(causes == ["auth_token_length"], "RTLD_DEFAULT, connected %s: diagnosed" % title, seen)


def late(work):
    """A program that had GnuTLS before us: it is told, and nothing is promised."""
    env = bare_environment(HOME=work, XDG_STATE_HOME=os.path.join(work, "state"))
    with subprocess.Popen([PYTHON, "-c", "import pycurl, sys\nprint(1, flush=True)\nsys.stdin.read()"],
                          env=env, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as host:
        host.stdout.readline()
        said = run([ORSHIM, "doctor", str(host.pid)], env).out.decode()
        check("if the shim is there from the start" in said, "attach: doctor says its limit", said)
        done = run([ORSHIM, "attach", str(host.pid)], env)
        # Where curl's library has an OpenSSL beside it, that one is tapped.
        check(done.status == (0 if b"OpenSSL" in done.out else 1) and b"not tapped (only its exported functions" in done.out and
              b"orshim run" in done.out, "attach: says that GnuTLS is not tapped, and what to do", done)
        done = run([ORSHIM, "attach", "--detach", str(host.pid)], env)
        check(done.status == 0, "attach: undone", done)
        host.stdin.close()
        check(host.wait(60) == 0, "attach: the program goes on")


def main():
    with tempfile.TemporaryDirectory(prefix="orshim-gnutls.") as work:
        http_2(work)
        with Mock(record=os.path.join(work, "received")) as server:
            url = "https://localhost:%d/api/v1/key" % server.port
            forks(server, work, url)
            reloads(server, work, url)
            pointers(server, work)
            pointers_to_ours(server, work)
        mid_message(work)
        late(work)
    return finish()


if __name__ == "__main__":
    sys.exit(main())
