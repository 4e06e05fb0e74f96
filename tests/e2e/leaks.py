#!/usr/bin/python3
# SPDX-License-Identifier: MIT
# tags: fast
# tags: clients -- --all
"""A canary in every place where a secret can be, through every command and format.

places.py lists the exchanges. Python and curl send them under the shim with every
output switched on; then each command reads the kept logs. No output may contain
12 consecutive characters of a canary: as it is, reversed, in base64 or hex, or
behind percent or JSON escapes. (One exception: the words of a kept run's own
command line, unless they look secret; `orshim rerun` needs them.)

Every exchange is in every report; commands that take one exchange are tried
with some of them, or with all (--all).
"""

import base64
import glob
import html
import json
import os
import re
import signal
import subprocess
import sys
import tempfile
import threading
import unicodedata
import urllib.parse

import harness
from harness import ORSHIM, ROOT, SHIM, check, finish

HERE = os.path.join(harness.HERE, "secrets")
sys.path[:0] = [HERE, os.path.join(ROOT, "tests", "mock")]
import openrouter  # noqa: E402
import places  # noqa: E402
import transport  # noqa: E402
from answers import Answer  # noqa: E402

ALL = "--all" in sys.argv
PIECE = 12
SMALL = 7  # bytes of a chunk, a frame: a secret never comes whole


class Hunt:
    """Knows every piece of every canary in every form, and looks for them."""

    def __init__(self):
        self.pieces = {}
        self.places = set()

    def add(self, place, secret):
        self.places.add(place)
        raw = secret.encode()
        forms = {"plain": secret, "reversed": secret[::-1], "hex": raw.hex(),
                 "upper case": secret.upper(), "lower case": secret.lower()}
        for skew in range(3):
            coded = base64.b64encode(b"x" * skew + raw).decode()
            forms["base64, skew %d" % skew] = coded[2 * (skew > 0) + 2:-4]
        for form, text in forms.items():
            for at in range(len(text) - PIECE + 1):
                self.pieces.setdefault(text[at:at + PIECE], (place, form))

    def look(self, output):
        """{(place, form): what was found} in OUTPUT, a str."""
        found = {}
        readings = {output, urllib.parse.unquote(output, errors="replace"),
                    re.sub(r"\\+u([0-9a-fA-F]{4})", lambda m: chr(int(m[1], 16)), output),
                    html.unescape(output), unicodedata.normalize("NFKC", output),
                    re.sub(r"(\s|\\+[nrt])+", "", output)}
        for text in readings:
            for at in range(len(text) - PIECE + 1):
                hit = self.pieces.get(text[at:at + PIECE])
                # Twelve hex digits are six characters, and captures are full of hex: the next
                # six must be the canary's, too.
                if hit and hit[1] == "hex":
                    hit = self.pieces.get(text[at + PIECE:at + 2 * PIECE]) == hit and hit
                if hit:
                    found.setdefault(hit, text[max(0, at - 60):at + PIECE + 20])
        return found


class Server(openrouter.Server):
    """Gives each request the answer that its ask has, in small pieces."""

    def __init__(self, asks, folder):
        options = openrouter.argparse.Namespace(vendor=None, wording="2025", alternate=False,
                                                compress=False, record=None, http2=True, port=0,
                                                address="127.0.0.1", plain=False)
        super().__init__(options, folder)
        self.asks = asks

    def decide(self, request):
        number = request.value("x-ask")
        if not number:
            return Answer(401, [b'{"error":{"message":"No auth credentials found","code":401}}'])
        answer = self.asks[int(number)].answer
        body = answer["body"].encode()
        pieces = [body[i:i + SMALL] for i in range(0, len(body), SMALL)] or [b""]
        fields = [("connection", "close")] * (request.version == "1.1")
        return Answer(answer["status"], pieces, answer.get("type", "application/json"),
                      answer.get("headers", []) + fields, chunked=int(number) % 2 == 0)

    def connection(self, plain):
        try:
            with self.tls.wrap_socket(plain, server_side=True) as sock:
                if sock.selected_alpn_protocol() == "h2":
                    Http2(sock).serve(self.decide, self.record)
                else:
                    Http1(sock).serve(self.decide, self.record)
        except (OSError, ValueError, transport.Closed):
            pass
        finally:
            plain.close()


class Http1(transport.Http1):
    def send(self, request, answer, closing):
        super().send(request, answer, closing)
        raise transport.Closed


