# SPDX-License-Identifier: MIT
"""A network with nothing but lo, and an /etc/hosts that maps the vendors' names to this machine.

Any failure here ends the test: no request of a test may leave the machine.
"""

import fcntl
import os
import shutil
import socket
import struct
import subprocess
import sys
import tempfile

from harness import skip_all

SIOCGIFFLAGS, SIOCSIFFLAGS, SIOCSIFADDR = 0x8913, 0x8914, 0x8916
IFF_UP, IFF_RUNNING = 1, 64


def command(hosts):
    """argv that enters namespaces with HOSTS as /etc/hosts, or None where that is refused."""
    flags = ["--mount", "--net"] + ([] if os.getuid() == 0 else ["--map-root-user"])
    enter = ["unshare", *flags, "sh", "-c", 'mount --bind "$0" /etc/hosts && exec "$@"', hosts]
    try:
        tried = subprocess.run([*enter, "true"], stdout=subprocess.DEVNULL,
                               stderr=subprocess.DEVNULL, check=False)
    except OSError:
        return None
    return enter if tried.returncode == 0 else None


def refuse_a_way_out():
    """End the test if this network has one: an interface that is up, a route."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as any_socket:
        for _, name in socket.if_nameindex():
            asked = fcntl.ioctl(any_socket, SIOCGIFFLAGS, struct.pack("16sh14x", name.encode(), 0))
            if name != "lo" and struct.unpack("16sh14x", asked)[1] & IFF_UP:
                sys.exit("%s is up: this is no network of our own" % name)
        try:
            any_socket.connect(("192.0.2.1", 9))  # RFC 5737; sends nothing
        except OSError:
            return
    sys.exit("there is a route out: this is no network of our own")


def bring_up(addresses=(), addresses6=()):
    """Bring up lo, with these ADDRESSES too. Returns whether IPv6 has its own."""
    refuse_a_way_out()
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as any_socket:
        fcntl.ioctl(any_socket, SIOCSIFFLAGS, struct.pack("16sh14x", b"lo", IFF_UP | IFF_RUNNING))
        for number, address in enumerate(addresses):
            fcntl.ioctl(any_socket, SIOCSIFADDR, struct.pack(
                "16sHH4s8x", b"lo:%d" % (number + 1), socket.AF_INET, 0, socket.inet_aton(address)))
    try:
        with socket.socket(socket.AF_INET6, socket.SOCK_DGRAM) as any_socket:
            for address in addresses6:
                fcntl.ioctl(any_socket, SIOCSIFADDR, struct.pack(
                    "=16sIi", socket.inet_pton(socket.AF_INET6, address), 128, 1))
        return True
    except OSError:
        return False


def within(inside, names, addresses=(), addresses6=(), otherwise=None):
    """The exit status of INSIDE(scratch folder, whether there is IPv6), run in namespaces of its
    own where NAMES is /etc/hosts. Where none are allowed: OTHERWISE(scratch), or a skip."""
    if sys.argv[1:2] == ["--inside"]:
        scratch = sys.argv[2]
        del sys.argv[1:3]
        return inside(scratch, bring_up(addresses, addresses6))
    scratch = tempfile.mkdtemp(prefix="orshim-test.")
    try:
        hosts = os.path.join(scratch, "hosts")
        with open(hosts, "w", encoding="ascii") as out:
            out.write(names)
        enter = command(hosts)
        if enter is None and otherwise:
            return otherwise(scratch)
        if enter is None:
            skip_all("this machine allows no namespaces of their own")
        again = [sys.executable, os.path.abspath(sys.argv[0]), "--inside", scratch, *sys.argv[1:]]
        return subprocess.run([*enter, *again], check=False).returncode
    finally:
        shutil.rmtree(scratch, ignore_errors=True)
