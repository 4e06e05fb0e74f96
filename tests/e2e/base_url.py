#!/usr/bin/python3
# SPDX-License-Identifier: MIT
# tags: fast
"""orshim relay: what reaches the server byte by byte, which program is named, what is said again after
a change, and whose port it is while a hostile program wants it.
"""

import os
import re
import shutil
import socket
import subprocess
import sys
import tempfile

import redirect_places
from harness import (HERE, Mock, ORSHIM, PYTHON, bare_environment, check, finish, judge, records, run,
                     skip)

CHAT = '{"model":"openai/gpt-4o-mini","messages":[{"role":"user","content":"hi"}]}'
ROUNDS = 6  # with a hostile program; in half of them it comes after the relay
TWO_REQUESTS = """
import http.client, ssl, sys, urllib.parse
u = urllib.parse.urlsplit(sys.argv[1])
kind = http.client.HTTPSConnection if u.scheme == "https" else http.client.HTTPConnection
more = {"context": ssl.create_default_context(cafile=sys.argv[3])} if u.scheme == "https" else {}
c = kind(u.hostname, u.port, **more)
for body in (sys.argv[4].encode(), iter([b'{"model":"a/b",', b'"messages":[]}'])):
    c.request("POST", u.path + "/chat/completions", body, {"authorization": "Bearer " + sys.argv[2],
              "X-Odd": "a  b"}, encode_chunked=True)
    print(len(c.getresponse().read()))
"""
FETCH = """
const [base, key, chat] = process.argv.slice(1);
(async () => {
  for (let i = 0; i < 2; i++) {
    const answer = await fetch(base + '/chat/completions', { method: 'POST', body: chat,
      headers: { Authorization: 'Bearer ' + key, 'Content-Type': 'application/json' } });
    console.log(answer.status, await answer.text());
  }
})();
"""
HOSTILE = """
import socket, sys, time
port = int(sys.argv[1])
print("ready", flush=True)
sys.stdin.readline()
tried = False
while True:
    time.sleep(0.0002)  # it takes all it can get, and lets the relay run
    for address in ("127.0.0.1", "0.0.0.0"):
        s = socket.socket()
        s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        try:
            s.bind((address, port))
            s.listen()
        except OSError:
            s.close()
            continue
        print("bound", flush=True)
        while True:
            one, _ = s.accept()
            print(one.recv(65536), flush=True)
            one.sendall(b"HTTP/1.1 204 No Content\\r\\n\\r\\n")
            one.close()
    if not tried:
        print("tried", flush=True)
    tried = True
"""


class Relay:
    """orshim relay until its input is closed. `base` is None if it did not start."""

    def __init__(self, scratch, mock, *options, begin=None, **variables):
        self.log = os.path.join(scratch, "log")
        if os.path.exists(self.log):
            os.unlink(self.log)
        errors = os.path.join(scratch, "errors")
        with open(errors, "w", encoding="utf-8"):
            pass
        self.errors = open(errors, encoding="utf-8")
        env = bare_environment("OPENROUTER_API_KEY", "SSL_CERT_FILE", "HTTPS_PROXY", "https_proxy",
                               "ALL_PROXY", "all_proxy", TMPDIR=scratch, NO_COLOR="1",
                               ORSHIM_HOSTS="localhost=openrouter", **variables)
        behind = ["--ca", mock.ca, "--upstream", "https://localhost:%d" % mock.port] if mock else []
        with open(errors, "a", encoding="utf-8") as stderr:
            self.process = subprocess.Popen(
                [ORSHIM, "relay", "--until-eof", "--log", self.log, *behind, *options],
                env=env, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=stderr, text=True)
        if begin:
            begin()
        self.base = self.process.stdout.readline().strip() or None

    def said(self):
        """On stderr since the last call."""
        return self.errors.read()

    def close(self):
        self.process.stdin.close()
        self.process.stdout.read()
        self.process.stdout.close()
        status = self.process.wait()
        self.errors.close()
        return status

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()


def clients(key, ca):
    """(name, argv with %s in place of the base URL)"""
    curl = ["curl", "-sS", "--cacert", ca, "--http1.1", "-H", "Authorization: Bearer " + key]
    yield "curl", [*curl, "-H", "x-Odd:  two  blanks", "%s/chat/completions", "-d", CHAT]
    yield "curl, chunked", [*curl, "-H", "Transfer-Encoding: chunked", "%s/chat/completions", "-d", CHAT]
    yield "curl, HTTP/1.0", [*curl, "--http1.0", "%s/models"]
    yield "curl, two on a connection", [*curl, "%s/models", "%s/key"]
    yield "curl, a WebSocket that is refused, and one after it", [
        *curl, "-H", "Connection: Upgrade", "-H", "Upgrade: websocket", "-H", "Sec-WebSocket-Version: 13",
        "-H", "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==", "%s/models", "%s/key"]
    yield "CPython, keep-alive and chunks", [PYTHON, "-c", TWO_REQUESTS, "%s", key, ca, CHAT]
    if shutil.which("node"):
        yield "Node, fetch", ["node", "-e", FETCH, "%s", key, CHAT]
    else:
        skip("Node: not installed")


