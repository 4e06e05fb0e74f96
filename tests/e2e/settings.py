#!/usr/bin/python3
# SPDX-License-Identifier: MIT
# tags: fast
# tags: clients -- --all
"""settings.py [--all]: every ORSHIM_* setting with values that it was not made for.

curl and CPython send one refused request, bare and under the shim: output,
status and what the server receives are the same. Standard error, here a
terminal, gets one line for a malformed setting and not a byte for a valid
one, and no value brings a control character or a secret there. `orshim env`
agrees. Unless the log is the setting in question, it has the exchange. Each
value is tried in every other setting with curl, and in a few with CPython;
--all: in all with both, and with ORSHIM_DEBUG=1.
"""

import concurrent.futures
import glob
import itertools
import json
import os
import pty
import re
import subprocess
import sys
import tempfile

from harness import ORSHIM, SHIM, finish, judge
from tap import CHAT, TIMEOUT, Server, Suite

ALL = "--all" in sys.argv
SECRET = "5eedc0de" * 8
KEY = "sk-or-v1-" + SECRET
LONGEST = 131000  # bytes of one variable that execve(2) takes
PYTHON = """
import http.client, ssl, sys
c = http.client.HTTPSConnection("localhost", int(sys.argv[1]),
                                context=ssl.create_default_context(cafile=sys.argv[2]))
c.request("POST", sys.argv[3], '{"model":"a/b"}', {"Authorization": sys.argv[4]})
a = c.getresponse()
print(a.status, a.read())
"""
# Starts PROGRAM with an environment as it could not be set otherwise.
RAW = """
import ctypes, sys
words = [bytes.fromhex(w) for w in open(sys.argv[1]).read().split(",")]
argv = [w.encode() for w in sys.argv[2:]]
array = lambda a: (ctypes.c_char_p * (len(a) + 1))(*a, None)
ctypes.CDLL(None).execve(argv[0], array(argv), array(words))
"""

