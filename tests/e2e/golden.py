#!/usr/bin/python3
# SPDX-License-Identifier: MIT
# tags: fast
"""golden.py [--update]: texts of one kept log to the byte, in files and on terminals.

tests/golden/run.log is the log of five curl requests (three refused), and two lines that cannot
be parsed. --update rewrites the expected texts: review its diff.
"""
import difflib
import fcntl
import os
import pty
import struct
import subprocess
import sys
import termios

from harness import ORSHIM, ROOT, finish, judge

FOLDER = "tests/golden"
LOG = FOLDER + "/run.log"
CASES = [  # file, columns of its terminal (0: a pipe), the command
    ("report.txt", 0, ["report", LOG]),
    ("report-60.txt", 60, ["report", LOG]),
    ("report-80.txt", 80, ["report", LOG]),
    ("exchange-60.txt", 60, ["report", LOG + "#2"]),
    ("report.md", 0, ["report", "--markdown", LOG]),
    ("diff.txt", 0, ["diff", LOG + "#1", LOG + "#2"]),
    ("diff.json", 0, ["diff", "--json", LOG + "#1", LOG + "#2"]),
]


def on_pipe(command, env):
    return subprocess.run(command, stdout=subprocess.PIPE, stdin=subprocess.DEVNULL, env=env).stdout


def on_terminal(command, columns, env):
    ours, theirs = pty.openpty()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 40, columns, 0, 0))
    child = subprocess.Popen(command, stdout=theirs, stdin=subprocess.DEVNULL, env=env)
    os.close(theirs)
    said = b""
    while True:
        try:
            more = os.read(ours, 1 << 16)
        except OSError:  # Linux: EIO, when nobody has the other side any more
            break
        if not more:
            break
        said += more
    os.close(ours)
    child.wait()
    return said.replace(b"\r\n", b"\n")


def is_wider(line, columns):
    """Fields of a request stay whole, for the carets below them; the timeline is drawn as it is."""
    whole = (b"      Authorization:", b"  POST ", b"  > ", b"  < ", b"  key: ", b"  at ")
    return len(line.decode()) > columns and b" " in line.strip() and not line.startswith(whole)


def main():
    os.chdir(ROOT)
    env = {"PATH": os.environ["PATH"], "NO_COLOR": "1", "LANG": "C.UTF-8", "TERM": "xterm"}
    for name, columns, words in CASES:
        command = [ORSHIM] + words
        said = on_terminal(command, columns, env) if columns else on_pipe(command, env)
        path = os.path.join(FOLDER, name)
        if "--update" in sys.argv:
            with open(path, "wb") as out:
                out.write(said)
        with open(path, "rb") as kept:
            want = kept.read()
        wide = [line for line in said.split(b"\n") if columns and is_wider(line, columns)]
        judge(name, ["" if said else "it printed nothing"] + [
            "wider than %d columns: %s" % (columns, line.decode()) for line in wide] + list(
                difflib.unified_diff(want.decode().splitlines(), said.decode().splitlines(),
                                     path, "now", lineterm="", n=1)))
    return finish()


if __name__ == "__main__":
    sys.exit(main())
