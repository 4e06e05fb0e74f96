#!/usr/bin/python3
# SPDX-License-Identifier: MIT
# tags: fast
"""The answer to "it randomly alternates", from the wire to the report.

Live: curl under the shim sends requests to the mock OpenRouter, some of which
fail for one reason. Generated: captures with random outcomes are replayed
through the same code. `report --json` must name what separates the failures,
how certain that is, and nothing if there is only chance.
"""

import json
import os
import random
import shutil
import subprocess
import sys
import tempfile

sys.dont_write_bytecode = True
from harness import ORSHIM, ROOT, SHIM, Mock, check, finish
sys.path.insert(0, os.path.join(ROOT, "tests", "mock"))
import answers  # noqa: E402

SEEDS = 100
CHANCE_ALLOWED = 5  # of SEEDS logs in which chance may be taken for a cause

CHAT, TITLE, SONNET = "openai/gpt-4o-mini", "google/gemini-2.5-flash", "anthropic/claude-sonnet-4"


def report(lines):
    """(the split, the words of the text) of a log."""
    made = [subprocess.run([ORSHIM, "report"] + how + ["-"], input=lines, stdout=subprocess.PIPE,
                           stderr=subprocess.PIPE, text=True) for how in (["--json"], [])]
    for one in made:
        if one.returncode not in (0, 1):
            sys.exit("splits.py: report: " + one.stderr)
    words = " ".join(made[1].stdout.split())
    return json.loads(made[0].stdout)["outcome_splits_on"], words


# --- live: what curl sends, one request after another


def ask(key="good", model=CHAT, stream=False, http="1.1"):
    return {"key": key, "model": model, "stream": stream, "http": http}


def curl_command(standin, requests):
    """The words of one curl that sends REQUESTS."""
    argv = ["curl", "-sS"]
    for number, one in enumerate(requests):
        body = {"model": one["model"], "stream": one["stream"],
                "messages": [{"role": "user", "content": "question %d" % number}]}
        argv += ["--next"] if number else []
        argv += ["--max-time", "60", "--http" + one["http"], "--cacert", standin.ca, "--connect-to",
                 "::127.0.0.1:%d" % standin.port, "-H", "Content-Type: application/json",
                 "-d", json.dumps(body), "-o", os.devnull]
        if one["key"]:
            argv += ["-H", "Authorization: Bearer " + standin.keys[one["key"]]]
        argv += ["https://openrouter.ai/api/v1/chat/completions"]
    return argv


def curl_environment(log, **settings):
    environment = {k: v for k, v in os.environ.items() if not k.startswith("ORSHIM_")}
    environment.update(LD_PRELOAD=SHIM, ORSHIM_LOG=log, **settings)
    return environment


def curl(standin, requests, log, **settings):
    """Send REQUESTS by one curl under the shim."""
    done = subprocess.run(curl_command(standin, requests), env=curl_environment(log, **settings),
                          stderr=subprocess.PIPE, text=True)
    if done.returncode:
        sys.exit("splits.py: curl: %d, %s" % (done.returncode, done.stderr))


def logged(standin, requests, log):
    """The log's lines of REQUESTS, sent by one process; by one each where HTTP's version
    changes, as curl asks on the connection that it has."""
    if len({one["http"] for one in requests}) > 1:
        for one in requests:
            curl(standin, [one], log)
    else:
        curl(standin, requests, log)
    with open(log, encoding="utf-8") as text:
        lines = text.read()
    os.unlink(log)
    if lines.count('"record":"exchange"') != len(requests):
        sys.exit("splits.py: of %d exchanges were seen:\n%s" % (len(requests), lines))
    return lines


def live_scenarios():
    """name, requests, what is found, how sure, what goes together with it."""
    pool = ["good", "second", "unknown", "second", "good", "unknown", "unknown", "good", "second",
            "good", "unknown", "second", "second", "unknown", "good", "good"]
    yield "key pool with one bad key", [ask(key=k, stream=n % 2 > 0) for n, k in enumerate(pool)], \
        ["key"], "strong", []
    yield "BYOK on one provider, with fallbacks", \
        [ask(model=answers.FALLBACKS, stream=n % 3 == 0) for n in range(22)], \
        ["provider"], "strong", []
    yield "BYOK, non-streaming alone", [ask(model=answers.FALLBACKS) for _ in range(22)], \
        ["provider"], "strong", []
    yield "secret lost after nine requests", \
        [ask(key="good" if n < 9 else None, stream=n % 2 > 0) for n in range(18)], \
        ["key"], "strong", ["carrier"]
    titles = [[ask(stream=True), ask("unknown", TITLE)], [ask(stream=True)]]
    yield "title request with another key", \
        [one for n in range(9) for one in titles[n % 3 == 2]], ["key"], "strong", \
        ["model", "stream"]
    versions = "1.1 2 2 1.1 2 1.1 1.1 2 1.1 2 2 1.1 1.1 2 1.1 2".split()
    yield "HTTP/2 and HTTP/1.1", \
        [ask(model=answers.STRIPPED, http=v, stream=n % 3 == 0) for n, v in enumerate(versions)], \
        ["http"], "strong", []
    yield "two and two", [ask(), ask("unknown"), ask(), ask("unknown")], ["key"], "weak", []
    yield "one failure", [ask(), ask("unknown"), ask(), ask()], [], "none", []


