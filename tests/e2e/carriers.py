#!/usr/bin/python3
# SPDX-License-Identifier: MIT
# tags: fast
"""Where the key is and what is sent in its place, by programs that we did not write.

curl and CPython's urllib send the key to the mock OpenRouter in a header field of
another name, in a cookie, as user and password, or send something that is not a key.
The log names the rule, and no rule accuses a correct request.
"""

import json
import os
import subprocess
import sys
import tempfile

from harness import SHIM, Mock, check, finish

BODY = json.dumps({"model": "openai/gpt-4o-mini", "messages": [{"role": "user", "content": "hi"}]})
PYTHON = """
import ssl, sys, urllib.error, urllib.request
headers = dict(h.split(": ", 1) for h in sys.argv[3:])
request = urllib.request.Request(sys.argv[1], sys.argv[2].encode(), headers)
try:
    urllib.request.urlopen(request, context=ssl.create_default_context(), timeout=20).read()
except urllib.error.HTTPError as e:
    e.read()
"""

# A header that urllib does not send again after a redirect.
UNREDIRECTED = """
import ssl, sys, urllib.error, urllib.request
request = urllib.request.Request(sys.argv[1])
request.add_unredirected_header("Authorization", "Bearer " + sys.argv[2])
try:
    urllib.request.urlopen(request, context=ssl.create_default_context(), timeout=20).read()
except urllib.error.HTTPError as e:
    e.read()
"""

# Name, headers, the rule that is the cause.
CASES = [
    ("a header of the vendor's name", ["X-OpenRouter-Key: {good}"], "auth_header_misspelled"),
    ("a cookie", ["Cookie: theme=dark; key={good}"], "auth_header_misspelled"),
    ("a letter lost", ["Authorizaton: Bearer {good}"], "auth_header_misspelled"),
    ("a session's cookie", ["Cookie: theme=dark; session=0e6f44a9d1b2c3e4"], "auth_missing"),
    ("x-api-key", ["x-api-key: {good}"], "auth_header_wrong_name"),
    ("a word", ["Authorization: Bearer managed-by-proxy"], "auth_token_foreign_form"),
    ("a relay's key", ["Authorization: Bearer cr_9f1c0d4e2b7a66554433221100aabbccdd"],
     "auth_token_foreign_form"),
    ("a reference", ["Authorization: Bearer op://Private/OpenRouter/credential"],
     "auth_token_unexpanded"),
    ("a ciphertext", ["Authorization: Bearer U2FsdGVkX1gnFpZ4UmVtygxE6fNCAbdlVhvVFiikwCPTp8oTMbBG"],
     "auth_token_encoded"),
    ("user and password", ["Authorization: Basic YWxpY2U6aHVudGVyMg=="], "auth_scheme_basic"),
    ("the key as it should be", ["Authorization: Bearer {good}"], None),
    ("an empty x-api-key beside it", ["Authorization: Bearer {good}", "x-api-key;"], None),
]


def records(log):
    with open(log, encoding="utf-8") as lines:
        return [r for r in map(json.loads, lines) if r["record"] == "exchange"]


def ask(server, work, command):
    """What the log says of the last exchange of COMMAND under the shim."""
    log = os.path.join(work, "log")
    if os.path.exists(log):
        os.unlink(log)
    env = dict(PATH=os.environ["PATH"], LD_PRELOAD=SHIM, ORSHIM_LOG=log, SSL_CERT_FILE=server.ca,
               ORSHIM_HOSTS="localhost=openrouter", HOME=work, XDG_CACHE_HOME=work)
    ran = subprocess.run(command, env=env, capture_output=True, timeout=60, check=False)
    found = records(log) if os.path.exists(log) else []
    return found[-1] if found else {"findings": [], "verdict": {"cause": repr(ran.stderr)}}


def judge(name, record, cause):
    loud = [f["rule"] for f in record["findings"] if f["severity"] != "note"]
    said = (record["verdict"] or {}).get("cause")
    check(said == cause and (cause or not loud), "%s: %s" % (name, cause or "nothing to say"),
          "cause %s, found %s" % (said, loud))


def main():
    with Mock() as server, tempfile.TemporaryDirectory() as work:
        url = "https://localhost:%d/api/v1/chat/completions" % server.port
        for name, headers, cause in CASES:
            headers = [h.format(**server.keys) for h in headers]
            curl = ["curl", "-s", "--cacert", server.ca, "-H", "Content-Type: application/json",
                    "-d", BODY, url]
            for header in headers:
                curl += ["-H", header]
            judge("curl, " + name, ask(server, work, curl), cause)
            if any(";" == h[-1] for h in headers):
                continue
            python = [sys.executable, "-c", PYTHON, url, BODY, "Content-Type: application/json"]
            judge("CPython, " + name, ask(server, work, python + headers), cause)
        # A redirect of the same origin, relative: one loses the key, curl keeps it.
        key = "https://localhost:%d/api/v1/moved/key" % server.port
        python = [sys.executable, "-c", UNREDIRECTED, key, server.keys["good"]]
        judge("CPython, a relative redirect", ask(server, work, python), "redirect_dropped_auth")
        moved = url.replace("/chat/", "/moved/chat/")
        curl = ["curl", "-sL", "--cacert", server.ca, "-H", "Content-Type: application/json",
                "-H", "Authorization: Bearer " + server.keys["good"], "-d", BODY, moved]
        judge("curl, a relative redirect", ask(server, work, curl), None)
    return finish()


sys.exit(main())
