#!/usr/bin/python3
# SPDX-License-Identifier: MIT
# tags: fast alone
"""attach_confined.py: orshim attach with processes and commands in sandboxes: seccomp, namespaces,
another root folder, Yama, limits. Each refusal is one line, and the process keeps running
undisturbed. If both are in the same sandbox, attaching succeeds.
"""
import os
import shutil
import subprocess
import sys
import tempfile

from attach import Workshop
from attach_refused import NOBODY, ROOT, Stay, mappings, refuse, refused
from harness import ORSHIM, Wrong, attempt, finish, skip


STACK = (1 << 20) + 4096  # of the thread that attach starts


def may(*command):
    """Can this be done here at all?"""
    return shutil.which(command[0]) and subprocess.run(
        [*command, "true"], capture_output=True, check=False).returncode == 0


# Both within one sandbox. stay.c's ends are FIFOs, so that the shell can hold them.
INSIDE = """mkfifo "$3/in" "$3/out" && { "$1" <"$3/in" >"$3/out" & } && pid=$!
exec 4>"$3/in" 5<"$3/out"
read -r ready <&5
"$2" attach ${4:-$pid}; echo "status $?"
"$2" attach --detach $pid >&2
exec 4>&-
cat <&5"""
AS_NOBODY = ["setpriv", "--reuid", str(NOBODY), "--regid", str(NOBODY), "--clear-groups"]


class Sandbox:
    """A folder that everybody may use, and the command in it."""

    def __init__(self, shop, stay):
        self.shop, self.stay, self.count = shop, stay, 0
        for name in (ORSHIM, os.path.join(os.path.dirname(ORSHIM), "liborshim.so")):
            shutil.copy(name, shop.folder)
        self.orshim = os.path.join(shop.folder, "orshim")

    def meet(self, *command, whom=""):
        """What `orshim attach` says within COMMAND to a process there, or to WHOM."""
        self.count += 1
        folder = os.path.join(self.shop.folder, "sandbox-%d" % self.count)
        os.mkdir(folder)
        os.chmod(folder, 0o777)
        done = subprocess.run([*command, "sh", "-c", INSIDE, "sh", self.stay, self.orshim, folder,
                               whom], capture_output=True, text=True, timeout=60, check=False,
                              env={**self.shop.env, "XDG_STATE_HOME": folder})
        if not done.stdout.endswith("\nwhole\n"):
            raise Wrong("it is not whole: %s%s" % (done.stdout, done.stderr))
        return done.stdout, done.stderr

    def meets(self, *command):
        said, trouble = self.meet(*command)
        if "attached to stay" not in said or "status 1" not in said:
            raise Wrong(said + trouble)
        return said.splitlines()[0]

    def refuses(self, words, *command, whom=""):
        said, trouble = self.meet(*command, whom=whom)
        first = trouble.splitlines()[0]
        if said.splitlines()[0] != "status 2" or words not in first:
            raise Wrong("not %r: %s%s" % (words, said, trouble))
        return first.split("attach: ", 1)[-1]


def with_yama(scope, *command):
    """A mount of our own over /proc/sys/kernel, with what this kernel may not have."""
    script = ('last=$(cat /proc/sys/kernel/cap_last_cap) && mount -t tmpfs none /proc/sys/kernel && '
              'mkdir /proc/sys/kernel/yama && echo "$last" >/proc/sys/kernel/cap_last_cap && '
              'echo %d >/proc/sys/kernel/yama/ptrace_scope && exec "$@"' % scope)
    return ["unshare", "-m", "sh", "-c", script, "sh", *command]


def yama(sandbox):
    for scope, words in ((1, "ptrace_scope is 1; use sudo orshim attach"),
                         (2, "ptrace_scope is 2; use sudo orshim attach"),
                         (3, "ptrace_scope is 3, which forbids it until the next boot")):
        attempt("Yama %d" % scope, lambda s=scope, w=words: sandbox.refuses(
            w, *with_yama(s, *AS_NOBODY)))
    attempt("Yama 3 for root", lambda: sandbox.refuses(
        "ptrace_scope is 3", *with_yama(3)))
    attempt("Yama 0", lambda: sandbox.meets(*with_yama(0, *AS_NOBODY)))
    attempt("Yama 2 for root", lambda: sandbox.meets(*with_yama(2)))


def namespaces(shop, sandbox, stay, static):
    quiet = ["--propagation", "unchanged"]  # `/` need not be a mount point
    user = ["unshare", "-Ur"]
    if may(*user):
        attempt("other users", lambda: entered(shop, Stay(*user, stay, env=home(shop))))
        attempt("the same users", lambda: sandbox.meets(*user))
        attempt("from inside at the outside", lambda: sandbox.refuses(
            "", *user, whom=str(os.getpid())))
    else:
        skip("user namespaces: not allowed here")
    numbers = ["unshare", *([] if ROOT else ["-Ur"]), "-pf"]
    if may(*numbers):
        child = [*numbers, "--kill-child", "--"]
        attempt("other numbers", lambda: in_child(shop, child, stay))
        attempt("numbers that /proc does not tell", lambda: sandbox.refuses(
            "/proc shows the processes of another pid namespace", *numbers))
    if may(*numbers, "--mount-proc"):
        attempt("the same numbers", lambda: sandbox.meets(*numbers, "--mount-proc"))
    else:
        skip("the same numbers: `/` is no mount point, or /proc may not be mounted")
    if ROOT:
        attempt("other files", lambda: entered(
            shop, Stay("unshare", "-m", *quiet, stay, env=home(shop))))
        attempt("other files, for another user", lambda: not_entered(
            shop, Stay("unshare", "-m", *quiet, *AS_NOBODY, stay)))
        attempt("another root folder, without /proc", lambda: refuse(
            shop, Stay("chroot", os.path.dirname(static), "/" + os.path.basename(static)),
            "/proc is not mounted"))


