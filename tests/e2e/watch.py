#!/usr/bin/python3
# SPDX-License-Identifier: MIT
# tags: fast
"""watch.py: `orshim watch` on a real pseudo-terminal, read by a terminal emulator (pyte), and on a pipe.

The full screen: sizes, what comes, detail, keys that select and search, hostile logs, wide characters,
and that the terminal is given back whatever ends the command. Lines and JSON where there is no screen.
"""
import copy
import fcntl
import json
import os
import pty
import re
import resource
import select
import shutil
import signal
import struct
import subprocess
import sys
import tempfile
import termios
import time

import jsonschema
import pyte

import formats
import splits
from harness import ORSHIM, Mock, check, finish, skip

LEAVE = b"\x1b[?1049l"
SECONDS = 20
CAUSE = "one_key_of_several_fails"
# All that the command may write besides text.
OURS = re.compile(rb"\x1b\[(\?(1049|25|7)[hl]|2J|\d+;1H|K|0m|1m|2m|7m|32m|1;31m|999;1H)")


def size_of(terminal, rows, columns):
    fcntl.ioctl(terminal, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))


class Terminal:
    """A command on a terminal of its own, and what is on the screen."""

    def __init__(self, command, rows=24, columns=100, **settings):
        self.rows, self.columns, self.raw = rows, columns, b""
        self.ours, self.theirs = pty.openpty()
        size_of(self.ours, rows, columns)
        self.before = termios.tcgetattr(self.theirs)
        self.screen = pyte.Screen(columns, rows)
        self.stream = pyte.ByteStream(self.screen)
        env = dict({k: v for k, v in os.environ.items() if k not in ("NO_COLOR", "LC_ALL", "LC_CTYPE")},
                   TERM="xterm-256color", LANG="C.UTF-8", TZ="UTC", **settings)
        self.process = subprocess.Popen(command, stdin=self.theirs, stdout=self.theirs, stderr=self.theirs, env=env,
                                        start_new_session=True,
                                        preexec_fn=lambda: fcntl.ioctl(0, termios.TIOCSCTTY, 0))

    def __enter__(self):
        return self

    def __exit__(self, *_):
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait()
        os.close(self.ours)
        os.close(self.theirs)

    def read(self, seconds=0.05):
        if not select.select([self.ours], [], [], seconds)[0]:
            return False
        more = os.read(self.ours, 1 << 16)
        self.raw += more
        self.stream.feed(more)
        return True

    def text(self):
        return "\n".join(line.rstrip() for line in self.screen.display)

    def until(self, condition):
        """CONDITION is a function, or words that must be on the screen."""
        holds = condition if callable(condition) else lambda: condition in self.text()
        end = time.monotonic() + SECONDS
        while time.monotonic() < end:
            if holds():
                return True
            self.read()
        return holds()

    def press(self, keys):
        os.write(self.ours, keys.encode())

    def resize(self, rows, columns):
        self.rows, self.columns = rows, columns
        self.screen.resize(rows, columns)
        size_of(self.ours, rows, columns)

    def ended(self):
        """Its status, when all that it wrote was read."""
        self.until(lambda: self.process.poll() is not None)
        while self.read():
            pass
        return self.process.poll()

    def is_restored(self):
        return termios.tcgetattr(self.theirs) == self.before and self.raw.rstrip().count(LEAVE) == 1


def watch(log, *options, **more):
    return Terminal([ORSHIM, "watch", "--all", *options, log], **more)


def make_log(scratch, standin):
    """curl under the shim: nine requests, three of them refused, two models."""
    path = os.path.join(scratch, "log")
    splits.curl(standin, [splits.ask(key, model) for key, model in (
        ("good", splits.CHAT), ("unknown", splits.CHAT), ("good", splits.TITLE)) * 3], path)
    return path


def lines_with(terminal, words):
    return [line for line in terminal.screen.display if words in line]


def count_rows(terminal):
    return len([line for line in terminal.screen.display if re.match(r"\d\d:\d\d:\d\d ", line)])


