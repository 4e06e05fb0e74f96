#!/usr/bin/python3
# SPDX-License-Identifier: MIT
# tags: fast alone
"""attach_refused.py: orshim attach refuses every process that it must not touch, and prints the
reason; the system call in which the process waits continues undisturbed.
"""
import os
import shutil
import signal
import socket
import stat
import subprocess
import sys
import tempfile
import time

from attach import Workshop, wait_for
from harness import CACHE, HERE, ORSHIM, Wrong, attempt, finish, skip

NOBODY = 65534
ROOT = os.geteuid() == 0
RUN, RELAY = "under orshim run", "use orshim relay"  # what to do instead


class Stay:
    """stay.c, or another program, until its standard input is closed."""

    def __init__(self, *command, **options):
        self.process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                        text=True, **options)
        self.first = self.process.stdout.readline()
        self.pid = self.process.pid

    def end(self):
        self.process.stdin.close()
        said = self.process.stdout.read()
        if self.process.wait(timeout=60) != 0 or said != "whole\n":
            raise Wrong("it ended with %d and said %r" % (self.process.returncode, said))


def mappings(pid):
    with open("/proc/%d/maps" % pid, encoding="utf-8") as maps:
        return [line for line in maps if "[stack]" not in line and "[heap]" not in line]


def refused(shop, whom, *words, options=()):
    done = shop.run(*options, whom)
    if done.returncode != 2 or done.stdout or done.stderr.count("\n") != 1:
        raise Wrong("%d %s%s" % (done.returncode, done.stdout, done.stderr))
    for word in words:
        if word not in done.stderr:
            raise Wrong("%r does not say %r" % (done.stderr, word))
    return done.stderr.split("] ", 1)[-1].strip()


def refuse(shop, process, *words):
    before = mappings(process.pid)
    said = refused(shop, process.pid, *words)
    if mappings(process.pid) != before:
        raise Wrong("it was changed all the same")
    process.end()
    return said


def stopped(shop, stay):
    process = Stay(stay)
    os.kill(process.pid, signal.SIGSTOP)
    wait_for("the stop", lambda: " T " in open("/proc/%d/stat" % process.pid, encoding="utf-8").read())
    said = refused(shop, process.pid, "is stopped", "kill -CONT")
    os.kill(process.pid, signal.SIGCONT)
    process.end()
    return said


def traced(shop, stay, tracer):
    process = Stay(*tracer, stay)
    with open("/proc/%d/task/%d/children" % (process.pid, process.pid), encoding="utf-8") as list_:
        child = int(list_.read().split()[0])
    said = refused(shop, child, "is traced by process", tracer[0], RUN)
    process.end()
    return said


def held(shop, stay):
    """gdb has stopped it at a prompt; when gdb has let go of it, it is attached to."""
    process = Stay(stay)
    gdb = subprocess.Popen(["gdb", "-q", "-nx", "-p", str(process.pid)], stdin=subprocess.PIPE,
                           stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, text=True)
    wait_for("gdb", lambda: "TracerPid:\t0\n" not in
             open("/proc/%d/status" % process.pid, encoding="utf-8").read())
    said = refused(shop, process.pid, "is traced by process %d (gdb" % gdb.pid, RUN)
    gdb.communicate("detach\nquit\n", timeout=60)
    done = shop.run(process.pid)
    if done.returncode != 1 or "attached to" not in done.stdout:
        raise Wrong("after gdb: %s%s" % (done.stdout, done.stderr))
    process.end()
    return said


def forbidden(shop, stay):
    """As older containers have it: ptrace(2), or a look at the memory, is not permitted."""
    process = Stay(stay)
    before = mappings(process.pid)
    for call, says in (("ptrace", "a policy of this system or container forbids ptrace(2)"),
                       ("process_vm_readv", "cannot be looked into")):
        done = subprocess.run(["strace", "-qq", "-o", "/dev/null", "-e", "trace=" + call, "-e",
                               "inject=%s:error=EPERM" % call, ORSHIM, "attach",
                               str(process.pid)], capture_output=True, text=True, timeout=60,
                              env=shop.env, check=False)
        if done.returncode != 2 or says not in done.stderr or RUN not in done.stderr or done.stderr.count("\n") != 1:
            raise Wrong("%s: %d %s" % (call, done.returncode, done.stderr))
    if mappings(process.pid) != before:
        raise Wrong("it was changed all the same")
    process.end()
    return says