class Http2(transport.Http2):
    def push(self):
        for number, body in self.waiting.items():
            self.conn.max_outbound_frame_size = 16384
            for at in range(0, len(body), SMALL):
                self.conn.send_data(number, body[at:at + SMALL])
            self.conn.end_stream(number)
        self.waiting.clear()


class Trial:
    def __init__(self, work):
        self.work = work
        self.canaries = places.Canaries()
        self.asks = list(places.all_asks(self.canaries))
        self.outputs = {}
        self.base = {k: v for k, v in os.environ.items()
                     if not k.startswith(("ORSHIM_", "OPENROUTER", "OPENAI"))}
        self.base.update(XDG_STATE_HOME=self.path("state"), TMPDIR=self.path("tmp"), HOME=work,
                         COLUMNS="200", LC_ALL="C.UTF-8")
        certificates = self.path("certificates")
        for folder in ("tmp", "certificates", "captures", "project"):
            os.mkdir(self.path(folder))
        openrouter.make_certificates(certificates)
        self.ca = os.path.join(certificates, "ca.pem")
        self.server = Server(self.asks, certificates)
        self.port = self.server.listener.getsockname()[1]
        threading.Thread(target=self.server.accept_all, daemon=True).start()
        self.base.update(self.variables())
        self.write_dotenv()

    def path(self, *names):
        return os.path.join(self.work, *names)

    def variables(self):
        c = self.canaries
        return {"OPENROUTER_API_KEY": '"%s"' % c.key("variable, quoted key"),
                "OPENAI_API_KEY": c.letters("variable, letters") + "\n",
                "OPEN_ROUTER_API_KEY": c.key("variable, near miss"),
                "ANTHROPIC_API_KEY": c.other_key("variable, other vendor"),
                "GROQ_API_KEY": c.password("variable, password") + " x",
                "DATABASE_URL": "postgres://u:%s@h/" % c.password("variable, URL"),
                "SOME_SECRET": c.letters("variable, secret")}

    def write_dotenv(self):
        c = self.canaries
        with open(self.path("project", ".env"), "w", encoding="utf-8") as out:
            out.write("OPENROUTER_API_KEY='%s\nOTHER_TOKEN=\"%s\" # %s\nexport API_KEY=%s\n" % (
                c.key(".env, one quote"), c.letters(".env"), c.words(".env comment"),
                c.letters(".env export")))

    def keep(self, name, text):
        self.outputs[name] = text if isinstance(text, str) else text.decode("utf-8", "replace")

    def command(self, name, argv, environment=None, stdin=None):
        done = subprocess.run(argv, cwd=self.path("project"), input=stdin or b"",
                              env=dict(self.base, **(environment or {})), capture_output=True,
                              timeout=120, check=False)
        self.keep(name, done.stdout + b"\n" + done.stderr)
        return done

    def write_asks(self, protocol):
        path = self.path("asks-" + protocol.replace("/", "-"))
        with open(path, "w", encoding="utf-8") as out:
            json.dump([{"target": ask.target, "headers": ask.headers + [("X-Ask", str(i))],
                        "body": (ask.body if isinstance(ask.body, bytes)
                                 else ask.body.encode()).hex()}
                       for i, ask in enumerate(self.asks)], out)
        return path

    def observe(self, protocol):
        """Every way out of the library at once."""
        name = protocol.replace("/", "-")
        log, text = self.path("log-" + name), self.path("text-" + name)
        done = self.command("debug output, " + protocol, [
            sys.executable, os.path.join(HERE, "client.py"), self.write_asks(protocol),
            str(self.port), self.ca, protocol], {
                "LD_PRELOAD": SHIM, "ORSHIM_LOG": log, "ORSHIM_TEXT": text, "ORSHIM_DEBUG": "1",
                "ORSHIM_CAPTURE": self.path("captures")})
        if done.returncode != 0:
            raise SystemExit("the client failed: " + done.stderr.decode()[-2000:])
        for kind, path in (("log", log), ("text", text)):
            with open(path, "rb") as output:
                self.keep("%s, %s" % (kind, protocol), output.read())
        return log

    def run_curl(self):
        """Real words on a real command line, kept by `orshim run` for rerun and runs."""
        c = self.canaries
        url = "https://someone:%s@openrouter.ai%s?api_key=%s&x=%s" % (
            c.password("argv, userinfo"), places.CHAT, c.letters("argv, query"), c.key("argv, query"))
        argv = ["curl", "-s", "-o", self.path("tmp", "got"), "--cacert", self.ca, "--connect-to",
                "::127.0.0.1:%d" % self.port, "-H", "X-Auth-Token: " + c.letters("argv, field"),
                "-b", "session=" + c.letters("argv, cookie"), "-d", json.dumps(
                    {"model": "a/b", "messages": [{"role": "user", "content": c.words("argv, body")}]})]
        for name, extra in (("bearer", ["--oauth2-bearer", c.key("argv, bearer")]),
                            ("user", ["-u", "someone:" + c.password("argv, user")]),
                            ("glued user", ["-usomeone:" + c.password("argv, glued user"), "-U",
                                            "someone:" + c.password("argv, proxy user")]),
                            ("other fields", [
                                "-H", "X-Auth-Key: " + c.password("argv, X-Auth-Key"), "-H",
                                "Ocp-Apim-Subscription-Key: " + c.letters("argv, subscription", 32),
                                "-H", "X-Whatever: " + c.password("argv, unknown field"),
                                "-bname=" + c.password("argv, glued cookie")]),
                            ("field", ["-H", "Authorization: Bearer '%s'" % c.key("argv, key")])):
            report = self.path("run-%s.html" % name)
            self.command("run of curl, " + name, [ORSHIM, "run", "--report", report, "--"] + argv
                         + extra + [url], {"ORSHIM_DEBUG": "1"})
            with open(report, "rb") as page:
                self.keep("run --report, " + name, page.read())
        self.command("runs", [ORSHIM, "runs"])
        self.command("runs --json", [ORSHIM, "runs", "--json"])
        self.command("rerun", [ORSHIM, "rerun"])

    def read_log(self, log, protocol):
        def say(name, *argv):
            self.command("%s, %s" % (name, protocol), [ORSHIM] + list(argv))
        say("report", "report", log)
        say("report --json", "report", "--json", log)
        say("report --markdown", "report", "--markdown", log)
        say("report --html", "report", "--html", "-", log)
        say("report --har", "report", "--har", "-", log)
        say("report --sarif", "report", "--sarif", "-", log)
        say("report --junit", "report", "--junit", "-", log)
        say("report --annotate", "report", "--annotate", log)
        with open(log, encoding="utf-8") as lines:
            count = sum('"record":"exchange"' in line for line in lines)
        for n in range(1 + (protocol == "h2"), count + 1, 1 if ALL else 6):
            one = "%s#%d" % (log, n)
            say("report %d" % n, "report", one)
            say("curl %d" % n, "curl", one)
        for n in range(2 + (protocol == "h2"), count + 1, 2 if ALL else 12):
            say("curl --fixed %d" % n, "curl", "--fixed", "%s#%d" % (log, n))
            pair = ["%s#%d" % (log, n), "%s#%d" % (log, n - 1)]
            say("diff %d" % n, "diff", *pair)
            say("diff --json %d" % n, "diff", "--json", *pair)
            say("diff --html %d" % n, "diff", "--html", "-", *pair)
        self.watch(log, protocol)
        return count

    def watch(self, log, protocol):
        """Ends when the last exchange was told: a marker is added behind it."""
        copy = log + ".watched"
        with open(log, "rb") as lines, open(copy, "wb") as out:
            last = [line for line in lines if b'"record":"exchange"' in line][-1]
            out.write(open(log, "rb").read() + last.replace(b'"pid":', b'"pid":999'))
        child = subprocess.Popen([ORSHIM, "watch", "--all", copy], stdout=subprocess.PIPE,
                                 stderr=subprocess.STDOUT, env=self.base)
        told = b""
        while b"999" not in told and (line := child.stdout.readline()):
            told += line
        child.send_signal(signal.SIGINT)
        self.keep("watch, " + protocol, told + child.communicate(timeout=60)[0])

    def read_captures(self):
        for path in sorted(glob.glob(self.path("captures", "*"))):
            with open(path, "rb") as capture:
                text = capture.read()
            name = os.path.basename(path)
            self.keep("capture " + name, text + bytes.fromhex("".join(
                re.findall(r"^[<>]x ([0-9a-f ]*)", text.decode("utf-8", "replace"), re.M))))
            if ALL or hash(name) % 4 == 0:
                self.command("replay " + name, [ORSHIM, "replay", path])

    def lint(self):
        """The same bytes in files."""
        for i, ask in enumerate(self.asks):
            if any(not name for name, _ in ask.headers) or not ALL and i % 2:
                continue
            body = ask.body if isinstance(ask.body, bytes) else ask.body.encode()
            head = "POST %s HTTP/1.1\r\nHost: openrouter.ai\r\n%sContent-Length: %d\r\n\r\n" % (
                ask.target, "".join("%s: %s\r\n" % field for field in ask.headers), len(body))
            answer = ask.answer["body"].encode()
            fields = ask.answer.get("headers", []) + [
                ("Content-Type", ask.answer.get("type", "application/json"))]
            status = "HTTP/1.1 %d X\r\n%sContent-Length: %d\r\n\r\n" % (
                ask.answer["status"], "".join("%s: %s\r\n" % f for f in fields), len(answer))
            with open(self.path("tmp", "request"), "wb") as out:
                out.write(head.encode() + body)
            with open(self.path("tmp", "response"), "wb") as out:
                out.write(status.encode() + answer)
            for form in ([], ["--json"]) if ALL else (["--json"] * (i % 4 // 2),):
                self.command("lint %s %d" % (form, i), [
                    ORSHIM, "lint", "--request", self.path("tmp", "request"), "--response",
                    self.path("tmp", "response")] + form)

    def other_commands(self):
        self.command("doctor", [ORSHIM, "doctor", "curl"])
        self.command("doctor --json", [ORSHIM, "doctor", "--json", sys.executable])
        for options in ([], ["--json"], ["--fix"]):
            self.command("check %s" % options, [ORSHIM, "check"] + options)
        self.command("explain", [ORSHIM, "explain", "auth_token_quoted"])
        secret = self.canaries.key("settings")
        self.command("env", [ORSHIM, "env"], {
            "ORSHIM_LOG": "/nowhere/" + secret, "ORSHIM_HOSTS": secret, "ORSHIM_RULES": secret + "=off",
            "ORSHIM_BODY_MAX": secret, "ORSHIM_FOLLOW": secret, "ORSHIM_DEBUG": secret})
        self.command("baseline", [ORSHIM, "baseline", "--base", "https://127.0.0.1:%d/api/v1"
                                  % self.port], {"CURL_CA_BUNDLE": self.ca})
        for words in (["report"], ["curl"], ["explain"], ["diff", "x"], ["lint", "--request"],
                      ["replay"], ["--key"], ["run", "--"], ["doctor"], ["relay", "--base"]):
            place = "wrong argument of " + words[0]
            self.command(place, [ORSHIM] + words + [self.canaries.key(place)])

    def read_files(self):
        """What is left on the disk, but for the test's own."""
        own = {"asks-h2", "asks-http-1.1", ".env", "got", "request", "response"}
        for folder, _, names in os.walk(self.work):
            if "certificates" not in folder:
                for name in names:
                    path = os.path.join(folder, name)
                    mode = os.stat(path).st_mode & 0o7777
                    if name in own:
                        continue
                    if mode & 0o077 and not name.endswith(".watched"):
                        self.keep("mode of " + path, "MODE %o" % mode)
                    with open(path, "rb") as text:
                        self.keep("file " + os.path.relpath(path, self.work), text.read())

    def judge(self):
        hunt = Hunt()
        for place, secrets in self.canaries.by_place.items():
            for secret in secrets:
                hunt.add(place, secret)
        leaks = {}
        for name, text in self.outputs.items():
            if name.startswith("mode of"):
                leaks.setdefault(("-", text), {}).setdefault(name, text)
            for hit, around in hunt.look(text).items():
                # The user's own command line is kept for rerun, and runs --json shows it whole.
                if hit[0] == "argv, body" and name.endswith(("run.json", "runs --json")):
                    continue
                leaks.setdefault(hit, {}).setdefault(name, around)
        return hunt, leaks


def main():
    with tempfile.TemporaryDirectory(prefix="orshim-secrets.") as work:
        trial = Trial(work)
        os.umask(0)
        counts = {}
        for protocol in ("http/1.1", "h2"):
            log = trial.observe(protocol)
            counts[protocol] = trial.read_log(log, protocol)
        trial.run_curl()
        trial.read_captures()
        trial.lint()
        trial.other_commands()
        trial.read_files()
        hunt, leaks = trial.judge()
        for (place, form), outputs in sorted(leaks.items()):
            check(False, "%s: %s" % (place, form), "\n".join("in %s: %r" % (name, outputs[name])
                                                             for name in sorted(outputs)))
        for protocol, n in counts.items():
            check(n >= len(trial.asks) * 0.8, "%d of %d exchanges were seen in %s" % (
                n, len(trial.asks), protocol))
        check(not leaks, "%d places, %d exchanges, %d outputs of %d bytes, %d leaks" % (
            len(hunt.places), sum(counts.values()), len(trial.outputs),
            sum(map(len, trial.outputs.values())), len(leaks)))
    return finish()


if __name__ == "__main__":
    sys.exit(main())