def check_list(log):
    with watch(log) as t:
        check(t.until("9 requests, 3 refused"), "the totals", t.text())
        check(t.until(lambda: count_rows(t) == 9) and len(lines_with(t, "!401")) == 3 and
              len(lines_with(t, CAUSE)) == 3, "a row a request", t.text())
        with open(log, encoding="utf-8") as text:
            last = [line for line in text if '"status":401' in line][-1]
        with open(log, "a", encoding="utf-8") as text:
            text.write(last)
        check(t.until("10 requests, 4 refused") and t.until(lambda: count_rows(t) == 10), "what comes is there", t.text())
        check("10 requests" in t.text() and "only this one is refused" in t.text() and "answer: \"User not f" in t.text(),
              "why the chosen one was refused", t.text())
        t.press("q")
        check(t.ended() == 0 and t.is_restored(), "q: a clean end, the terminal as before", (t.process.poll(), t.raw[-200:]))
        check(b"orshim: 10 requests, 4 refused" in t.raw.rsplit(LEAVE, 1)[1], "and the totals stay in sight", t.raw[-200:])
        return not OURS.sub(b"", t.raw).count(b"\x1b")


def check_keys(log):
    """Each key selects what this test counts in the log itself."""
    with open(log, encoding="utf-8") as text:
        records = [json.loads(line) for line in text if '"record":"exchange"' in line]
    chosen = records[-1]
    wanted = {
        "f": sum(bool(one["verdict"]["refused_by"]) for one in records),
        "s": sum(one["status"] == chosen["status"] for one in records),
        "m": sum(one["request"]["body"]["model"] == chosen["request"]["body"]["model"] for one in records),
        "a": sum(one["auth"]["token"] == chosen["auth"]["token"] for one in records),
        "c": sum(one["verdict"]["cause"] == chosen["verdict"]["cause"] for one in records),
        "h": len(records), "t": len(records),
    }
    with watch(log) as t:
        t.until("%d of %d shown" % (len(records), len(records)))
        for key, count in wanted.items():
            t.press(key)
            check(t.until("%d of %d shown" % (count, len(records))) and t.until(lambda: count_rows(t) == count),
                  "key %s: %d requests" % (key, count), t.text())
            t.press("x")
            check(t.until("%d of %d shown" % (len(records), len(records))), "key x: all again", t.text())
        t.press("/GEMINI")
        check(t.until("search: GEMINI") and t.until(lambda: count_rows(t) == 3), "search: as it is typed", t.text())
        t.press("\r")
        check(t.until("search: GEMINI, 3 of"), "search: stays", t.text())
        t.press("/\x1b")
        check(t.until(lambda: count_rows(t) == len(records)), "Escape ends it", t.text())
        t.press("?")
        check(t.until("Ctrl-L") and "host, tool, model," in t.text(), "help", t.text())
        t.press("q")
        check(t.until(" q quit"), "back to the list", t.text())
        t.press("\x03")
        check(t.ended() == 0 and t.is_restored(), "Ctrl-C: a clean end", t.raw[-200:])


def check_detail(log):
    with watch(log, rows=16) as t:
        t.until("!401")
        t.press("\x1b[A\r")
        check(t.until("orshim: exchange 8") and "POST https://openrouter.ai" in t.text(), "Enter: detail", t.text())
        t.press("G\x1b[F")
        check(t.until("fix: "), "End: its end", t.text())
        t.press("\x1b[H")
        check(t.until("orshim: exchange 8"), "Home: its beginning", t.text())
        t.press("n")
        check(t.until("orshim: exchange 9"), "n: the next one", t.text())
        t.press("pp")
        check(t.until("orshim: exchange 7"), "p: the one before", t.text())
        t.resize(12, 40)
        check(t.until(lambda: "orshim: exchange 7" in t.text() and "q Escape back" in t.screen.display[11]), "resized", t.text())
        t.press("\x1b")
        check(t.until("request"), "Escape: the list", t.text())
        t.press("q")
        t.ended()