def live(scratch):
    standin = Mock("--http2")
    try:
        for name, requests, found, strength, also in live_scenarios():
            lines = logged(standin, requests, os.path.join(scratch, "log"))
            split, words = report(lines)
            good = split["attributes"] == found and split["strength"] == strength and \
                split["also"] == also
            check(good, "live: " + name, (split, words))
            check(all(v["refused"] == 0 or v["fine"] == 0 for v in split["values"]),
                  "live: %s: complete" % name, split)
            check(("weak evidence" in words) == (strength == "weak"),
                  "live: %s: says how sure it is" % name, words)
            check(not any(k[12:-4] in lines + words for k in standin.keys.values()),
                  "live: %s: no key" % name)
            if found == ["provider"]:
                check("Anthropic: %d refused, 0 fine" % split["refused"] in words,
                      "live: %s: names the provider" % name, words)
    finally:
        standin.close()


# --- generated: captures, replayed

KEYS = [answers.made_up_key("split %d" % n) for n in range(3)]
MODELS = ("openai/gpt-4o", "anthropic/claude-sonnet-4.5", "google/gemini-2.5-pro")
PROVIDERS = ("Anthropic", "Amazon Bedrock", "Google")


def drawn(lot):
    """What one request is; nothing of it has to do with its outcome."""
    return {"key": lot.choice(KEYS), "model": lot.choice(MODELS), "stream": lot.random() < 0.5,
            "provider": lot.choice(PROVIDERS), "minor": lot.choice("01"),
            "path": lot.choice(("/chat/completions", "/responses"))}


def message(mark, start, fields, body):
    lines = [start] + fields + ["Content-Length: %d" % len(body), ""]
    return [(mark + " " + line).rstrip() for line in lines] + ["%s- %s" % (mark, body)]


def exchange(one, failed):
    """The lines of a capture. A failure is the provider's, so that it names it."""
    said = {"model": one["model"], "stream": one["stream"]}
    said["input" if one["path"] == "/responses" else "messages"] = \
        [{"role": "user", "content": "hi"}]
    asked = message(">", "POST /api/v1%s HTTP/1.%s" % (one["path"], one["minor"]),
                    ["Host: openrouter.ai", "Authorization: Bearer " + one["key"],
                     "Connection: keep-alive", "Content-Type: application/json"], json.dumps(said))
    if failed:
        status, body = "502 Bad Gateway", json.dumps({"error": {
            "code": 502, "message": "Provider returned error", "metadata": {
                "provider_name": one["provider"], "raw": "upstream connect error"}}})
    else:
        status, body = "200 OK", json.dumps({
            "id": "gen-1", "provider": one["provider"], "model": one["model"],
            "choices": [{"index": 0, "message": {"role": "assistant", "content": "hello"}}]})
    answered = message("<", "HTTP/1.1 " + status, ["Content-Type: application/json"], body)
    return asked + answered


def replayed(scratch, requests):
    """The log's lines of REQUESTS (what one is, whether it failed)."""
    path = os.path.join(scratch, "generated.cap")
    with open(path, "w", encoding="utf-8") as out:
        for one, failed in requests:
            out.write("\n".join(exchange(one, failed)) + "\n")
    done = subprocess.run([ORSHIM, "replay", "--json", path], stdout=subprocess.PIPE,
                          stderr=subprocess.PIPE, text=True)
    if done.stdout.count('"record":"exchange"') != len(requests):
        sys.exit("splits.py: replay: %s%s" % (done.stdout[:500], done.stderr))
    return done.stdout


CAUSES = [
    ("key", lambda one: one["key"] == KEYS[1]),
    ("provider", lambda one: one["provider"] == "Anthropic"),
    ("model", lambda one: one["model"] == MODELS[2]),
    ("stream", lambda one: one["stream"]),
    ("path", lambda one: one["path"] == "/responses"),
    ("http", lambda one: one["minor"] == "0"),
    ("key provider", lambda one: one["key"] == KEYS[0] and one["provider"] == "Anthropic"),
    ("model stream", lambda one: one["model"] == MODELS[0] and one["stream"]),
    ("provider http", lambda one: one["provider"] == "Google" and one["minor"] == "0"),
]


def generated(scratch):
    for names, fails in CAUSES:
        wrong = []
        for seed in range(5):
            lot = random.Random("%s %d" % (names, seed))
            asked = [drawn(lot) for _ in range(64 if " " in names else 32)]
            split, _ = report(replayed(scratch, [(one, fails(one)) for one in asked]))
            if split["attributes"] != names.split() or split["strength"] != "strong":
                wrong.append((seed, split))
        check(not wrong, "generated: %s decides" % " and ".join(names.split()), wrong)


def chance(scratch):
    for size in (4, 8, 16, 40):
        said = []
        for seed in range(SEEDS):
            lot = random.Random("chance %d %d" % (size, seed))
            log = replayed(scratch, [(drawn(lot), lot.random() < 0.5) for _ in range(size)])
            made = subprocess.run([ORSHIM, "report", "--json", "-"], input=log, text=True,
                                  stdout=subprocess.PIPE).stdout
            split = json.loads(made)["outcome_splits_on"]
            if split["strength"] != "none":
                said.append((seed, split["attributes"], split["chance"]))
        check(len(said) <= CHANCE_ALLOWED,
              "chance: of %d logs with %d requests, %d are taken for more"
              % (SEEDS, size, len(said)),
              said)


def main():
    scratch = tempfile.mkdtemp(prefix="orshim-splits.")
    try:
        live(scratch)
        generated(scratch)
        chance(scratch)
    finally:
        shutil.rmtree(scratch, ignore_errors=True)
    sys.exit(finish())


if __name__ == "__main__":
    main()
