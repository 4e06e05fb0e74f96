#!/usr/bin/python3
# SPDX-License-Identifier: MIT
# tags: fast
"""The rules that need a whole log: where `orshim report` must name them and where it must not.

Each case is a log in the format of the README. Every such rule has at least three
cases of each kind. At the end CPython under the shim opens connections on which
it sends nothing: that is reported, unless the same process sends on another one.
"""

import json
import os
import shutil
import subprocess
import sys
import tempfile

sys.dont_write_bytecode = True
from harness import ORSHIM, SHIM, Mock, check, finish
VARIANTS = 3


def process(*copies, pid=100, exe="/usr/bin/tool"):
    """copies: (library, how it is tapped, why not)."""
    return {"v": 1, "record": "process", "pid": pid, "exe": exe, "tls": [
        {"object": exe, "library": library, "version": "1", "tap": tap, "reason": reason}
        for library, tap, reason in copies]}


def exchange(method, path, status, key="a", host="openrouter.ai", vendor="openrouter", pid=100,
             stream=None):
    refused = status >= 400
    return {"v": 1, "record": "exchange", "pid": pid, "tool": "tool", "conn": 1, "http": "1.1",
            "method": method, "host": host, "path": path, "vendor": vendor, "status": status,
            "auth": {"carriers": ["authorization"], "fingerprint": "sha256:" + key * 12},
            "request": {"headers": [], "body": {"model": "a/b", "stream": stream}},
            "response": {"headers": [], "error": {"code": status} if refused else None},
            "findings": [],
            "verdict": {"refused_by": "openrouter_auth" if refused else None,
                        "category": "account_auth" if refused else None, "cause": None}}


CHAT, V1 = "/api/v1/chat/completions", "/api/v1"


def chat(status, **more):
    return exchange("POST", CHAT, status, **more)


def get(path, status, **more):
    return exchange("GET", path, status, **more)


# rule → (name, log) where it is said, (name, log) where it is not
CASES = {
    "curl_compared_public_endpoint": ([
        ("continuedev/continue#6191: /models works", [get(V1 + "/models", 200), chat(401)]),
        ("accomplish-ai/coworker#208: with any key",
         [get(V1 + "/models", 200, key="b", pid=7), chat(401), chat(401)]),
        ("the list of providers", [chat(401), get(V1 + "/providers", 200)]),
        ("the endpoints of a model", [get(V1 + "/models/openai/gpt-4o/endpoints", 200), chat(403)]),
    ], [
        ("the key was checked, too", [get(V1 + "/models", 200), get(V1 + "/key", 200), chat(401)]),
        ("a chat went through", [get(V1 + "/models", 200), chat(401), chat(200)]),
        ("nothing was refused", [get(V1 + "/models", 200)]),
        ("the list failed as well", [get(V1 + "/models", 503), chat(401)]),
        ("OpenAI's list wants a key",
         [get("/v1/models", 200, host="api.openai.com", vendor="openai"),
          exchange("POST", "/v1/chat/completions", 401, host="api.openai.com", vendor="openai")]),
    ]),
    "process_not_observed": ([
        ("Firefox", [process(("NSS", "none", "NSS is not tapped"))]),
        ("codex and deno", [process(("rustls", "none", "rustls has no function to tap"))]),
        ("Chromium", [process(("BoringSSL", "none", "it checks indirect calls"))]),
        ("one of two processes", [process(("OpenSSL", "method-table", None)), chat(200),
                                  process(("Go", "none", "Go has its own TLS"), pid=7)]),
    ], [
        ("method tables", [process(("OpenSSL", "method-table", None))]),
        ("exported functions", [process(("OpenSSL", "interposed", "layout unknown"))]),
        ("no TLS in it", [process()]),
        ("a second copy is tapped", [process(("NSS", "none", "NSS is not tapped"),
                                             ("OpenSSL", "method-table", None))]),
    ]),
    "outcome_splits_on": ([
        ("a pool with one bad key",
         [chat(401 if k == "b" else 200, key=k) for k in "abcabbcacbabcbaabc"]),
        ("streaming", [chat(400 if s else 200, stream=s) for s in [True, False, False] * 6]),
        ("one of two hosts", [chat(401 if n % 2 else 200, host=("openrouter.ai", "gw.test")[n % 2])
                              for n in range(14)]),
        ("two and two, weakly", [chat(200), chat(401, key="b")] * 2),
    ], [
        ("nothing differs", [chat(401 if n % 3 else 200) for n in range(12)]),
        ("all are refused", [chat(401, key=k) for k in "abababab"]),
        ("one failure", [chat(200), chat(200), chat(200), chat(401, key="b")]),
        ("both keys have both", [chat(401 if n % 3 else 200, key="ab"[n % 2]) for n in range(18)]),
        ("/models needs no key", [chat(401)] * 4 + [get(V1 + "/models", 200)] * 4),
    ]),
}


