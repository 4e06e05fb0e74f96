# SPDX-License-Identifier: MIT
"""How the bench measures: programs run in turn, in rounds, and what one table line says."""

import collections
import contextlib
import os
import signal
import statistics
import subprocess
import sys
import time

# Rounds at most and at least, seconds after which no further round of a row begins, and the part
# of the full number of operations in a round.
Effort = collections.namedtuple("Effort", "most least span part")
FULL = Effort(11, 3, 12, 1)
# For differences of some nanoseconds: many short rounds, for each process lies elsewhere in memory.
FINE = Effort(101, 51, 20, 20)
QUICK = Effort(3, 1, 2, 10)
# Seconds after which a program is ended and its row given up.
PATIENCE = 60

BARE, EMPTY, SHIM = "bare", "empty", "shim"


class Unmeasured(Exception):
    """A program did not give its numbers: the reason, in one line."""


def run(command, env, limit=PATIENCE):
    """What COMMAND writes to standard output. It and all that it started end with the limit."""
    child = subprocess.Popen(command, env=env, text=True, stdin=subprocess.DEVNULL,
                             stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                             start_new_session=True)
    try:
        out, err = child.communicate(timeout=limit)
    except BaseException as why:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(child.pid, signal.SIGKILL)
        child.wait()
        if isinstance(why, subprocess.TimeoutExpired):
            raise Unmeasured("%s did not end within %d s" % (command[0], limit)) from None
        raise
    if child.returncode:
        why = (err.strip().splitlines() or ["status %d" % child.returncode])[-1]
        raise Unmeasured("%s: %s" % (os.path.basename(command[0]), why[:160]))
    return out


def numbers(command, env, limit=PATIENCE):
    found = [float(n) for n in run(command, env, limit).split()]
    if not found:
        raise Unmeasured("%s: no numbers" % command[0])
    return found


def ms(ns):
    return "%.1f ms" % (ns / 1e6)


def us(ns):
    return "%.2f us" % (ns / 1e3)


def whole_ns(ns):
    return "%.0f ns" % ns


def kib(size):
    return "%.1f KiB" % (size / 1024)


def mib(size):
    return "%.1f MiB" % (size / 2 ** 20)


def whole(number):
    return "%.0f" % number


def per_second(rate):
    return "%.0f /s" % rate


def gigabytes(rate):
    return "%.2f GB/s" % rate


class Budget:
    """What the shim may add, or the ratio that it must keep, against the bare or the empty one."""

    def __init__(self, added=None, most=None, least=None, against=BARE):
        self.added, self.most, self.least, self.against = added, most, least, against

    def text(self, show):
        bound = ("+" + show(self.added) if self.added is not None else
                 "%.2f x" % (self.least if self.most is None else self.most))
        return bound + (" of empty" if self.against == EMPTY else "")

    def met(self, values):
        before, after = values[self.against], values[SHIM]
        if self.added is not None:
            return after - before <= self.added
        if self.most is not None:
            return after <= self.most * before
        return after >= self.least * before


class Table:
    """Rows on standard output as they are measured, progress on standard error."""

    def __init__(self, effort):
        self.effort = effort
        self.begun = time.monotonic()
        self.load = os.getloadavg()[0]
        self.turns = self.met = self.missed = self.unmeasured = 0
        self.write("", "rounds", BARE, EMPTY, SHIM, "shim - bare", "shim / bare", "budget", "")

    @staticmethod
    def write(what, *rest):
        print(("%-53s %6s" + " %12s" * 5 + " %18s  %s") % (what, *rest), flush=True)

    def cells(self, what, *rest):
        self.write(what, self.turns, *rest)

    def count(self, full):
        return max(full // self.effort.part, 1)

    @contextlib.contextmanager
    def row(self, what):
        """What goes wrong inside costs this row alone."""
        print("bench: %4.0f s: %s" % (time.monotonic() - self.begun, what), file=sys.stderr,
              flush=True)
        try:
            yield
        except (Unmeasured, OSError, ValueError) as error:
            self.unmeasured += 1
            self.say("%s: NOT MEASURED: %s" % (what, error))

    @contextlib.contextmanager
    def finely(self):
        """Inside: many short rounds. A quick bench stays quick."""
        usual = self.effort
        self.effort = FINE if usual == FULL else usual
        try:
            yield
        finally:
            self.effort = usual

    def rounds(self, programs):
        """PROGRAMS, {name: function that gives numbers}, in turn: {name: each number's median}.

        The first one's are its medians. The others' are those plus the median of the differences
        to the first within a round: neighbours share what else the machine was doing.
        """
        names, begun = list(programs), time.monotonic()
        taken = {name: [] for name in names}
        self.turns = 0
        while self.turns < self.effort.most and (self.turns < self.effort.least or
                                                 time.monotonic() - begun < self.effort.span):
            first = self.turns % len(names)
            for name in names[first:] + names[:first]:
                taken[name].append(programs[name]())
            self.turns += 1
        base = taken[names[0]]
        middle = [statistics.median(column) for column in zip(*base)]
        return {name: [m + statistics.median(t[i] - b[i] for t, b in zip(taken[name], base))
                       for i, m in enumerate(middle)] for name in names}

    def line(self, what, values, show, budget=None):
        """VALUES, {BARE, EMPTY, SHIM: number}; not every row has an empty library."""
        bare, under = values[BARE], values[SHIM]
        met = budget.met(values) if budget else None
        self.cells(what, *(show(values[name]) if name in values else "" for name in (BARE, EMPTY, SHIM)),
                   ("+" if under >= bare else "-") + show(abs(under - bare)),
                   "%.3f x" % (under / bare) if bare > 0 else "-",
                   budget.text(show) if budget else "", self.verdict(met))

    def verdict(self, met):
        """Counts and says it; None is a row without a budget."""
        self.met += met is True
        self.missed += met is False
        return {None: "", True: "met", False: "MISSED"}[met]

    @staticmethod
    def say(what):
        print("    " + what, flush=True)

    def close(self):
        print("%d budgets met, %d missed, %d rows not measured, %.0f s; load average %.1f to %.1f" % (
            self.met, self.missed, self.unmeasured, time.monotonic() - self.begun, self.load,
            os.getloadavg()[0]))