def without_encodings(requests):
    return [re.sub(rb"(?i)accept-encoding: [^\r]*", b"", one) for one in requests]


def same_bytes(scratch, mock):
    """What the server receives is what it receives without the relay."""
    env = bare_environment("HTTPS_PROXY", NODE_EXTRA_CA_CERTS=mock.ca)
    direct = "https://localhost:%d/api/v1" % mock.port
    with Relay(scratch, mock) as relay:
        for name, argv in clients(mock.keys["good"], mock.ca):
            mock.take()
            bare = run([word.replace("%s", direct) for word in argv], env)
            expected = mock.take()
            through = run([word.replace("%s", relay.base) for word in argv], env)
            received = mock.take()
            if name.startswith("Node"):  # it offers br for https alone
                expected, received = without_encodings(expected), without_encodings(received)
            check(expected and received == expected, name + ": the server receives the same bytes",
                  (expected, received))
            check(through.status == bare.status == 0 and bool(through.out), name + ": is served",
                  through)
        names = {r["tool"] for r in records(relay.log, "exchange", [mock.keys["good"][9:]])}
        check({"curl"} <= names and any(n.startswith("python") for n in names),
              "each program is named", names)
        raw(relay, mock)
        java(scratch, relay, mock)


def raw(relay, mock):
    """A head that no HTTP library would pass on."""
    port = int(re.search(r":(\d+)/", relay.base).group(1))
    head = b"GET /api/v1/key HTTP/1.1\r\nhost: %s\r\nAuthorization:  Bearer x\r\n y\r\nbad line\r\n\r\n"
    mock.take()
    with socket.create_connection(("127.0.0.1", port)) as s:
        whole = head % b"127.0.0.1"
        for at in range(0, len(whole), 7):
            s.sendall(whole[at:at + 7])
        s.shutdown(socket.SHUT_WR)
        answer = b"".join(iter(lambda: s.recv(65536), b""))
    check(mock.take() == [head % (b"localhost:%d" % mock.port)],
          "a malformed head in pieces: the same bytes")
    check(answer.startswith(b"HTTP/1.1 401 "), "who sends no more is answered", answer)


def java(scratch, relay, mock):
    source = os.path.join(HERE, "redirect", "Ask.java")
    if not shutil.which("javac"):
        skip("Java: not installed")
        return
    subprocess.run(["javac", "-d", scratch, source], check=True)
    mock.take()
    done = run(["java", "-cp", scratch, "Ask", relay.base + "/chat/completions"],
               bare_environment(OPENROUTER_API_KEY=mock.keys["good"]))
    received = b"".join(mock.take())
    check(b"HTTP_1_1 200" in done.out and b"HTTP2-Settings:" not in received,
          "Java's offer of HTTP/2 without TLS goes no further", (done, received))
    check(records(relay.log, "exchange")[-1]["tool"] == "java", "Java is named, with a socket of IPv6")


def ask(relay, key, **variables):
    """What the relay says of one request by curl."""
    relay.said()
    env = bare_environment(KEY=key, **variables)
    run(["/bin/sh", "-c", 'exec curl -sS -H "Authorization: Bearer $KEY" -d "$1" "$0"',
         relay.base + "/chat/completions", CHAT], env)
    return relay.said()


def says_again(scratch, mock):
    """Who repairs and tries again is told what is wrong now."""
    cut = mock.keys["good"][:60]
    with Relay(scratch, mock, OPENROUTER_API_KEY=cut) as relay:
        first = ask(relay, cut)
        again = ask(relay, cut)
        quoted = ask(relay, '"%s"' % mock.keys["good"])
        fine = ask(relay, mock.keys["good"])
        back = ask(relay, cut)
        check("error[auth_token_length]" in first and "fix:" in first, "a cut key is explained", first)
        check("again, 2 times now: auth_token_length, with the same key" in again and "curl[" in again
              and "fix:" not in again and again.count("\n") <= 3, "the same again is one line", again)
        check("error[auth_token_quoted]" in quoted and "fix:" in quoted,
              "another key is explained in full", quoted)
        check(fine == "", "the right key: nothing", fine)
        check("auth_token_length" in back and "one_key_of_several_fails" not in back,
              "the cut key again, which is not one of several keys", back)
        check("OPENROUTER_API_KEY of this process" not in first + back,
              "the relay's own variables are no evidence", first)
        seen = records(relay.log, "exchange", [mock.keys["good"][9:]])
        rules = {f["rule"] for r in seen for f in r["findings"]}
        check("one_key_of_several_fails" not in rules, "nor in the log", rules)
        report = run([ORSHIM, "report", relay.log], bare_environment()).out.decode()
        check("another key works" not in report, "nor in its report", report)
    right_first(scratch, mock, cut)


