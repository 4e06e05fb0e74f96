#!/usr/bin/python3
# SPDX-License-Identifier: MIT
# tags: clients
"""har_recorders.py: HAR files of real recorders through `orshim lint --har`.

mitmproxy (Debian's, with its addon that dumps a HAR) between curl and the mock, in HTTP/1.1 and
HTTP/2; Chromium, whose own devtools build and export the HAR, with sensitive data and without. All of it in
a network with `lo` alone. A recorder that is not installed is skipped with a message.
"""
import json
import os
import shutil
import socket
import subprocess
import sys
import time

import harness
from harness import ORSHIM, attempt, finish, namespace, skip
from report_page.browser import Browser

KEY = "sk-or-v1-" + "6b86b273" * 8
ADDON = "/usr/share/doc/mitmproxy/examples/contrib/har_dump.py"
URL = "https://openrouter.ai/api/v1/chat/completions"
BODY = json.dumps({"model": "openai/gpt-4o-mini", "messages": [{"role": "user", "content": "hi"}]})
# Asked in the recorded page; each is one line of the archive.
ASK = """fetch("/api/v1/chat/completions", {method: "POST", body: %s, headers: {
    "content-type": "application/json", %s}}).then(answer => answer.text())"""
# Chromium's devtools, in their own page: their network log, written as their button writes it.
EXPORT = """Promise.all([import("/devtools/models/har/har.js"), import("/devtools/models/logs/logs.js"),
    import("/devtools/core/common/common.js")]).then(([har, logs, common]) => {
        const requests = logs.NetworkLog.NetworkLog.instance().requests();
        return har.Writer.Writer.harStringForRequests(requests, {sanitize: %s}, new common.Progress.CompositeProgress(new common.Progress.Progress()));
    })"""
RECORDED = """import("/devtools/models/logs/logs.js").then(logs => logs.NetworkLog.NetworkLog.instance()
    .requests().filter(one => one.finished && one.url().endsWith("/chat/completions")).length)"""


def lint(path):
    """Cause of each exchange, and what was said; Wrong if a key is in it."""
    done = subprocess.run([ORSHIM, "lint", "--json", "--har", path], stdout=subprocess.PIPE,
                          stderr=subprocess.PIPE, check=False, text=True)
    shown = subprocess.run([ORSHIM, "lint", "--har", path], stdout=subprocess.PIPE, check=False, text=True)
    if done.returncode not in (0, 1) or KEY in done.stdout + done.stderr + shown.stdout:
        raise harness.Wrong("%d: %s %s" % (done.returncode, done.stdout, done.stderr))
    records = [json.loads(line) for line in done.stdout.splitlines()]
    return [r["verdict"]["cause"] for r in records if r["method"] == "POST"], done.stderr, records


def wait_for(port, process):
    end = time.monotonic() + 60
    while time.monotonic() < end and process.poll() is None:
        try:
            socket.create_connection(("127.0.0.1", port), 1).close()
            return
        except OSError:
            time.sleep(0.1)
    raise harness.Wrong("nobody listens")


def through_mitmproxy(scratch, http):
    har = os.path.join(scratch, "mitmproxy%s.har" % http)
    proxy = subprocess.Popen(
        ["mitmdump", "-q", "-s", ADDON, "--set", "hardump=" + har, "--set", "ssl_insecure=true",
         "--set", "confdir=" + os.path.join(scratch, "mitmproxy"), "--listen-host", "127.0.0.1",
         "--listen-port", "8080"], stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    try:
        wait_for(8080, proxy)
        for fields in (['Authorization: Bearer "%s"' % KEY], ["Authorization: Bearer " + KEY, "x-count: 1"],
                       []):
            subprocess.run(["curl", "-sS", "--http" + http, "-x", "http://127.0.0.1:8080", "-k", URL, "-d",
                            BODY, "-H", "Content-Type: application/json",
                            *(word for one in fields for word in ("-H", one))],
                           check=True, stdout=subprocess.PIPE, timeout=60)
    finally:
        proxy.terminate()
        said = proxy.communicate(timeout=60)[0]
    if not os.path.exists(har):
        raise harness.Wrong(said)
    causes, said, records = lint(har)
    versions = {r["http"] for r in records}
    if causes[0] != "auth_token_quoted" or causes[2] not in ("auth_missing", "auth_lost") or said:
        raise harness.Wrong("%r %s" % (causes, said))
    if versions != {http} or records[0]["request"]["body"]["model"] != "openai/gpt-4o-mini":
        raise harness.Wrong(records)
    return "%s in HTTP/%s" % (", ".join(map(str, causes)), http)


def devtools_for(browser, port):
    """The session of a page with the devtools that watch the page of the session at hand."""
    page = browser.session
    watched = browser.call("Target.getTargetInfo")["targetInfo"]["targetId"]
    browser.session = None
    browser.open("http://127.0.0.1:%d/devtools/inspector.html?panel=network&ws=127.0.0.1:%d/devtools/page/%s"
                 % (port, port, watched))
    devtools, browser.session = browser.session, page
    return devtools


def by_chromium(scratch):
    port = 9333  # of a network of our own
    browser = Browser(scratch, "--ignore-certificate-errors", "--remote-debugging-port=%d" % port,
                      "--remote-allow-origins=http://127.0.0.1:%d" % port)
    try:
        browser.open("https://openrouter.ai/api/v1/models")
        page, devtools = browser.session, devtools_for(browser, port)
        asked, end = 0, time.monotonic() + 120
        # The devtools need a while until they record: ask until they have both.
        while True:
            for field in ('"Authorization": "Bearer \\"%s\\""' % KEY, '"x-count": "1"'):
                browser.session = page
                browser.value(ASK % (json.dumps(BODY), field))
                asked += 1
            browser.session = devtools
            if browser.value(RECORDED) >= 2:
                break
            if time.monotonic() > end:
                raise harness.Wrong("the devtools recorded nothing of %d requests" % asked)
            time.sleep(0.5)
        paths = []
        for sanitize in ("false", "true"):
            paths.append(os.path.join(scratch, "chromium-%s.har" % sanitize))
            with open(paths[-1], "w", encoding="utf-8") as out:
                out.write(browser.value(EXPORT % sanitize))
    finally:
        browser.process.terminate()
        browser.process.wait()
    causes, said, _ = lint(paths[0])
    if causes[:2] != ["auth_token_quoted", "auth_lost"] or said:
        raise harness.Wrong("with sensitive data: %r %s" % (causes, said))
    causes, said, _ = lint(paths[1])
    if set(causes) != {"credential_not_recognised"} or "with sensitive data" not in said:
        raise harness.Wrong("without: %r %s" % (causes, said))
    return "%d requests" % len(causes)


def inside(scratch, _):
    with harness.Mock("--port", "443", "--http2"):
        if shutil.which("mitmdump") and os.path.exists(ADDON):
            for http in ("1.1", "2"):
                attempt("mitmproxy", lambda: through_mitmproxy(scratch, http))
        else:
            skip("mitmproxy: not installed")
        if shutil.which("chromium"):
            attempt("Chromium's devtools", lambda: by_chromium(scratch))
        else:
            skip("Chromium: not installed")
    return finish()


if __name__ == "__main__":
    sys.exit(namespace.within(inside, "127.0.0.1 localhost openrouter.ai\n"))