def check_sizes(log):
    for rows, columns in ((50, 200), (24, 80), (10, 40), (5, 20), (2, 2), (1, 1)):
        with watch(log, rows=rows, columns=columns) as t:
            shown = t.until(lambda: rows < 5 or "orshim: 10 requests"[:columns] in t.screen.display[0])
            check(shown and t.until(lambda: rows < 10 or count_rows(t) == min(rows - 5, 10)), "%d by %d" % (rows, columns),
                  t.text())
            for size in ((30, 120), (3, 10), (24, 100)):
                t.resize(*size)
                for keys in "\r", "q", "?", "q":
                    t.press(keys)
                    t.read()
            check(t.until(lambda: count_rows(t) >= 9), "%d by %d, then other sizes: it goes on" % (rows, columns), t.text())
            t.press("q")
            check(t.ended() == 0, "and ends", t.process.poll())


def check_ends(log):
    """However it ends, the terminal is as before."""
    for number, status in ((signal.SIGTERM, 0), (signal.SIGHUP, 0), (signal.SIGINT, 0), (signal.SIGSEGV, -signal.SIGSEGV),
                           (signal.SIGABRT, -signal.SIGABRT), (signal.SIGQUIT, -signal.SIGQUIT)):
        with watch(log) as t:
            t.until("!401")
            check(termios.tcgetattr(t.theirs) != t.before, "(the terminal was changed)")
            t.process.send_signal(number)
            check(t.ended() == status and t.is_restored(), signal.Signals(number).name + ": the terminal as before",
                  (t.process.poll(), t.raw[-100:]))


def check_memory(scratch, log):
    """What it dies of is said on the terminal that was before, not on the screen that vanishes."""
    many = shutil.copy(log, os.path.join(scratch, "many"))
    with open(log, "rb") as lines:
        more = [line for line in lines if b'"record":"exchange"' in line] * 2000
    with watch(many) as t:
        t.until(" q quit")
        with open("/proc/%d/statm" % t.process.pid, encoding="ascii") as sizes:
            now = int(sizes.read().split()[0]) * resource.getpagesize()
        resource.prlimit(t.process.pid, resource.RLIMIT_AS, (now + (1 << 20), now + (1 << 20)))
        with open(many, "ab") as out:
            out.writelines(more)
        said = t.raw[t.raw.rfind(LEAVE):] if t.ended() == 2 else b""
        check(b"out of memory" in said and t.is_restored(), "without memory: said after the screen",
              (t.process.poll(), t.raw[-300:]))


def check_suspend(log):
    """Ctrl-Z in a shell gives the shell its terminal; fg brings the screen back."""
    with Terminal(["bash", "--norc", "--noprofile", "-i"], PS1="ready> ") as t:
        t.until("ready>")
        t.press("%s watch --all %s\r" % (ORSHIM, log))
        check(t.until("10 requests, 4 refused") and t.until(" q quit"), "from a shell", t.text())
        t.press("\x1a")
        check(t.until("Stopped") and LEAVE in t.raw, "Ctrl-Z: the shell again", t.text())
        t.press("stty -a | tr ' ' '\\n' | grep -xE -e '-?(icanon|echo|ixon)' | tr '\\n' ' '\r")
        check(t.until("icanon ") and "-icanon" not in t.text() and "-echo" not in t.text(), "with its settings", t.text())
        t.press("fg\r")
        check(t.until(" q quit") and t.until(lambda: count_rows(t) == 10), "fg: the screen again", t.text())
        t.press("q")
        check(t.until(lambda: t.raw.count(LEAVE) == 2 and "ready>" in t.text()), "and its end", t.text())
        t.press("%s watch --all %s &\r" % (ORSHIM, log))
        check(t.until("(4 of 10 refused)") and t.raw.count(LEAVE) == 2, "in the background: lines", t.text())
        t.press("kill %1; wait; echo end''ed\r")
        check(t.until("ended"), "which end, too", t.text())