def right_first(scratch, mock, cut):
    with Relay(scratch, mock) as relay:
        ask(relay, mock.keys["good"])
        said = ask(relay, cut, OPENROUTER_API_KEY=cut)
        check("error[auth_token_length]" in said and "one_key_of_several_fails" not in said,
              "the right key first, then a cut one", said)
        check("from: environment variable" in said, "the tool's own variable is named", said)
        unknown = "sk-or-v1-" + "ab" * 32
        ask(relay, unknown)
        report = run([ORSHIM, "report", relay.log], bare_environment()).out.decode()
        check(report.count("another key works") == 1,
              "a whole key beside one that works is one of several", report)


def refused(scratch, mock):
    """What cannot be served is a 502 with the reason, on stderr, too."""
    with socket.create_server(("127.0.0.1", 0)) as closed:
        port = closed.getsockname()[1]
    for upstream, why in (("https://localhost:%d" % port, "Connection refused"),
                          # Such a label cannot be asked for: nothing leaves this machine.
                          ("https://%s.invalid" % ("x" * 64), "there is no such host")):
        with Relay(scratch, None, "--upstream", upstream) as relay:
            done = run(["curl", "-sS", "-w", "%{http_code}", "-d", CHAT, relay.base + "/x"],
                       bare_environment())
            said = relay.said()
            check(done.out.endswith(b"502") and why.encode() in done.out, upstream + ": 502", done)
            check("orshim: relay: %s: %s\n" % (upstream, why) == said, upstream + ": said", said)


def by_proxy(scratch, mock):
    """The user's own proxy is asked, unless NO_PROXY names the API."""
    proxy = redirect_places.Proxy("127.0.0.1")
    url = "http://me:secret@127.0.0.1:%d" % proxy.port
    with Relay(scratch, mock, HTTPS_PROXY=url, NO_PROXY="") as relay:
        ask(relay, mock.keys["good"])
        check(records(relay.log, "exchange")[-1]["status"] == 200 and
              proxy.asked == ["localhost:%d" % mock.port] and proxy.logins,
              "by the user's proxy, with its login", (proxy.asked, relay.said()))
    with Relay(scratch, mock, HTTPS_PROXY=url, NO_PROXY="example.com, localhost") as relay:
        ask(relay, mock.keys["good"])
        check(records(relay.log, "exchange")[-1]["status"] == 200 and len(proxy.asked) == 1,
              "not where NO_PROXY names the API", proxy.asked)


def free_port():
    with socket.create_server(("127.0.0.1", 0)) as s:
        return s.getsockname()[1]


class Hostile:
    """A program that wants PORT, takes whatever comes, and agrees with it."""

    def __init__(self, port):
        self.process = subprocess.Popen([PYTHON, "-c", HOSTILE, str(port)], stdin=subprocess.PIPE,
                                        stdout=subprocess.PIPE, text=True)
        self.process.stdout.readline()

    def begin(self):
        self.process.stdin.write("\n")
        self.process.stdin.flush()

    def come_late(self):
        """It has asked for each address once."""
        self.begin()
        return self.process.stdout.readline()

    def end(self):
        """What it got."""
        self.process.kill()
        got = self.process.stdout.read().replace("tried\n", "")
        self.process.stdout.close()
        self.process.stdin.close()
        self.process.wait()
        return got


def hostile(scratch, mock):
    """Who has been told the base URL reaches the relay, whoever else wants the port."""
    problems, served = [], 0
    for number in range(ROUNDS):
        port, late = free_port(), number % 2
        one = Hostile(port)
        with Relay(scratch, mock, "--port", str(port), begin=None if late else one.begin) as relay:
            if late and one.come_late() != "tried\n":
                problems.append("it took the port that the relay had")
            if relay.base:  # else it says that the port is taken
                ask(relay, mock.keys["good"])
                seen = records(relay.log, "exchange")
                served += len(seen)
                problems += [] if len(seen) == 1 else ["not served"]
            else:
                problems += [] if "is taken" in relay.said() and not late else ["it did not start"]
            got = one.end()
            problems += [got] if relay.base and got else []
    judge("a program that wants the port gets no key, %d rounds" % ROUNDS, problems)
    check(served >= ROUNDS // 2, "whoever comes after the relay does not keep it from serving", served)


def main():
    scratch = tempfile.mkdtemp(prefix="orshim-test.")
    try:
        with Mock(record=os.path.join(scratch, "received")) as mock:
            for part in (same_bytes, says_again, refused, by_proxy, hostile):
                part(scratch, mock)
    finally:
        shutil.rmtree(scratch, ignore_errors=True)
    return finish()


if __name__ == "__main__":
    sys.exit(main())
