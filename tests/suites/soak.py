#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""Clients that run on and on, bare and then under the shim, with one small log for all of them.

soak.py [SECONDS]: for each of the two, 60 unless said. Watches memory and
descriptors of each client and of nginx, in the last quarter of its time over the one before:
under the shim they may grow as they do bare, and by SLACK. At the end every
line of the log must be whole.
"""

import glob
import json
import os
import shutil
import subprocess
import sys
import time

from curl import API, Nginx
from pair import CACHE, SHIM, Pair, environment

SLACK_KIB = {"python": 4096, "nginx": 4096, "node": 49152, "bun": 49152}
SLACK_DESCRIPTORS = 4
# Refused when its body was read: bodies that nobody reads are a flood for nginx, and HTTP/2 ends.
REFUSED = API + "/heard"
PYTHON = """
import http.client, os, ssl, sys, time
port, end, count = int(sys.argv[1]), time.time() + float(sys.argv[2]), 0
context = ssl._create_unverified_context()
while time.time() < end:
    c = http.client.HTTPSConnection('127.0.0.1', port, context=context)
    for i in range(20):
        body = b'{"model":"a/b","n":"' + b'x' * (i * 3000) + b'"}'
        c.request('POST', '%s?%%d' %% i, body,
                  {'Authorization': 'Bearer "sk-test"', 'Content-Type': 'application/json'})
        assert c.getresponse().read()
        count += 1
    c.close()
    if count %% 400 == 0:
        p = os.fork()
        if p == 0: os._exit(0)
        os.waitpid(p, 0)
print(count)
""" % REFUSED
SCRIPT = """
process.env.NODE_TLS_REJECT_UNAUTHORIZED = '0'
const [port, seconds] = process.argv.slice(2).map(Number), end = Date.now() + seconds * 1000
let count = 0
async function ask (i) {
  const a = await fetch(`https://127.0.0.1:${port}%s?${i}`, { method: 'POST',
    headers: { authorization: 'Bearer "sk-test"', 'content-type': 'application/json' },
    body: JSON.stringify({ model: 'a/b', n: 'x'.repeat(i * 2000) }) })
  await a.text()
  count++
}
async function main () {
  while (Date.now() < end) await Promise.all([...Array(10).keys()].map(ask))
  console.log(count)
  process.exit(0)
}
main()
""" % REFUSED


def kibibytes(pid):
    with open(f"/proc/{pid}/status", encoding="ascii") as lines:
        return next(int(line.split()[1]) for line in lines if line.startswith("VmRSS"))


def worker_of(master):
    """nginx's process that speaks TLS; None until there is one."""
    with open(f"/proc/{master}/task/{master}/children", encoding="ascii") as children:
        return next((int(pid) for pid in children.read().split()), None)


class Watched:
    def __init__(self, name, pid):
        self.name = name
        self.pid = pid
        self.samples = []

    def sample(self):
        try:
            self.samples.append((kibibytes(self.pid), len(os.listdir(f"/proc/{self.pid}/fd"))))
        except (OSError, StopIteration):
            pass  # it has ended

    def growth(self):
        """KiB and descriptors at the most, in the last quarter over the one before."""
        quarter = max(1, len(self.samples) // 4)
        early, late = self.samples[-2 * quarter:-quarter], self.samples[-quarter:]
        if not early:
            return 0, 0
        return tuple(max(s[i] for s in late) - max(s[i] for s in early) for i in (0, 1))


def clients(folder, port, seconds):
    arguments = [str(port), str(seconds)]
    script = os.path.join(folder, "soak.js")
    with open(script, "w", encoding="utf-8") as out:
        out.write(SCRIPT)
    yield "python", ["/usr/bin/python3", "-c", PYTHON, *arguments]
    for name in "node", "bun":
        found = sorted(glob.glob(os.path.join(CACHE, f"{name}-linux-x64-*", "bin", name)))
        if found:
            yield name, [found[-1], script, *arguments]
        else:
            print(f"# skipped: no {name} is in the cache")


def soak(pair, log, seconds):
    files = os.path.join(pair.folder, "files")
    os.makedirs(files, exist_ok=True)
    nginx = Nginx(pair, log, files)
    processes = {name: subprocess.Popen(
        command, env=environment(log, ORSHIM_LOG_MAX="1M", NODE_NO_WARNINGS="1"),
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, cwd=pair.folder)
        for name, command in clients(pair.folder, nginx.port, seconds)}
    watched = [Watched(name, process.pid) for name, process in processes.items()]
    server = None
    end = time.monotonic() + seconds
    curls = 0
    while time.monotonic() < end:
        if not server and worker_of(nginx.process.pid):
            server = Watched("nginx", worker_of(nginx.process.pid))
            watched.append(server)
        for one in watched:
            one.sample()
        subprocess.run(["curl", "-sk", "--http2", "-o", "/dev/null", "-d", "{}",
                        f"https://127.0.0.1:{nginx.port}{REFUSED}?[1-20]"],
                       env=environment(log, ORSHIM_LOG_MAX="1M"), check=False)
        curls += 20
        time.sleep(0.2)  # between samples; nothing waits for it
    found = {}
    for one in watched:
        if one is not server:
            process = processes[one.name]
            out, err = process.communicate()
            found[one.name] = (process.returncode, int(out or 0), err, one.growth())
    found["nginx"] = (0, curls + sum(f[1] for f in found.values()), b"", server.growth())
    nginx.stop()
    return found


def main(seconds):
    if not os.path.exists(SHIM):
        print(f"soak: {SHIM} is not there; make it first", file=sys.stderr)
        return 2
    pair = Pair()
    bare, mine = soak(pair, None, seconds), soak(pair, pair.log, seconds)
    bad = 0
    for name, (status, count, err, (memory, descriptors)) in mine.items():
        b_status, b_count, _, (b_memory, b_descriptors) = bare[name]
        good = (status == b_status == 0 and not err and count > 0 and
                memory <= max(0, b_memory) + SLACK_KIB[name] and
                descriptors <= max(0, b_descriptors) + SLACK_DESCRIPTORS)
        bad += not good
        print(f"{'ok' if good else 'not ok'} - {name}: {count} requests (bare {b_count}), grew by "
              f"{memory} KiB (bare {b_memory}), {descriptors} descriptors (bare {b_descriptors})"
              f"{'' if not err else ' ' + str(err[-600:])}")
    lines = broken = 0
    for path in glob.glob(pair.log + "*"):
        with open(path, "rb") as log:
            for line in log:
                lines += 1
                try:
                    json.loads(line)
                except ValueError:
                    broken += 1
        if os.path.getsize(path) > (1 << 20) + (64 << 10):
            print(f"not ok - {os.path.basename(path)} has {os.path.getsize(path)} bytes")
            bad += 1
    bad += bool(broken) or not lines
    print(f"{'ok' if lines and not broken else 'not ok'} - {lines} lines in the log and the one "
          f"before it, {broken} broken")
    shutil.rmtree(pair.folder, ignore_errors=True)
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main(float(sys.argv[1]) if len(sys.argv) > 1 else 60))
