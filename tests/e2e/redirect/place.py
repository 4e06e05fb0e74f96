# SPDX-License-Identifier: MIT
"""Where these tests run: a separate network with only lo, the mock at an address that
is not a loopback one, and names that resolve to it.
"""

import os
import subprocess

import harness
from harness import forget, namespace, records

HERE = os.path.dirname(os.path.abspath(__file__))
SERVER = "203.0.113.7"  # RFC 5737
SERVER6 = "2001:db8::7"  # RFC 3849
OTHER = "203.0.113.8"
NAMES = "127.0.0.1 localhost\n%s openrouter.ai api.openai.com\n%s foreign.example\n" % (SERVER, OTHER)
TIME_LIMIT = 120  # seconds; nothing here waits for time to pass
BASE = "https://openrouter.ai/api/v1"


class Place:
    """A folder, the stand-in OpenRouter, and the ways to run something bare or relayed."""

    def __init__(self, scratch, *options):
        self.scratch = scratch
        self.log = os.path.join(scratch, "log")
        self.server = harness.Mock("--port", "443", "--address", SERVER, *options,
                                   record=os.path.join(scratch, "received"))
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

    def forget(self):
        forget(self.log)

    def logged(self):
        return records(self.log)

    def bare(self, argv, env):
        self.server.take()
        end = subprocess.run(argv, env=env, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                             stderr=subprocess.PIPE, timeout=TIME_LIMIT, check=False)
        return end.returncode, end.stdout, end.stderr, self.server.take()

    def relayed(self, argv, env, mode="strict", text="off", around=()):
        """The same under `orshim run`; the lines that are ours are taken out of stderr."""
        self.forget()
        status, out, err, received = self.bare(
            [*around, harness.ORSHIM, "run", "--relay", mode, "--log", self.log, "--"] + argv,
            dict(env, ORSHIM_TEXT=text))
        self.said = err.decode("utf-8", "replace")
        theirs = b"".join(line for line in err.splitlines(True) if not line.startswith(b"orshim: "))
        return status, out, theirs, received


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


def main(inside):
    """Run INSIDE(scratch, whether there is IPv6) in namespaces of its own."""
    return namespace.within(inside, NAMES, (SERVER, OTHER), (SERVER6,))
