# SPDX-License-Identifier: MIT
"""spy.py: as root of a container, gets hold of whatever enters it: of its program, its descriptors, its
memory, and of itself by ptrace(2). Prints a line for each process called orshim: what was had.
"""
import ctypes
import os
import sys

PTRACE_SEIZE = 0x4206
libc = ctypes.CDLL(None, use_errno=True)
seen = {str(os.getpid())}
print("ready", flush=True)


def had(pid):
    """What can be had of process PID."""
    for what, get in (
            ("its program", lambda: os.close(os.open("/proc/%s/exe" % pid, os.O_RDONLY))),
            ("its descriptors", lambda: os.readlink("/proc/%s/fd/2" % pid)),
            ("its memory", lambda: os.close(os.open("/proc/%s/mem" % pid, os.O_RDWR)))):
        try:
            get()
            yield what
        except OSError:
            pass
    if libc.ptrace(PTRACE_SEIZE, int(pid), None, None) == 0:
        yield "itself"


while True:
    for name in os.listdir("/proc"):
        if not name.isdigit() or name in seen:
            continue
        try:
            with open("/proc/%s/comm" % name, encoding="utf-8") as comm:
                if comm.read() != "orshim\n":
                    continue
        except OSError:
            continue
        seen.add(name)
        print("orshim: " + (", ".join(had(name)) or "nothing"), flush=True)
        sys.exit()