def as_another(shop, stay):
    """The command of somebody else, at a process of root's."""
    process = Stay(stay)
    copy = shutil.copy(ORSHIM, os.path.join(shop.folder, "orshim"))
    done = subprocess.run([copy, "attach", str(process.pid)], user=NOBODY, group=NOBODY,
                          extra_groups=[], env=shop.env, capture_output=True, text=True,
                          timeout=60, check=False)
    if done.returncode != 2 or "belongs to another user (uid 0)" not in done.stderr or \
            RUN not in done.stderr:
        raise Wrong("%d %s" % (done.returncode, done.stderr))
    process.end()
    return done.stderr.split("] ", 1)[-1].strip()


def not_dumpable(shop, stay):
    """One whose mappings its own user may not see."""
    process = Stay(stay, "shut", user=NOBODY if ROOT else None)
    said = refused(shop, process.pid, "not dumpable", RUN)
    process.end()
    return said


def zombie(shop, stay):
    process = Stay(stay, "zombie")
    said = refused(shop, int(process.first.split()[0]), "zombie", RUN)
    process.end()
    return said


def thread(shop):
    code = ("import threading,sys\nt=threading.Thread(target=sys.stdin.read);t.start()\n"
            "print(t.native_id,flush=True);t.join();print('whole')")
    process = Stay("/usr/bin/python3", "-c", code)
    said = refused(shop, int(process.first), "is a thread of process %d" % process.pid)
    process.end()
    return said


def others_rights(shop, stay):
    """A setuid program: its files are root's, or another's if we are root."""
    copy = shutil.copy(stay, os.path.join(shop.folder, "setuid"))
    if ROOT:
        os.chown(copy, NOBODY, -1)
        os.chmod(copy, 0o755 | stat.S_ISUID)
        return refuse(shop, Stay(copy), "does not attach to it", RELAY)
    return "not as this user"


def named(shop, stay):
    name = os.path.basename(shutil.copy(stay, os.path.join(shop.folder, "twice-named")))
    path = os.path.join(shop.folder, name)
    first, second = Stay(path), Stay(path)
    done = shop.run(name)
    if done.returncode != 2 or not all(str(p.pid) in done.stderr for p in (first, second)) or \
            "2 processes are called twice-named" not in done.stderr:
        raise Wrong(done.stderr)
    second.end()
    done = shop.run(name)
    if "attached to twice-named[%d]" % first.pid not in done.stdout:
        raise Wrong(done.stdout + done.stderr)
    listed = shop.run("--list").stdout
    if "%7d  attached  since 20" % first.pid not in listed or shop.log_of(first.pid) not in listed:
        raise Wrong(listed)
    refused(shop, first.pid, "is attached already")
    first.end()
    return refused(shop, name, "no process of yours")


def busy(shop, stay):
    """Nobody waits: it is given up, at Ctrl-C as well."""
    process = Stay(stay, "busy")
    before = mappings(process.pid)
    attach = subprocess.Popen([ORSHIM, "attach", str(process.pid)], env=shop.env, text=True,
                              stderr=subprocess.PIPE)
    time.sleep(0.5)  # long enough to be at it; whatever it does then is right
    attach.send_signal(signal.SIGINT)
    _, said = attach.communicate(timeout=60)
    process.process.kill()
    process.process.wait()
    if attach.returncode != 128 + signal.SIGINT or "is as it was" not in said or not before:
        raise Wrong("%d %s" % (attach.returncode, said))
    return said.strip()


def goes_on(shop, stay, how):
    """The wait, the registers, the time: attach and detach three times in one wait."""
    process = Stay(stay, how)
    for _ in range(3):
        done = shop.run(process.pid)
        if done.returncode != 1 or "no TLS library" not in done.stdout:
            raise Wrong("attach: %d %s%s" % (done.returncode, done.stdout, done.stderr))
        done = shop.run("--detach", process.pid)
        if done.returncode != 0:
            raise Wrong(done.stderr)
    process.end()
    return "as it was to"


def preloaded(shop, stay):
    library = os.path.join(os.path.dirname(ORSHIM), "liborshim.so")
    process = Stay(stay, env={**shop.env, "LD_PRELOAD": library})
    said = refused(shop, process.pid, "carries the shim already", "orshim attach --list")
    for words in (["--detach"], ["--detach"], []):
        done = shop.run(*words, process.pid)
        if done.returncode == 2:
            raise Wrong(done.stderr)
    process.end()
    return said


