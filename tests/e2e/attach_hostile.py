#!/usr/bin/python3
# SPDX-License-Identifier: MIT
# tags: fast alone
"""attach_hostile.py: orshim attach goes into a container whose root is hostile. It gets no hold of the
process that enters, has none of its libraries loaded there, cannot make it wait for a FIFO that is mounted
over a file of /proc, and gives the terminal no orders.
"""
import os
import shutil
import signal
import subprocess
import sys
import tempfile

from attach import Workshop, wait_for
from attach_confined import AS_NOBODY, entered, home, may
from attach_refused import NOBODY, ROOT, Stay, refused
from harness import HERE, ORSHIM, PYTHON, Wrong, attempt, finish, skip

MATERIAL = os.path.join(HERE, "attach_hostile")
CONTAINER = ["unshare", "-Urpf", "--mount-proc", "--kill-child", "--"]
# A root folder with the libraries of this machine, an /etc and a /lib of its own; the process gives up root's rights.
OTHER_ROOT = '''mount -t tmpfs none "$1" && cd "$1" && mkdir etc proc tmp home lib usr lib64 &&
chmod 777 tmp home && mount --rbind /usr usr && mount --rbind /lib64 lib64 && mount -t proc proc proc &&
mkdir "lib/$5" && mount --rbind "/lib/$5" "lib/$5" && cp "$2" stay && cp "$3" lib/libnss_hostile.so.2 &&
echo "passwd: hostile" >etc/nsswitch.conf && touch loaded && chmod 666 loaded &&
HOME=/home exec chroot . /stay "$4"'''


def children(pid):
    with open("/proc/%d/task/%d/children" % (pid, pid), encoding="utf-8") as list_:
        return [int(word) for word in list_.read().split()]


def spied_on(shop, busy):
    """A busy process, so that the command looks for an idle thread of it, and a spy beside it."""
    process = Stay(*CONTAINER, "sh", "-c", '"$1" "$2" & exec "$3"', "sh", PYTHON,
                   os.path.join(MATERIAL, "spy.py"), busy, env=home(shop))
    inside = children(process.pid)[0]
    wait_for("the spy and the busy one", lambda: process.process.stdout.readline() == "ready\n")
    with subprocess.Popen([ORSHIM, "attach", str(inside)], env=shop.env, stderr=subprocess.PIPE, text=True) as command:
        said = process.process.stdout.readline()
        # The terminal's Ctrl-C goes to all that the command is by now.
        for pid in [*children(children(command.pid)[0]), command.pid]:
            os.kill(pid, signal.SIGINT)
        trouble = command.stderr.read()
    process.process.stdin.close()
    process.process.wait(timeout=60)
    if said != "orshim: nothing\n":
        raise Wrong("%r %s" % (said, trouble))
    return said.strip()


def mounted_over(shop, stay, name):
    """A FIFO over /proc/PID/NAME."""
    folder = os.path.join(shop.folder, "over-" + name)
    os.mkdir(folder)
    script = ('mkfifo "$2/fifo" && { "$1" <&3 3<&- & } 3<&0 && pid=$! && '
              'mount --bind "$2/fifo" "/proc/$pid/$3" && echo mounted && wait')
    process = Stay(*CONTAINER, "sh", "-c", script, "sh", stay, folder, name, env=home(shop))
    lines = {process.first, process.process.stdout.readline()}
    if lines != {"ready\n", "mounted\n"}:
        raise Wrong(repr(lines))
    shell = children(process.pid)[0]
    said = refused(shop, children(shell)[0], "something is mounted over /proc/")
    process.end()
    return said


def libraries_of_its_own(shop, stay_as):
    """Root attaches to another user's process; who that is, no library of the container says."""
    root = os.path.join(shop.folder, "root")
    os.mkdir(root)
    library = os.path.join(shop.folder, "libnss_hostile.so.2")
    subprocess.run(["cc", "-shared", "-fPIC", "-o", library, os.path.join(MATERIAL, "libnss_hostile.c")], check=True)
    process = Stay("unshare", "-mpf", "--kill-child", "--", "sh", "-c", OTHER_ROOT, "sh", root, stay_as, library,
                   str(NOBODY), os.uname().machine + "-linux-gnu")
    inside = children(process.pid)[0]
    looked_up = subprocess.run(["nsenter", "-t", str(inside), "-a", "-r", "/usr/bin/id", "-un", str(NOBODY)],
                               capture_output=True, check=False)
    with open(os.path.join("/proc", str(inside), "root", "loaded"), "r+", encoding="utf-8") as loaded:
        if not loaded.read():
            raise Wrong("the trap does not work: " + repr(looked_up))
        loaded.truncate(0)
        said = entered(shop, process, inside)
        loaded.seek(0)
        if loaded.read():
            raise Wrong("the container's library was loaded")
    return said


def orders(shop, stay):
    """The name of its program would clear the screen."""
    name = shutil.copy(stay, os.path.join(shop.folder, "st\x1b[2Jay"))
    process = Stay(name)
    said = [shop.run(process.pid), shop.run(process.pid), shop.run("--detach", process.pid)]
    process.end()
    if any("\x1b" in done.stdout + done.stderr or "st?[2Jay" not in done.stdout + done.stderr for done in said):
        raise Wrong(repr(said))
    return said[0].stdout.splitlines()[0]


def other_users(shop, stay):
    """A user's own namespace, whose setgroups file says "deny": root of here is that user in there."""
    everybody = os.path.join(shop.folder, "everybody")
    os.mkdir(everybody)
    os.chmod(everybody, 0o777)
    said = entered(shop, Stay(*AS_NOBODY, "unshare", "-Ur", stay, env={**os.environ, "HOME": everybody}))
    if os.stat(os.path.join(everybody, ".local")).st_uid != NOBODY:
        raise Wrong("root wrote there")
    return said


def no_users(shop, stay):
    """No user is mapped there: root of here would be no root there, but the owner of root's files."""
    process = Stay(*AS_NOBODY, "unshare", "-U", stay, env=home(shop))
    said = refused(shop, process.pid, "cannot be entered from here")
    process.end()
    return said


def main():
    if not may(*CONTAINER):
        skip("a container: user namespaces are not allowed here, or /proc may not be mounted")
        return finish()
    with tempfile.TemporaryDirectory(prefix="orshim-attach.") as folder:
        shop = Workshop(folder)
        stay = shop.compile("stay")
        busy = shop.compile("busy", source=os.path.join(MATERIAL, "busy.c"))
        attempt("a spy inside", lambda: spied_on(shop, busy))
        for name in ("maps", "environ"):
            attempt("a FIFO over /proc/PID/" + name, lambda n=name: mounted_over(shop, stay, n))
        attempt("orders to a terminal", lambda: orders(shop, stay))
        if ROOT:
            attempt("a user's namespace", lambda: other_users(shop, stay))
            attempt("a namespace without users", lambda: no_users(shop, stay))
            stay_as = shop.compile("stay_as", source=os.path.join(MATERIAL, "stay_as.c"))
            attempt("libraries of its own", lambda: libraries_of_its_own(shop, stay_as))
        else:
            skip("the users of others: only root attaches to the processes of others")
    return finish()


if __name__ == "__main__":
    sys.exit(main())
