#!/usr/bin/python3
# SPDX-License-Identifier: MIT
# tags: fast
"""What a hostile process of this machine gains from the relay of `orshim run`: nothing.

The run is nobody's. While its tool has one answer and waits to ask again, the attacker, once as
the same user and once as another, tries the relay's memory, its descriptors, its folder and its
door. Then the tool asks again and is served as before. The key of the run's authority is in no
file, what was written holds no key of the user's, and at the end nothing is left.
"""

import array
import ctypes
import errno
import os
import socket
import stat
import subprocess
import sys

from redirect import place
import redirect_trouble
from harness import ORSHIM, check, finish, skip_all

NOBODY, OTHER = 65534, 65533
TOOL = """
import os, sys, urllib.error, urllib.request
def ask():
    r = urllib.request.Request(sys.argv[1], b'{"model":"openai/gpt-4o-mini","messages":[]}', {
        "Authorization": "Bearer " + os.environ["OPENROUTER_API_KEY"],
        "Content-Type": "application/json"})
    try:
        with urllib.request.urlopen(r) as a: return a.status
    except urllib.error.HTTPError as e: return e.code
print(ask(), flush=True)
sys.stdin.readline()
print(ask(), flush=True)
"""
PTRACE_SEIZE, PIDFD_OPEN, PIDFD_GETFD = 0x4206, 434, 438
READV = 310 if os.uname().machine == "x86_64" else 270


def as_user(user, work):
    """What WORK() returns, one line of text, in a child of that USER."""
    read, write = os.pipe()
    child = os.fork()
    if child == 0:
        try:
            os.setgroups([])
            os.setresgid(user, user, user)
            os.setresuid(user, user, user)
            os.write(write, work().encode())
        except BaseException as problem:  # the test reads it
            os.write(write, repr(problem).encode())
        os._exit(0)
    os.close(write)
    with os.fdopen(read) as said:
        text = said.read()
    os.waitpid(child, 0)
    return text


def looks_into(pid):
    """Names of the ways into process PID that are open."""
    libc = ctypes.CDLL(None, use_errno=True)
    room = ctypes.create_string_buffer(64)
    here = (ctypes.c_size_t * 2)(ctypes.addressof(room), 8)
    there = (ctypes.c_size_t * 2)(0x10000, 8)
    found = []
    for name in ("mem", "environ", "maps", "auxv", "syscall"):
        try:
            with open("/proc/%d/%s" % (pid, name), "rb") as one:
                if name == "mem" or one.read(1):
                    found.append(name)
        except OSError:
            pass
    try:
        found += ["fd"] if os.listdir("/proc/%d/fd" % pid) else []
    except OSError:
        pass
    if libc.ptrace(PTRACE_SEIZE, pid, None, None) == 0:
        found.append("ptrace")
    libc.syscall(READV, pid, here, 1, there, 1, ctypes.c_ulong(0))
    if ctypes.get_errno() not in (errno.EPERM, errno.ESRCH):
        found.append("process_vm_readv")
    pidfd = libc.syscall(PIDFD_OPEN, pid, 0)
    for fd in range(24) if pidfd >= 0 else ():
        if libc.syscall(PIDFD_GETFD, pidfd, fd, 0) >= 0:
            found.append("descriptor %d" % fd)
    return " ".join(found)


def knocks(door):
    """What is no message of the protocol, with descriptors that are no filter's; how many were answered."""
    read, _ = os.pipe()
    null = os.open("/dev/null", os.O_RDWR)
    connected = socket.create_server(("127.0.0.1", 0)).fileno()
    answers = 0
    for message in (b"", b"T", b"L", b"L00", b"L11", b"W", b"W" * 5000, b"P9" + b"x" * 4200, b"F",
                    b"\xff" * 300, b"T\x7f" + b"/" * 4000, b"T\x07/nowhere", b"Lx" * 2000,
                    b"Wthere is a forged reason\0/usr/bin/forged"):
        for fds in ((), (read,), (null,), (connected,), (read, null, connected)):
            try:
                with socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET) as one:
                    one.settimeout(0.05)
                    one.connect(door)
                    rights = [(socket.SOL_SOCKET, socket.SCM_RIGHTS, array.array("i", fds))] if fds else []
                    one.sendmsg([message], rights)
                    answers += one.recv(4096)[:1] == b"K"
            except OSError:
                pass
    return str(answers)


def reaches(folder):
    """What another user sees of the run's folder."""
    found = []
    try:
        found += os.listdir(folder)
    except OSError:
        pass
    for name in ("relay", "orshim", "trust-SSL_CERT_FILE.pem", "log"):
        try:
            with socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET) as one:
                one.connect(os.path.join(folder, name))
                found.append("connected to " + name)
        except OSError:
            pass
        try:
            with open(os.path.join(folder, name), "rb"):
                found.append("opened " + name)
        except OSError:
            pass
    return " ".join(found)