def untappable(shop):
    """Go's own TLS in a dynamic program: attached to, and told what sees it."""
    program = os.path.join(shop.folder, "ask")
    subprocess.run(["go", "build", "-o", program, os.path.join(HERE, "redirect", "ask.go")], check=True,
                   env={**os.environ, "CGO_ENABLED": "1", "GO111MODULE": "off",
                        "GOCACHE": os.path.join(CACHE, "gocache")})
    with socket.create_server(("127.0.0.1", 0)) as server:  # accepts, and is silent
        process = subprocess.Popen([program, "https://127.0.0.1:%d/" % server.getsockname()[1]],
                                   stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        held, _ = server.accept()
        done = shop.run(process.pid)
        process.kill()
        process.wait()
        held.close()
    if "its TLS is Go crypto/tls, which cannot be tapped: start it " + RUN not in done.stdout:
        raise Wrong(done.stdout + done.stderr)
    return done.stdout.splitlines()[1].strip()


def wrong_words(shop):
    for words, expected in ((["--nonsense"], "--nonsense"), ([], "which PID or NAME"),
                            (["--list", "1"], "--list takes no PID"), (["0"], "not a process number"),
                            (["2147483646"], "there is no process")):
        done = shop.run(*words)
        if done.returncode != 2 or expected not in done.stderr:
            raise Wrong("%s: %d %s" % (words, done.returncode, done.stderr))
    for name, value in (("ORSHIM_BODY_MAX", "lots"), ("ORSHIM_RULES", "x=y"),
                        ("ORSHIM_HOSTS", "a b")):
        done = shop.run(os.getpid(), env={name: value})
        if done.returncode != 2 or name not in done.stderr:
            raise Wrong("%s=%s: %d %s" % (name, value, done.returncode, done.stderr))
    return "one line each"


def main():
    with tempfile.TemporaryDirectory(prefix="orshim-attach.") as folder:
        shop = Workshop(folder)
        stay = shop.compile("stay")
        static = shop.compile("stay-static", "-static", source="stay.c")
        for how in ("registers", "sleep", "poll", "epoll"):
            attempt(how + " goes on", lambda h=how: goes_on(shop, stay, h))
        attempt("by name", lambda: named(shop, stay))
        attempt("preloaded", lambda: preloaded(shop, stay))
        attempt("busy", lambda: busy(shop, stay))
        attempt("stopped", lambda: stopped(shop, stay))
        attempt("zombie", lambda: zombie(shop, stay))
        attempt("thread", lambda: thread(shop))
        attempt("static", lambda: refuse(shop, Stay(static), "statically linked", RUN))
        attempt("setuid", lambda: others_rights(shop, stay))
        if ROOT:
            attempt("another user's", lambda: as_another(shop, stay))
        else:
            attempt("another user's", lambda: refused(shop, 1, "another user", RUN))
        attempt("not dumpable", lambda: not_dumpable(shop, stay))
        if shutil.which("musl-gcc"):
            musl = shop.compile("stay-musl", "-idirafter", "/usr/include", "-idirafter",
                                "/usr/include/x86_64-linux-gnu", source="stay.c",
                                compiler="musl-gcc")
            attempt("musl", lambda: refuse(shop, Stay(musl), RUN))
            shut = shop.compile("stay-musl-static", "-static", "-idirafter", "/usr/include",
                                "-idirafter", "/usr/include/x86_64-linux-gnu", source="stay.c",
                                compiler="musl-gcc")
            attempt("musl, static", lambda: refuse(shop, Stay(shut), "statically linked", RUN))
        if shutil.which("qemu-aarch64") and shutil.which("aarch64-linux-gnu-gcc"):
            arm = shop.compile("stay-arm64", "-static", source="stay.c",
                               compiler="aarch64-linux-gnu-gcc")
            attempt("arm64 by qemu", lambda: refuse(
                shop, Stay("qemu-aarch64", arm), "qemu-aarch64", "another architecture", RELAY))
        else:
            skip("arm64 by qemu: qemu-aarch64 or aarch64-linux-gnu-gcc is not here")
        if shutil.which("go"):
            attempt("Go", lambda: untappable(shop))
        else:
            skip("Go: it is not here")
        if shutil.which("gdb"):
            attempt("held by gdb", lambda: held(shop, stay))
        else:
            skip("held by gdb: it is not here")
        if shutil.which("strace"):
            attempt("ptrace(2) forbidden", lambda: forbidden(shop, stay))
            attempt("traced", lambda: traced(shop, stay, ["strace", "-o", "/dev/null", "-e",
                                                               "trace=none"]))
        if os.path.isdir("/proc/2") and not os.path.exists("/proc/2/exe"):
            attempt("kernel thread", lambda: refused(shop, 2, "is a thread of the kernel"))
        attempt("wrong words", lambda: wrong_words(shop))
    return finish()


if __name__ == "__main__":
    sys.exit(main())