def report(log):
    done = subprocess.run([ORSHIM, "report", "-"], input="".join(json.dumps(r) + "\n" for r in log),
                          stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    if done.returncode not in (0, 1, 3):
        sys.exit("log_rules.py: report: " + done.stderr)
    return done.stdout


def tables():
    lines = subprocess.run([ORSHIM, "rules", "--json"], stdout=subprocess.PIPE, text=True,
                           check=True).stdout.splitlines()
    wanted = [r["id"] for r in map(json.loads, lines) if r["when"] == "log"]
    check(sorted(wanted) == sorted(CASES), "every rule of a log has cases", wanted)
    for rule, (fires, quiet) in CASES.items():
        check(min(len(fires), len(quiet)) >= VARIANTS, "%s: enough cases" % rule)
        for name, log in fires:
            said = report(log)
            check("[%s]" % rule in said, "%s is said: %s" % (rule, name), said)
        for name, log in quiet:
            said = report(log)
            check("[%s]" % rule not in said, "%s is not said: %s" % (rule, name), said)


SILENT = """
import http.client, socket, ssl, sys
port, ca, asks, key = int(sys.argv[1]), sys.argv[2], sys.argv[3], sys.argv[4]
context = ssl.create_default_context(cafile=ca)
if asks == "first":
    ask = http.client.HTTPSConnection("localhost", port, context=context)
    ask.request("GET", "/api/v1/key", headers={"Authorization": "Bearer " + key})
    ask.getresponse().read()
spare = context.wrap_socket(socket.create_connection(("localhost", port)),
                            server_hostname="localhost")
spare.close()
if asks == "last":
    ask = http.client.HTTPSConnection("localhost", port, context=context)
    ask.request("GET", "/api/v1/key", headers={"Authorization": "Bearer " + key})
    ask.getresponse().read()
"""


def run_silent(standin, asks, work):
    log = os.path.join(work, asks)
    environment = {k: v for k, v in os.environ.items() if not k.startswith("ORSHIM_")}
    environment.update(LD_PRELOAD=SHIM, ORSHIM_LOG=log, ORSHIM_HOSTS="localhost=openrouter",
                       OPENROUTER_API_KEY=standin.keys["good"] + "\n")
    subprocess.run([sys.executable, "-c", SILENT, str(standin.port), standin.ca, asks,
                    standin.keys["good"]], env=environment, check=True)
    with open(log, encoding="utf-8") as lines:
        return [json.loads(line) for line in lines]


def silence():
    """no_request_sent by CPython: with what the environment shows, and not of a spare connection."""
    work = tempfile.mkdtemp(prefix="orshim-silent.")
    standin = Mock()
    try:
        records = run_silent(standin, "never", work)
        said = [f for r in records if r["record"] == "connection" for f in r["findings"]]
        check([f["rule"] for f in said] == ["no_request_sent", "key_variable_damaged"],
              "silence: the connection, and the variable", records)
        check("OPENROUTER_API_KEY contains a line break" in said[-1]["detail"] if said else False,
              "silence: what is wrong with it", said)
        check(standin.keys["good"][12:-4] not in json.dumps(records), "silence: no key", "")
        check("[no_request_sent]" in report(records), "silence: in the report", records)
        records = run_silent(standin, "first", work)
        check([r["record"] for r in records] == ["process", "exchange"],
              "a spare connection behind a request is not told", records)
        records = run_silent(standin, "last", work)
        check("[no_request_sent]" not in report(records),
              "a spare connection before a request is not reported", report(records))
    finally:
        standin.close()
        shutil.rmtree(work, ignore_errors=True)


def names_the_program():
    """The fix can be typed as it is; it names no program where its name could not be."""
    unseen = ("rustls", "none", "rustls has no function to tap")
    said = " ".join(report([process(unseen, exe="/opt/own/codex")]).split())
    check("fix: Run orshim doctor /opt/own/codex for the reason" in said and "TOOL" not in said,
          "process_not_observed names the program", said)
    said = " ".join(report([process(unseen, exe="/opt/$(id)/co dex")]).split())
    check("fix: Ask orshim doctor about that program" in said and "doctor /opt" not in said,
          "but none that a shell would take for something else", said)


def main():
    tables()
    names_the_program()
    silence()
    sys.exit(finish())


if __name__ == "__main__":
    main()
