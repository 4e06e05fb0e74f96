# SPDX-License-Identifier: MIT
"""Where these tests happen: a network of its own with only lo, the stand-in at an
address that is no loopback one, and names that lead there."""

import fcntl
import json
import os
import shutil
import socket
import struct
import subprocess
import sys

sys.dont_write_bytecode = True
import clients  # noqa: E402
import harness  # noqa: E402

HERE = os.path.dirname(os.path.abspath(__file__))
SERVER = "203.0.113.7"  # RFC 5737
SERVER6 = "2001:db8::7"  # RFC 3849
OTHER = "203.0.113.8"
NAMES = "127.0.0.1 localhost\n%s openrouter.ai\n%s foreign.example\n" % (SERVER, OTHER)
TIME_LIMIT = 120  # seconds; nothing here waits for time to pass
BASE = "https://openrouter.ai/api/v1"


def up():
    """Bring up lo, with the servers' addresses."""
    clients.loopback_up()
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as any_socket:
        for number, address in enumerate((SERVER, OTHER)):
            name = b"lo:%d" % (number + 1)
            request = struct.pack("16sHH4s8x", name, socket.AF_INET, 0, socket.inet_aton(address))
            fcntl.ioctl(any_socket, 0x8916, request)  # SIOCSIFADDR
    try:
        with socket.socket(socket.AF_INET6, socket.SOCK_DGRAM) as any_socket:
            request = struct.pack("=16sIi", socket.inet_pton(socket.AF_INET6, SERVER6), 128, 1)
            fcntl.ioctl(any_socket, 0x8916, request)
        return True
    except OSError:
        return False


class Place:
    """A folder, the stand-in OpenRouter, and the ways to run something bare or relayed."""

    def __init__(self, scratch, *options):
        self.scratch = scratch
        self.records = os.path.join(scratch, "received")
        self.log = os.path.join(scratch, "log")
        os.makedirs(self.records, exist_ok=True)
        self.server = harness.Standin("--port", "443", "--address", SERVER, "--record", self.records,
                                    *options)
        self.good = self.server.keys["good"]

    def close(self):
        self.server.close()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def environment(self, key, trust, more=None):
        env = {"PATH": os.environ.get("PATH", "/usr/bin:/bin"), "LANG": "C.UTF-8",
               "HOME": self.scratch, "OPENROUTER_API_KEY": key,
               "XDG_STATE_HOME": os.path.join(self.scratch, "state"),
               "XDG_CACHE_HOME": os.path.join(self.scratch, "cache"),
               "TMPDIR": self.scratch}
        env.update({name: self.server.ca for name in trust})
        # With BUILD=build/address-undefined the command alone is made so: ORSHIM_LIB names the usual library.
        env.update({n: os.environ[n] for n in ("ORSHIM_LIB", "ASAN_OPTIONS") if n in os.environ})
        env.update(more or {})
        return env

    def take(self):
        """What the server received since, in order."""
        received = []
        for name in sorted(os.listdir(self.records)):
            with open(os.path.join(self.records, name), "rb") as one:
                received.append(one.read())
            os.unlink(os.path.join(self.records, name))
        return received

    def forget(self):
        if os.path.exists(self.log):
            os.unlink(self.log)

    def logged(self):
        if not os.path.exists(self.log):
            return []
        with open(self.log) as log:
            return [json.loads(line) for line in log]

    def bare(self, argv, env):
        self.take()
        end = subprocess.run(argv, env=env, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                             stderr=subprocess.PIPE, timeout=TIME_LIMIT, check=False)
        return end.returncode, end.stdout, end.stderr, self.take()

    def relayed(self, argv, env, mode="strict", text="off", around=()):
        """The same under `orshim run`; the lines that are ours are taken out of stderr."""
        self.forget()
        status, out, err, received = self.bare(
            [*around, harness.ORSHIM, "run", "--relay", mode, "--log", self.log, "--"] + argv,
            dict(env, ORSHIM_TEXT=text))
        self.said = err.decode("utf-8", "replace")
        theirs = b"".join(line for line in err.splitlines(True) if not line.startswith(b"orshim: "))
        return status, out, theirs, received

    def reset(self):
        shutil.rmtree(self.records)
        os.makedirs(self.records)


def unseen(*argv):
    """ARGV as a program that the preloaded library does not get into (with --relay all)."""
    return ["env", "-u", "LD_PRELOAD", "ORSHIM_FOLLOW=0", *argv]


def of(records, kind):
    return [r for r in records if r["record"] == kind]


def passed_by(records):
    """Hosts that went through untouched, and those that were refused with the reason."""
    spliced, refused = set(), {}
    for r in of(records, "process"):
        for host in r.get("relay", {}).get("spliced", []):
            spliced.add(host)
        for one in r.get("relay", {}).get("refused", []):
            refused[one["host"]] = one["why"]
    return spliced, refused


def main(script, inside):
    """Run INSIDE(scratch) of SCRIPT in namespaces of its own."""
    import tempfile
    if sys.argv[1:2] == ["--inside"]:
        return inside(sys.argv[2], up())
    scratch = tempfile.mkdtemp(prefix="orshim-redirect.")
    try:
        hosts = os.path.join(scratch, "hosts")
        with open(hosts, "w") as out:
            out.write(NAMES)
        enter = clients.private_command(hosts)
        if enter is None:
            print("skipped: this machine allows no namespaces of their own")
            return 0
        again = [sys.executable, os.path.abspath(script), "--inside", scratch, *sys.argv[1:]]
        return subprocess.run(enter + again, check=False).returncode
    finally:
        shutil.rmtree(scratch, ignore_errors=True)