def files_below(*folders):
    for folder in folders:
        for top, _, files in os.walk(folder):
            for name in files:
                path = os.path.join(top, name)
                if stat.S_ISREG(os.lstat(path).st_mode):
                    with open(path, "rb") as one:
                        yield path, one.read()


def has_private_key(content):
    """PEM of any kind; the DER of an EC key on P-256 (RFC 5915), of PKCS #8 around it (RFC 5208)."""
    return b"PRIVATE KEY" in content or b"\x02\x01\x01\x04\x20" in content


def kept(home, key):
    """Nothing secret in a file, as long as the run lasts."""
    held = ["/proc/%d/fd/%s" % (pid, fd) for pid in redirect_trouble.relays()
            for fd in os.listdir("/proc/%d/fd" % pid)]
    held = [path for path in held if os.path.exists(path) and stat.S_ISREG(os.stat(path).st_mode)]
    read = list(files_below(home))
    for path in held:
        with open(path, "rb") as one:
            read.append((path, one.read()))
    check(any(b"BEGIN CERTIFICATE" in content for _, content in read),
          "the authority's certificate is in a file", [p for p, _ in read])
    check(not [p for p, content in read if has_private_key(content)],
          "the authority's key is in none", [p for p, content in read if has_private_key(content)])
    check(not [p for p, content in read if key[len("sk-or-v1-"):].encode() in content],
          "nor the user's key in what was written", [p for p, _ in read])


def attacks(folder):
    for pid in redirect_trouble.relays():
        for who, user in (("the same user", NOBODY), ("another user", OTHER)):
            found = as_user(user, lambda p=pid: looks_into(p))
            check(found == "", "%s does not get into the relay" % who, found)
    check(as_user(OTHER, lambda: reaches(folder)) == "", "another user does not see the run's folder",
          as_user(OTHER, lambda: reaches(folder)))
    check(as_user(OTHER, lambda: knocks(folder + "/relay")) == "0", "nor its door", "")
    answered = as_user(NOBODY, lambda: knocks(folder + "/relay"))
    check(answered == "0", "the door takes no descriptor that is not a filter's", answered)


def run_folder(home):
    """Where the run's door is."""
    for top, _, files in os.walk(home):
        if "relay" in files:
            return top
    return None


def hostile(here):
    home = os.path.join(here.scratch, "nobody")
    os.chmod(here.scratch, 0o755)
    os.mkdir(home, 0o700)
    os.chown(home, NOBODY, NOBODY)
    key = '"%s"' % here.good
    trust = os.path.join(here.scratch, "stand-in.pem")
    with open(trust, "wb") as out, open(here.server.ca, "rb") as ca:
        out.write(ca.read())
    os.chmod(trust, 0o644)
    log = os.path.join(home, "log")
    env = here.environment(key, [], {"HOME": home, "TMPDIR": home, "SSL_CERT_FILE": trust,
                                     "XDG_STATE_HOME": home + "/state", "ORSHIM_TEXT": "off"})
    run = subprocess.Popen(
        ["setpriv", "--reuid=%d" % NOBODY, "--regid=%d" % NOBODY, "--clear-groups", ORSHIM, "run",
         "--relay", "all", "--log", log, "--", *place.unseen(
             "/usr/bin/python3", "-c", TOOL, place.BASE + "/chat/completions")],
        env=env, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    first = run.stdout.readline()
    check(first == b"401\n" and len(redirect_trouble.relays()) == 2, "the run is served", first)
    folder = run_folder(home)
    check(folder and stat.S_IMODE(os.stat(folder).st_mode) == 0o700, "its folder is its own", folder)
    kept(home, here.good)
    attacks(folder)
    rest, err = run.communicate(b"go\n", timeout=60)
    check((run.returncode, rest) == (0, b"401\n"), "and after all that, too", (run.returncode, rest, err))
    check(b"forged" not in err, "and the user reads nothing that the attacker told", err)
    here.log = log
    causes = [r["verdict"]["cause"] for r in place.of(here.logged(), "exchange")]
    check(causes == ["auth_token_quoted"] * 2, "both are diagnosed, and nothing else is in the log",
          here.logged())
    check(redirect_trouble.wait_for_end(), "no process of it is left")
    left = [p for p, _ in files_below(home) if os.path.basename(p).startswith("trust-")]
    check(not left and run_folder(home) is None, "nor a file", left)


def inside(scratch, _):
    if os.geteuid() != 0:
        skip_all("two users are needed: run it as root")
    with place.Place(scratch) as here:
        hostile(here)
    return finish()


if __name__ == "__main__":
    sys.exit(place.main(inside))