def check_hostile(scratch, log, standin):
    """Whatever is in the log: the command's own sequences and text, nothing else."""
    evil = ("\x1b]0;pwned\x07", "\x1b[2J\x1b[31mred", "\u009b31m", "\u202eabc", "a\tb\rc\nd", "\u200b\u2066", "\x00\x7f",
            standin.keys["good"], "\ud83d", "\x0e\x0f\x1bc", "你好" * 40)
    with open(log, encoding="utf-8") as text:
        records = [json.loads(line) for line in text if '"record":"exchange"' in line]
    path = os.path.join(scratch, "hostile")
    with open(path, "wb") as out:
        for one in evil:
            record = copy.deepcopy(records[1])
            record.update(tool=one, path="/x" + one, method=one, host=one + ".example")
            record["request"]["body"]["model"] = one
            record["request"]["headers"].append([one, one])
            record["verdict"]["cause"] = one
            record["findings"][0].update(detail=one, why=one, fix=one)
            record["response"]["error"]["message"] = one
            out.write(json.dumps(record).encode() + b"\n")
        out.write(b"\xff\xfe\x1b[31m\n{\n" + json.dumps(records[0]).encode() + b"\n")
    with watch(path, columns=160) as t:
        t.until("12 requests")
        for _ in evil:
            t.press("\x1b[A")
        t.press("\r")
        t.until("q Escape back")
        for _ in range(len(evil) + 2):
            t.press("n\x1b[F")
            t.read(0.2)
        t.press("\x1bcq")
        check(t.ended() == 0, "a hostile log", t.text())
        left = OURS.sub(b"", t.raw)
        check(b"\x1b" not in left and not re.search(rb"[\x00-\x09\x0b\x0c\x0e-\x1f\x7f]|\xc2[\x80-\x9f]|\xe2\x80[\x8b-\x8f\xaa-\xae]"
                                                    rb"|\xe2\x81[\xa6-\xa9]", left),
              "no sequence but ours", re.findall(rb".{0,30}\x1b.{0,30}", left)[:3])
        check(t.screen.title != "pwned" and standin.keys["good"][12:-4].encode() not in t.raw, "no title, no key")


def check_wide(scratch, log):
    """A character of two columns takes two: what follows stays in its column."""
    with open(log, encoding="utf-8") as text:
        record = json.loads([line for line in text if '"status":401' in line][0])
    path = os.path.join(scratch, "wide")
    with open(path, "w", encoding="utf-8") as out:
        for model in ("plain/model", "模型/你好世界模型你好世界模型你好世界", "e\u0301/co\u0302mbined", "\U0001f600/\U0001f680"):
            record["request"]["body"]["model"] = model
            out.write(json.dumps(record) + "\n")
    with watch(path, columns=130) as t:
        t.until(lambda: count_rows(t) == 4)
        rows = [i for i, line in enumerate(t.screen.display) if CAUSE in line and line[2] == ":"]
        start = t.screen.display[1].index("cause")
        # pyte's buffer has a cell for each column, whatever is in it.
        at = {"".join(t.screen.buffer[i][c].data or " " for c in range(start, start + len(CAUSE))) for i in rows}
        check(len(rows) == 4 and at == {CAUSE}, "wide characters keep the columns", (at, t.text()))
        t.press("q")
        t.ended()
    with Terminal([ORSHIM, "watch", "--all", path], columns=130, LC_ALL="C") as t:
        t.until(lambda: count_rows(t) == 4)
        t.press("q")
        t.ended()
        check(all(byte < 0x80 for byte in t.raw) and "??" in t.text() + t.raw.decode(), "ASCII in the C locale", t.text())


