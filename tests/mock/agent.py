#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""agent.py BASE: a small coding agent, with the habits of real ones.

OPENAI_API_KEY wins over OPENROUTER_API_KEY; OPENROUTER_API_KEYS is a pool used
in turn. Says as little about a failure as such tools do.
"""
import json
import os
import sys
import urllib.error
import urllib.request


def ask(base, key, number):
    body = {"model": "anthropic/claude-sonnet-4",
            "messages": [{"role": "user", "content": "Question %d" % number}]}
    request = urllib.request.Request(base + "/chat/completions", json.dumps(body).encode(), {
        "Authorization": "Bearer " + key, "Content-Type": "application/json"})
    try:
        answer = urllib.request.urlopen(request)
    except urllib.error.HTTPError as refusal:
        answer = refusal
    text = answer.read().decode()
    try:
        parsed = json.loads(text)
    except ValueError:
        return "Unexpected token '<', \"%.9s\"... is not valid JSON" % text
    if "error" in parsed:
        return "Error: %d %s" % (answer.getcode(), parsed["error"]["message"])
    return "OK: " + parsed["choices"][0]["message"]["content"]


pool = os.environ.get("OPENROUTER_API_KEYS")
first = os.environ.get("OPENAI_API_KEY") or os.environ.get("OPENROUTER_API_KEY", "")
keys = pool.split() if pool else [first]
failed = False
for turn in range(4 if pool else 1):
    said = ask(sys.argv[1], keys[turn % len(keys)], turn + 1)
    failed = failed or not said.startswith("OK")
    print("agent: " + said)
sys.exit(1 if failed else 0)
