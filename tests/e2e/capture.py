#!/usr/bin/python3
# SPDX-License-Identifier: MIT
# tags: fast
"""Captures of a real client: curl under the shim with ORSHIM_CAPTURE, against the
mock OpenRouter, over HTTP/1.1 and HTTP/2. Each capture is replayed: it must give the
same rules and verdict as the live log, and contain nothing of the key or the text.
"""

import glob
import json
import os
import shutil
import stat
import subprocess
import sys
import tempfile

sys.dont_write_bytecode = True
from harness import ORSHIM, SHIM, Mock, check, finish
TEXT = "confidential remembrance of things"

# name, header or None, path, model, further members of the body
CASES = [
    ("good key", "Bearer {good}", "/api/v1/chat/completions", "openai/gpt-4o", {}),
    ("quoted key", 'Bearer "{good}"', "/api/v1/chat/completions", "openai/gpt-4o", {}),
    ("unknown key", "Bearer {unknown}", "/api/v1/chat/completions", "openai/gpt-4o", {}),
    ("no header", None, "/api/v1/chat/completions", "openai/gpt-4o", {}),
    ("wrong path", "Bearer {good}", "/v1/chat/completions", "openai/gpt-4o", {}),
    ("no credits", "Bearer {broke}", "/api/v1/chat/completions", "openai/gpt-4o", {}),
    ("BYOK refused", "Bearer {byok}", "/api/v1/chat/completions", "openai/gpt-4o", {}),
    ("stream", "Bearer {good}", "/api/v1/chat/completions", "openai/gpt-4o", {"stream": True}),
    ("error in a stream", "Bearer {good}", "/api/v1/chat/completions", "trouble/stream-error",
     {"stream": True}),
]


def findings(lines):
    """Rules, severities and verdict of each exchange."""
    found = []
    for line in lines.splitlines():
        record = json.loads(line)
        if record["record"] == "exchange":
            found.append(([(f["rule"], f["severity"]) for f in record["findings"]],
                          record["verdict"], record["status"]))
    return found


def run_curl(standin, http, case, folder, log):
    name, header, path, model, more = case
    body = json.dumps({"model": model, "messages": [{"role": "user", "content": TEXT}], **more})
    keys = standin.keys
    argv = ["curl", "-sS", "--max-time", "30", "--http" + http, "--cacert", standin.ca,
            "--connect-to", "::127.0.0.1:%d" % standin.port, "--compressed",
            "-H", "Content-Type: application/json", "-d", body]
    if header:
        argv += ["-H", "Authorization: " + header.format(**keys)]
    environment = {k: v for k, v in os.environ.items() if not k.startswith("ORSHIM_")}
    environment.update(LD_PRELOAD=SHIM, ORSHIM_LOG=log, ORSHIM_CAPTURE=folder,
                       OPENROUTER_API_KEY=keys["good"])
    return subprocess.run(argv + ["https://openrouter.ai" + path], env=environment,
                          stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def replay(path):
    done = subprocess.run([ORSHIM, "replay", "--json", path],
                          stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    return done.stdout, done.stderr


def check_case(standin, http, case, work):
    name = "HTTP/%s, %s" % (http, case[0])
    folder = os.path.join(work, "captures")
    log = os.path.join(work, "log")
    os.mkdir(folder)
    done = run_curl(standin, http, case, folder, log)
    files = glob.glob(os.path.join(folder, "*"))
    check(len(files) == 1, name + ": one capture", (files, done.stderr))
    with open(log, encoding="utf-8") as text:
        live = findings(text.read())
    for path in files:
        with open(path, encoding="utf-8") as text:
            written = text.read()
        again, complaint = replay(path)
        check(findings(again) == live and live, name + ": replay says the same",
              "live %s\nreplayed %s\n%s\n%s" % (live, findings(again) if again else "", complaint,
                                                written))
        check(stat.S_IMODE(os.stat(path).st_mode) == 0o600, name + ": for the owner's eyes only")
        secrets = [k for k in standin.keys.values() if k in written or k[12:-4] in written]
        as_hex = [w for w in TEXT.split() if len(w) > 8
                  and (w in written or w.encode().hex(" ") in written)]
        check(not secrets and not as_hex, name + ": no key, no text", (secrets, as_hex))
    shutil.rmtree(folder)
    os.unlink(log)


def check_silence(standin, work, folder, name):
    log = os.path.join(work, "log")
    done = run_curl(standin, "1.1", CASES[1], folder, log)
    with open(log, encoding="utf-8") as text:
        told = findings(text.read())
    check(done.returncode == 0 and not done.stderr and told, name + ": the tool goes on in silence",
          (done.returncode, done.stderr))
    os.unlink(log)


def main():
    work = tempfile.mkdtemp(prefix="orshim-capture.")
    try:
        with Mock() as standin:
            for case in CASES:
                check_case(standin, "1.1", case, work)
            check_silence(standin, work, os.path.join(work, "nowhere"), "no such folder")
            check_silence(standin, work, "/proc", "a folder that takes no files")
        with Mock("--compress") as standin:
            check_case(standin, "1.1", CASES[1], work)
        with Mock("--http2") as standin:
            for case in CASES:
                check_case(standin, "2", case, work)
    finally:
        shutil.rmtree(work, ignore_errors=True)
    sys.exit(finish())


if __name__ == "__main__":
    main()