def home(shop):
    """Where a log comes to for who is not where the command was started."""
    return {**os.environ, "HOME": shop.folder}


def entered(shop, process, pid=None):
    """From outside of where it is; the log is named by the way from here."""
    pid = pid or process.pid
    done = shop.run(pid)
    if done.returncode != 1 or "attached to stay[%d]" % pid not in done.stdout:
        raise Wrong("%d %s%s" % (done.returncode, done.stdout, done.stderr))
    log = done.stdout.split("log: ")[1].split("\n")[0]
    if not os.path.exists(log) or "undo: orshim attach --detach %d\n" % pid not in done.stdout:
        raise Wrong(done.stdout)
    refused(shop, pid, "is attached already, log: " + log)
    done = shop.run("--detach", pid)
    if done.returncode != 0:
        raise Wrong(done.stdout + done.stderr)
    process.end()
    return "attached to, log: " + log


def not_entered(shop, process):
    copy = shutil.copy(ORSHIM, os.path.join(shop.folder, "orshim-of-nobody"))
    done = subprocess.run([*AS_NOBODY, copy, "attach", str(process.pid)], env=shop.env, text=True,
                          capture_output=True, timeout=60, check=False)
    if done.returncode != 2 or "attach as root, or from inside of it" not in done.stderr or \
            done.stderr.count("\n") != 1:
        raise Wrong("%d %s%s" % (done.returncode, done.stdout, done.stderr))
    process.end()
    return done.stderr.split("] ", 1)[-1].strip()


def in_child(shop, command, stay):
    """unshare -p puts only its child there; with -Ur it has other users, too."""
    process = Stay(*command, stay, env=home(shop))
    with open("/proc/%d/task/%d/children" % (process.pid, process.pid), encoding="utf-8") as list_:
        child = int(list_.read().split()[0])
    return entered(shop, process, child)


def set_limit(process, name, soft, **options):
    subprocess.run(["prlimit", "--pid", str(process.pid), "--%s=%s:" % (name, soft)], check=True,
                   **options)


def size(mapping):
    low, high = mapping.split()[0].split("-")
    return int(high, 16) - int(low, 16)


def limited(shop, stay, limit, words, **options):
    """What attaching needs is not to be had: it is told, and nothing stays behind."""
    process = Stay(stay, **options)
    before = mappings(process.pid)
    log = ["--log", os.path.join(shop.folder, "everybody", "log")]
    os.makedirs(os.path.dirname(log[1]), exist_ok=True)
    os.chmod(os.path.dirname(log[1]), 0o777)
    with open("/proc/%d/statm" % process.pid, encoding="ascii") as statm:
        now = int(statm.read().split()[0]) * os.sysconf("SC_PAGE_SIZE")
    set_limit(process, limit, now + 64 * 1024 if limit == "as" else 1, **options)
    said = refused(shop, process.pid, words, options=log)
    stayed = sum(map(size, set(mappings(process.pid)) - set(before)))
    if stayed > (STACK if limit == "nproc" else 0):  # libc keeps that for the next thread
        raise Wrong("%d bytes stayed behind" % stayed)
    set_limit(process, limit, "unlimited" if limit == "as" else 1000, **options)
    done = shop.run(*log, process.pid)
    if done.returncode != 1 or "attached to" not in done.stdout:
        raise Wrong("without the limit: %s%s" % (done.stdout, done.stderr))
    process.end()
    return said


def main():
    with tempfile.TemporaryDirectory(prefix="orshim-attach.") as folder:
        shop = Workshop(folder)
        stay = shop.compile("stay")
        static = shop.compile("stay-static", "-static", source="stay.c")
        attempt("seccomp, a filter that kills", lambda: refuse(
            shop, Stay(stay, "seccomp"), "seccomp filter", "orshim run"))
        attempt("seccomp, strict", lambda: refuse(
            shop, Stay(stay, "strict"), "seccomp (strict mode)"))
        attempt("no memory", lambda: limited(
            shop, stay, "as", "has no memory for it"))
        attempt("no thread", lambda: limited(  # root's are not counted
            shop, stay, "nproc", "could not start a thread", **({"user": NOBODY} if ROOT else {})))
        sandbox = Sandbox(shop, stay)
        namespaces(shop, sandbox, stay, static)
        if ROOT and may("unshare", "-m"):
            yama(sandbox)
        else:
            skip("Yama: a file of its kind needs root, and `/` as a mount point")
    return finish()


if __name__ == "__main__":
    sys.exit(main())