def check_plain(log):
    """Lines where there is no screen, or none that is known."""
    for name, options, settings in (("--plain", ["--plain"], {}), ("TERM=dumb", [], {"TERM": "dumb"}),
                                    ("an unknown terminal", [], {"TERM": "wyse50"}), ("no TERM", [], {"TERM": ""})):
        terminal = Terminal.__new__(Terminal)
        environment = dict(settings)
        term = environment.pop("TERM", None)
        command = [ORSHIM, "watch", "--all", *options, log]
        terminal.__init__(command if term is None else ["env", "TERM=" + term, *command], **environment)
        with terminal as t:
            check(t.until("(4 of 10 refused)") and b"\x1b[?" not in t.raw, name + ": lines with totals", t.raw[:300])
            t.press("\x03")
            check(t.ended() == 0 and termios.tcgetattr(t.theirs) == t.before and b"orshim: 10 requests, 4 refused" in t.raw,
                  name + ": Ctrl-C", t.raw[-200:])
    with open(os.devnull) as nothing:
        piped = subprocess.Popen([ORSHIM, "watch", "--all", log], stdin=nothing, stdout=subprocess.PIPE)
    lines = []
    while not lines or b"(4 of 10 refused)" not in lines[-1]:
        lines.append(piped.stdout.readline())
    piped.terminate()
    rest = piped.communicate()[0]
    check(b"\x1b" not in b"".join(lines) and rest.endswith(b"orshim: 10 requests, 4 refused\n"), "a pipe: lines", (lines, rest))


def check_rootless(scratch, log):
    """In a root with nothing but the command and the log: no terminfo, no locale, no /proc."""
    if os.geteuid() != 0:
        skip("a root without terminfo: needs root")
        return
    root = os.path.join(scratch, "root")
    os.makedirs(root)
    shutil.copy(ORSHIM, root)
    shutil.copy(log, os.path.join(root, "log"))
    with Terminal(["chroot", root, "/orshim", "watch", "--all", "/log"]) as t:
        check(t.until("10 requests, 4 refused") and t.until(lambda: count_rows(t) == 10), "an empty root: the list", t.text())
        t.press("\r")
        check(t.until("orshim: exchange 10"), "an empty root: detail", t.text())
        t.press("qq")
        check(t.ended() == 0, "an empty root: the end", t.raw[-200:])
        check(sorted(os.listdir(root)) == ["log", "orshim"], "nothing is left behind", os.listdir(root))


def check_json(log):
    valid = formats.own_schema("watch")
    for options in ([], ["--status", "401"]):
        piped = subprocess.Popen([ORSHIM, "watch", "--json", "--all", *options, log], stdout=subprocess.PIPE,
                                 env=dict(os.environ, TZ="Asia/Kolkata"))
        wanted = 4 if options else 10
        made = []
        while not made or made[-1]["totals"]["requests"] < wanted:
            made.append(json.loads(piped.stdout.readline()))
        piped.terminate()
        check(piped.communicate()[0] == b"" and piped.returncode == 0, "--json: nothing but objects")
        wrong = [fault for one in made for fault in formats.faults(valid, one)]
        check(not wrong, "--json: the schema", wrong[:3])
        asked = [one for one in made if one["kind"] == "exchange"]
        check([one["totals"]["requests"] for one in asked] == list(range(1, wanted + 1)) and
              asked[-1]["totals"]["refused"] == 4 and len(made) == len(asked) + (not options),
              "--json: totals of %s" % (options or "all"), made)
        check(all(one["local"].endswith("+05:30") and one["ts"].endswith("Z") for one in made), "--json: local time", made[0])
        check(formats.faults(valid, dict(made[0], more=1)) and formats.faults(valid, dict(made[0], totals={})),
              "--json: faults would be found")


def main():
    with tempfile.TemporaryDirectory() as scratch, Mock() as standin:
        log = make_log(scratch, standin)
        check_detail(log)
        check(check_list(log), "no sequence but ours")
        for look in (check_keys, check_sizes, check_ends, check_suspend, check_plain, check_json):
            look(log)
        check_memory(scratch, log)
        check_wide(scratch, log)
        check_hostile(scratch, log, standin)
        check_rootless(scratch, log)
    return finish()


if __name__ == "__main__":
    sys.exit(main())
