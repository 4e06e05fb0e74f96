#!/usr/bin/python3
# SPDX-License-Identifier: MIT
# tags: fast
"""orshim run around a sandbox (bwrap, chroot): the log's folder is read-only or not there, the library is
not there, or a library is loaded into a separate namespace. The tool's output stays the same, and the
run diagnoses the request or tells how to get it seen.
"""

import os
import shutil
import subprocess
import sys
import tempfile

from harness import (BUILD, HERE, Mock, ORSHIM, PYTHON, bare_environment, check, differences, finish, records,
                     run, skip, skip_all)

CHAT = '{"model":"openai/gpt-4o-mini","messages":[{"role":"user","content":"hi"}]}'
NOBODY = 65534
REQUEST = """
import sys, urllib.error, urllib.request
try:
    urllib.request.urlopen(urllib.request.Request(sys.argv[1], sys.argv[3].encode(),
                                                  {"Authorization": "Bearer " + sys.argv[2]}))
except urllib.error.HTTPError as answer:
    print(answer.code, answer.read())
"""


class Place:
    def __init__(self, scratch, mock):
        self.scratch, self.mock = scratch, mock
        self.state = os.path.join(scratch, "state")
        os.mkdir(self.state)
        self.url = "https://localhost:%d/api/v1/chat/completions" % mock.port
        self.key = '"%s"' % mock.keys["good"]
        self.env = bare_environment("OPENROUTER_API_KEY", XDG_STATE_HOME=self.state, NO_COLOR="1",
                                    ORSHIM_HOSTS="localhost=openrouter", SSL_CERT_FILE=mock.ca)

    def tools(self):
        yield "curl", ["curl", "-sS", "--cacert", self.mock.ca, "-H", "Authorization: Bearer " + self.key,
                       "-d", CHAT, self.url]
        yield "CPython", [PYTHON, "-c", REQUEST, self.url, self.key, CHAT]

    def both(self, name, argv, *options):
        """What `orshim run` says; the tool's own output comes first and is as without it."""
        bare = run(argv, self.env)
        seen = run([ORSHIM, "run", *options, "--", *argv], self.env)
        said = seen.err.decode()
        shown = seen._replace(err=seen.err[:len(bare.err)])
        check(not list(differences(bare, shown)) and said[len(bare.err):].startswith("orshim: "),
              name + ": the tool does the same", list(differences(bare, seen)))
        return said

    def newest(self):
        runs = os.path.join(self.state, "orshim", "runs")
        return os.path.join(runs, sorted(os.listdir(runs))[-1], "log")


def bwrap(*more):
    return ["bwrap", "--ro-bind", "/", "/", "--dev", "/dev", "--proc", "/proc", *more]


def unwritable(place):
    """Lines come by the socket beside the log."""
    for where, box in (("a read-only folder", bwrap()),
                       ("no such folder", bwrap("--tmpfs", place.state)),
                       ("another pid namespace", bwrap("--unshare-pid", "--tmpfs", place.state))):
        for name, argv in place.tools():
            for relay in ("auto", "off"):
                title = "%s in %s, --relay %s" % (name, where, relay)
                said = place.both(title, box + argv, "--relay", relay)
                check("error[auth_token_quoted]" in said and "1 API exchange, 1 refused" in said,
                      title + ": diagnosed", said)
                seen = records(place.newest(), "exchange", [place.mock.keys["good"][9:]])
                check([r["status"] for r in seen] == [401], title + ": in the run's log", seen)


def many(place):
    """Several processes at once, and one after another: no line is lost."""
    name, argv = next(place.tools())
    quoted = " ".join("'%s'" % word.replace("'", "'\\''") for word in argv)
    script = "for i in 1 2 3; do %s & %s; done; wait" % (quoted, quoted)
    place.both(name + ", six processes", bwrap() + ["sh", "-c", script])
    check(len(records(place.newest(), "exchange")) == 6, "all six are in the log")


def hidden(place):
    """The library is not there: said, with what to do, and the loader says nothing."""
    for name, argv in place.tools():
        for where, box in (("hidden", bwrap("--tmpfs", BUILD)),
                           ("hidden, variables cleared", bwrap("--tmpfs", BUILD, "--clearenv",
                                                               "--setenv", "SSL_CERT_FILE", place.mock.ca,
                                                               "--tmpfs", place.state))):
            title = "%s, the library %s" % (name, where)
            said = " ".join(place.both(title, box + argv).split())
            library = os.path.join(os.path.realpath(BUILD), "liborshim.so")
            check("library is not visible where it runs" in said and said.count(name_of(argv) + ": ") == 1,
                  title + ": named once", said)
            check("--ro-bind %s %s" % (library, library) in said, title + ": with the way out", said)
    name, argv = next(place.tools())
    again = bwrap("--tmpfs", BUILD, "--ro-bind", library, library)
    check("error[auth_token_quoted]" in place.both("with that option", again + argv),
          "that way it is diagnosed")