VALUES = {
    "empty": b"",
    "long": b"x" * LONGEST,
    "a long list": b"a.example," * (LONGEST // 10),
    "a long number": b"9" * LONGEST,
    "every byte": bytes(range(1, 256)),
    "no UTF-8": b"\xff\xfe\xc3\x28\xed\xa0\x80",
    "lines": b"a\nb\r\nc\n",
    "a line behind": b"1\n",
    "escape sequences": b"\x1b]0;title\x07\x1b[31mred\x1b[2J\x9b31m\x08\x7f",
    "C1 in UTF-8": "\u009b31m\u0085\u2028\u202e".encode(),
    "upwards": b"../" * 60 + b"no-such-folder-here/x",
    "upwards and down": b"../place/./../place/x",
    "the root": b"/", "this folder": b".", "a folder's name": b"x/",
    "a descriptor": b"/proc/self/fd/1", "standard output": b"/dev/stdout",
    "own memory": b"/proc/self/mem", "own variables": b"/proc/self/environ",
    "nothing": b"/dev/null", "no room": b"/dev/full",
    "minus": b"-1", "minus nothing": b"-0", "plus": b"+1", "hexadecimal": b"0x10",
    "octal": b"010", "fraction": b"1.5M", "exponent": b"1e9", "overflow": b"18446744073709551616",
    "overflow by unit": b"99999999999999999G", "no such unit": b"1T", "unit alone": b"M",
    "two units": b"8MM", "a space before": b" 1", "a space inside": b"8 M",
    "other digits": "\uff11".encode(), "word": b"yes", "1": b"1", "0": b"0", "1M": b"1M",
    "formats": b"%s%n%s%n%d%p%p%p%100000c%%%", "a format at the end": b"x%",
    "the same twice": b"localhost,localhost=openrouter,localhost=openai,,localhost",
    "a rule twice": b"auth_missing=off,auth_missing=error,auth_missing=off",
    "hosts": b"*.example.com, [::1]:443 ,h:1=openrouter",
    "commas": b",,, ,,", "equals": b"====", "a port too far": b"h:65536", "no port": b"h:",
    "stars": b"*.*.*", "a key": KEY.encode(), "a key as a rule": KEY.encode() + b"=off",
    "a key in a URL": b"https://u:" + KEY.encode() + b"@h/x", "shell": b"$(id) `id`; id | id",
}
NAMES = ["ORSHIM_LOG", "ORSHIM_LOG_MAX", "ORSHIM_TEXT", "ORSHIM_HOSTS", "ORSHIM_RULES",
         "ORSHIM_BODY_MAX", "ORSHIM_CAPTURE", "ORSHIM_FOLLOW", "ORSHIM_DEBUG",
         "ORSHIM_MACHINE"]


def is_size(value, least, most):
    found = re.fullmatch(rb"([0-9]+)([KMGkmg]?)", value)
    if not found or len(value) > 30:
        return False
    bytes_ = int(found[1]) << {b"": 0, b"K": 10, b"M": 20, b"G": 30}[found[2].upper()]
    return bytes_ <= most and (bytes_ >= least or not bytes_)


def is_accepted(name, value):
    """By what `orshim env` says is accepted."""
    if not value or name in ("ORSHIM_LOG", "ORSHIM_TEXT", "ORSHIM_CAPTURE"):
        return True  # empty is unset; and any file may be meant
    if name in ("ORSHIM_FOLLOW", "ORSHIM_DEBUG"):
        return value in (b"0", b"1")
    if name == "ORSHIM_MACHINE":
        return bool(re.fullmatch(rb"[A-Za-z0-9._-]{1,64}", value))
    if name == "ORSHIM_BODY_MAX":
        return is_size(value, 0, 1 << 30)
    if name == "ORSHIM_LOG_MAX":
        return is_size(value, 64 << 10, 1 << 40)
    entries = [e for e in (e.strip(b" \t") for e in value.split(b",")) if e]
    if name == "ORSHIM_RULES":
        return all(re.fullmatch(rb"auth_missing=(off|note|warning|error)", e) for e in entries)
    host = rb"(?:(?:\*\.)?[A-Za-z0-9._-]+|\[[0-9A-Fa-f:.]+\]|\*)(?::([0-9]+))?(?:=(openrouter|openai))?"
    found = [re.fullmatch(host, e) for e in entries]
    return len(entries) <= 64 and all(f and 0 < int(f[1] or 443) < 65536 for f in found)


class Settings(Suite):
    """What Suite reports and compares, without its small programs."""

    def __init__(self, scratch):  # pylint: disable=super-init-not-called
        self.scratch = scratch
        self.certificate = self.make_certificate()
        self.server = Server(self.certificate)
        self.numbers = itertools.count()
        url = f"https://localhost:{self.server.port}{CHAT}"
        bearer = f"Bearer {KEY}"
        self.tools = {
            "curl": ["/usr/bin/curl", "-sS", "--http1.1", "--cacert", self.ca, "-H",
                     "Authorization: " + bearer, "-d", '{"model":"a/b"}', url],
            "python3": ["/usr/bin/python3", "-c", PYTHON, str(self.server.port), self.ca, CHAT,
                        bearer]}
        self.bare = {tool: self.once(command, {}, scratch) for tool, command in self.tools.items()}
        for tool, one in self.bare.items():
            if one[0] or b"401" not in one[1] and b"bytes" not in one[1] or one[2]:
                raise SystemExit(f"settings: {tool} does not work here: {one}")

    @staticmethod
    def once(command, settings, folder):
        """(status, standard output, what the terminal got)."""
        environment = {b"PATH": os.fsencode(os.environ["PATH"]), b"HOME": os.fsencode(folder),
                       b"TERM": b"xterm"}
        environment.update({os.fsencode(k): v for k, v in settings.items()})
        master, terminal = pty.openpty()
        with subprocess.Popen(command, env=environment, cwd=folder, stdin=subprocess.DEVNULL,
                              stdout=subprocess.PIPE, stderr=terminal) as child:
            os.close(terminal)
            said = b""
            try:
                while piece := os.read(master, 65536):
                    said += piece
            except OSError:
                pass  # the terminal's other end is closed
            output = child.stdout.read()
            status = child.wait(TIMEOUT)
        os.close(master)
        return status, output, said.replace(b"\r\n", b"\n")

    def check(self, tool, name, what, debug=False):
        """Problems of one run."""
        value = VALUES[what]
        folder = self.path(f"{next(self.numbers)}/place")
        os.makedirs(folder)
        log = os.path.join(folder, "log")
        settings = {"LD_PRELOAD": os.fsencode(SHIM), "ORSHIM_LOG": os.fsencode(log)}
        if name == "ORSHIM_LOG":
            settings["ORSHIM_TEXT"] = b"off"
        if debug:
            settings["ORSHIM_DEBUG"] = b"1"
        settings[name] = value
        done = self.once(self.tools[tool], settings, folder)
        problems = self.judge(tool, name, done, [] if is_accepted(name, value) else [name], debug)
        if name != "ORSHIM_LOG":
            problems += self.logged(log)
        problems += self.left(folder)
        if tool == "curl" and not debug:
            problems += self.asked(name, settings, folder)
        return [f"{name}, {what}, {tool}: {p}" for p in problems]

    def judge(self, tool, name, done, malformed, debug):
        status, output, said = done
        problems = []
        if (status, output) != self.bare[tool][:2]:
            problems.append(f"bare {self.bare[tool][:2]} but under the shim {(status, output)}")
        lines = said.decode("utf-8", "replace").splitlines()
        complaints = [line for line in lines if "is not understood" in line]
        for line in complaints:
            if not re.match(r'orshim: ORSHIM_[A-Z_]+: ".*" is not understood; accepted: .', line):
                problems.append(f"not clear: {line!r}")
        names = [line.split(":")[1].strip() for line in complaints]
        if sorted(names) != sorted(malformed):
            problems.append(f"complaints of {names}, not of {malformed}")
        if not debug and name != "ORSHIM_DEBUG" and len(lines) != len(complaints):
            problems.append(f"it says {lines}")
        return problems + self.harmless(said)

    @staticmethod
    def harmless(said):
        problems = []
        text = said.decode("utf-8", "replace")
        if odd := {c for c in text if c != "\n" and not c.isprintable()}:
            problems.append(f"control characters {sorted(odd)} in {said[:300]!r}")
        if SECRET[:16] in text:
            problems.append(f"a key in {said[:300]!r}")
        if (longest := max(map(len, text.splitlines()), default=0)) > 1000:
            problems.append(f"a line of {longest} characters")
        return problems

    @staticmethod
    def logged(log):
        """The one exchange, and no key."""
        try:
            with open(log, encoding="utf-8") as lines:
                records = [json.loads(line) for line in lines]
        except (OSError, ValueError) as error:
            return [f"the log: {error}"]
        count = sum(r["record"] == "exchange" for r in records)
        return [] if count == 1 else [f"{count} exchanges in the log"]

    @staticmethod
    def left(folder):
        """Files that were made are the user's own, and hold no key."""
        problems = []
        for path in glob.glob(os.path.join(glob.escape(folder), "**"), recursive=True):
            if os.path.isfile(path):
                if os.stat(path).st_mode & 0o077:
                    problems.append(f"{path} is not private")
                with open(path, "rb") as file:
                    if SECRET[:16].encode() in file.read():
                        problems.append(f"a key in {path}")
        return problems

    def asked(self, name, settings, folder):
        """`orshim env` says the same of the setting."""
        mine = {k: v for k, v in settings.items() if k != "LD_PRELOAD"}
        status, output, said = self.once([ORSHIM, "env"], mine, folder)
        wanted = 0 if is_accepted(name, settings[name]) else 2
        problems = [] if status == wanted else [f"orshim env ends with {status}, not {wanted}"]
        return problems + self.harmless(output) + self.harmless(said)

    def raw(self, name, words, malformed):
        """An environment of WORDS, as no shell makes it."""
        folder = self.path(str(next(self.numbers)))
        os.makedirs(folder)
        log = os.path.join(folder, "log")
        words = [b"PATH=/usr/bin:/bin", b"LD_PRELOAD=" + os.fsencode(SHIM),
                 b"ORSHIM_LOG=" + os.fsencode(log), *words]
        list_of_words = os.path.join(folder, "words")
        with open(list_of_words, "w", encoding="ascii") as out:
            out.write(",".join(w.hex() for w in words))
        command = ["/usr/bin/python3", "-c", RAW, list_of_words, *self.tools["curl"]]
        done = self.once(command, {}, folder)
        judge(name, self.judge("curl", "", done, malformed, False) + self.logged(log))

    def all(self):
        pairs = [(name, what) for what in VALUES for name in NAMES]  # an odd number of names
        cases = [("curl", *pair) for pair in pairs[::1 if ALL else 2]]
        cases += [("python3", *pair) for pair in pairs[::1 if ALL else 17]]
        if ALL:
            cases += [("curl", *pair, True) for pair in pairs]
        with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
            found = list(pool.map(lambda case: self.check(*case), cases))
        for name in NAMES:
            mine = [(c, p) for c, p in zip(cases, found) if c[1] == name]
            judge(f"{name}: {len(mine)} runs", [p for _, ps in mine for p in ps])
        received = set(self.server.take())
        judge("the server received the same each time", [] if len(received) == 2 else [
            f"{len(received)} kinds of request, not one for curl and one for python3"])

    def odd_environments(self):
        self.raw("a setting twice: the first counts, as for getenv()",
                 [b"ORSHIM_BODY_MAX=1M", b"ORSHIM_BODY_MAX=no"], [])
        self.raw("a setting twice, the first is malformed",
                 [b"ORSHIM_BODY_MAX=no", b"ORSHIM_BODY_MAX=1M"], ["ORSHIM_BODY_MAX"])
        self.raw("words without = and names that are none",
                 [b"ORSHIM_BODY_MAX", b"ORSHIM_", b"ORSHIM_=x", b"=", b"", b"=ORSHIM_DEBUG=1",
                  b"ORSHIM_NOTHING=1", b"ORSHIM_BODY_MAXX=no", b"XORSHIM_BODY_MAX=no"], [])
        self.raw("every setting is malformed", [
            n.encode() + b"=?!" for n in NAMES if not is_accepted(n, b"?!")],
            [n for n in NAMES if not is_accepted(n, b"?!")])
        self.raw("thousands of settings", [b"ORSHIM_X%d=%s" % (i, b"y" * 300) for i in range(5000)], [])


def main():
    with tempfile.TemporaryDirectory(prefix="orshim-settings.") as scratch:
        settings = Settings(scratch)
        settings.server.take()
        settings.all()
        settings.odd_environments()
    return finish()


if __name__ == "__main__":
    sys.exit(main())