def namespace(place):
    """libcurl and its libssl, loaded by dlmopen(): not tapped, and named."""
    program = os.path.join(place.scratch, "namespace")
    subprocess.run(["cc", "-o", program, os.path.join(HERE, "sandboxes", "namespace.c"), "-ldl"],
                   check=True)
    argv = [program, place.url, place.mock.ca]
    if run(argv, place.env).status:
        skip("dlmopen: no libcurl.so.4")
        return
    said = " ".join(place.both("dlmopen", argv).split())
    check("dlmopen() loaded it into a namespace without the shim: `orshim relay` gives a base URL" in said
          and "OpenSSL, not observed" in said, "dlmopen: named, with the way out", said)
    seen = [r for r in records(place.newest(), "process") if r["tls"]]
    check(len(seen) == 1 and seen[0]["tls"][0]["tap"] == "none" and
          "libssl" in seen[0]["tls"][0]["object"], "dlmopen: in the log", seen)


HOSTILE = """
import socket, sys
s = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
s.bind(b"\\0" + sys.argv[1].encode())
s.listen()
print("ready", flush=True)
while True:
    one, _ = s.accept()
    print(one.recv(65536), flush=True)
"""


def another_user(place):
    """Somebody else has taken the socket's name: nothing is sent."""
    log = os.path.join(place.scratch, "their-log")
    number = 0xcbf29ce484222325
    for byte in log.encode():
        number = (number ^ byte) * 0x100000001b3 % (1 << 64)
    with subprocess.Popen([PYTHON, "-c", HOSTILE, "orshim-log-%016x" % number], stdout=subprocess.PIPE,
                          text=True, user=NOBODY) as hostile:
        hostile.stdout.readline()
        _, argv = next(place.tools())
        said = place.both("another user has the name", bwrap() + argv, "--log", log)
        again = place.both("and nobody needs it", argv, "--log", log)
        hostile.kill()
        got = hostile.stdout.read()
    check(got.replace("b''\n", "") == "", "another user gets nothing", got)
    check("1 API exchange" not in said and "1 API exchange" in again, "and the run sees it has nothing",
          said)


def name_of(argv):
    return os.path.basename(argv[0])


def chroot(place):
    """A root with the tool's files alone, in which there is neither /proc nor the library."""
    root = os.path.join(place.scratch, "root")
    binds = ""
    for folder in ("/usr", "/etc", "/dev", "/lib", "/lib64", "/bin", "/tmp"):
        if os.path.islink(folder):
            os.makedirs(root, exist_ok=True)
            os.symlink(os.readlink(folder), root + folder)
        elif os.path.isdir(folder):
            os.makedirs(root + folder)
            if folder != "/tmp":
                binds += "mount --rbind %s %s%s && " % (folder, root, folder)
    shutil.copy(place.mock.ca, root + "/tmp/ca.pem")
    enter = ["unshare", "-m", *([] if os.getuid() == 0 else ["-r"]), "sh", "-c",
             binds + 'exec chroot "$0" "$@"', root]
    name, argv = next(place.tools())
    argv = [word.replace(place.mock.ca, "/tmp/ca.pem") for word in argv]
    if run([*enter, *argv], place.env).status:
        skip("chroot: not allowed here")
        return
    said = " ".join(place.both("chroot", enter + argv).split())
    check("(%s: the shim's library is not visible where it runs" % name_of(argv) in said and
          "copy it there" in said, "chroot: named, with the way out", said)


def main():
    if not shutil.which("bwrap"):
        skip_all("bwrap is not here")
    if subprocess.run(bwrap("true"), stderr=subprocess.DEVNULL, check=False).returncode:
        skip_all("no sandbox is allowed here")
    scratch = tempfile.mkdtemp(prefix="orshim-test.")
    try:
        with Mock() as mock:
            place = Place(scratch, mock)
            for part in (unwritable, many, hidden, chroot, namespace):
                part(place)
            if os.geteuid() == 0:
                another_user(place)
            else:
                skip("another user: not as this one")
    finally:
        shutil.rmtree(scratch, ignore_errors=True)
    return finish()


if __name__ == "__main__":
    sys.exit(main())
