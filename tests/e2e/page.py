#!/usr/bin/python3
# SPDX-License-Identifier: MIT
# tags: fast
"""page.py ORSHIM [FOLDER]: the HTML report in headless Chromium, over its debugging pipe.

Renders, searches, changes theme, follows the keyboard, prints; no message on the
console, no request but the file itself; screenshots at 360 and 1280 pixels go
to FOLDER.
"""
import base64
import json
import os
import shutil
import subprocess
import sys
import tempfile

from harness import ORSHIM, check, finish, skip_all


class Browser:
    """Chrome DevTools protocol: JSON ended by NUL, on descriptors 3 and 4."""

    def __init__(self, folder):
        to_read, self.to = os.pipe()
        self.of, of_write = os.pipe()
        command = [shutil.which("chromium"), "--headless", "--no-sandbox", "--disable-gpu",
                   "--remote-debugging-pipe", "--user-data-dir=" + os.path.join(folder, "profile")]

        def descriptors():
            os.dup2(to_read, 10)
            os.dup2(of_write, 11)
            os.dup2(10, 3)
            os.dup2(11, 4)
        self.process = subprocess.Popen(command, preexec_fn=descriptors, close_fds=False,
                                        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        os.close(to_read)
        os.close(of_write)
        self.rest, self.number, self.session = b"", 0, None
        self.requests, self.complaints, self.loaded = [], [], False

    def message(self):
        while b"\0" not in self.rest:
            more = os.read(self.of, 1 << 16)
            if not more:
                raise EOFError("chromium has ended")
            self.rest += more
        one, self.rest = self.rest.split(b"\0", 1)
        message = json.loads(one)
        method, params = message.get("method"), message.get("params", {})
        if method == "Network.requestWillBeSent":
            self.requests.append(params["request"]["url"])
        elif method in ("Runtime.exceptionThrown", "Runtime.consoleAPICalled", "Log.entryAdded"):
            self.complaints.append(params)
        elif method == "Page.loadEventFired":
            self.loaded = True
        return message

    def call(self, method, **params):
        self.number += 1
        call = {"id": self.number, "method": method, "params": params}
        if self.session:
            call["sessionId"] = self.session
        os.write(self.to, json.dumps(call).encode() + b"\0")
        while True:
            message = self.message()
            if message.get("id") == self.number:
                if "error" in message:
                    raise RuntimeError(message["error"])
                return message["result"]

    def open(self, url):
        target = self.call("Target.createTarget", url="about:blank")["targetId"]
        self.session = self.call("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]
        for domain in ("Page", "Runtime", "Log", "Network"):
            self.call(domain + ".enable")
        self.requests.clear()
        self.loaded = False
        self.call("Page.navigate", url=url)
        while not self.loaded:
            self.message()

    def value(self, expression):
        result = self.call("Runtime.evaluate", expression=expression, returnByValue=True)
        if "exceptionDetails" in result:
            raise RuntimeError(result["exceptionDetails"])
        return result["result"].get("value")

    def key(self, text):
        for kind in ("keyDown", "keyUp"):
            self.call("Input.dispatchKeyEvent", type=kind, text=text if kind == "keyDown" else "",
                      key=text)

    def screenshot(self, width, path):
        self.call("Emulation.setDeviceMetricsOverride", width=width, height=900,
                  deviceScaleFactor=1, mobile=width < 500)
        wide = self.value("document.documentElement.scrollWidth")
        with open(path, "wb") as out:
            out.write(base64.b64decode(self.call("Page.captureScreenshot",
                                                 captureBeyondViewport=True)["data"]))
        return wide


def make_log(orshim, path):
    root = os.path.join(os.path.dirname(__file__), "..", "captures")
    with open(path, "wb") as log:
        for rule in ("auth_token_quoted", "upstream_refused_credentials", "auth_missing"):
            folder = os.path.join(root, rule)
            caps = [os.path.join(folder, n) for n in sorted(os.listdir(folder))
                    if n.endswith(".cap")]
            log.write(subprocess.run([orshim, "replay", "--json"] + caps,
                                     stdout=subprocess.PIPE).stdout)
        log.write(b'{"v":1,"record":"exchange","host":"</script><script>document.title=1</script>",'
                  b'"path":"/\\" onmouseover=\\"x","verdict":{"refused_by":"<b>"}}\n')


def look_at(browser, page, shots):
    shown = "[...document.querySelectorAll('details.x')].filter(x => !x.hidden).length"
    browser.open("file://" + page)
    everything = browser.value(shown)
    check(browser.value("document.title").startswith("orshim: "), "it has the verdict as its title")
    check(everything > 10, "it shows the requests")
    check(browser.value("document.querySelectorAll('svg rect').length") == everything,
          "the timeline has a bar for each")
    folds = "[...document.querySelectorAll('details.more')]"
    check(browser.value(folds + ".length > 1 && " + folds + ".every(x => !x.open)"),
          "long lists are folded")
    browser.value(folds + "[0].querySelector('summary').focus()")
    browser.call("Input.dispatchKeyEvent", type="keyDown", key="Enter", code="Enter", text="\r",
                 windowsVirtualKeyCode=13)
    browser.call("Input.dispatchKeyEvent", type="keyUp", key="Enter", code="Enter",
                 windowsVirtualKeyCode=13)
    check(browser.value(folds + "[0].open"), "Enter unfolds one")
    browser.value(folds + "[0].open = false")
    browser.value("dispatchEvent(new Event('beforeprint'))")
    check(browser.value(folds + ".every(x => x.open)"), "all are unfolded for print")
    browser.value("dispatchEvent(new Event('afterprint'))")
    check(browser.value(folds + ".every(x => !x.open)"), "and folded after it")
    browser.key("/")
    check(browser.value("document.activeElement.id") == "search", "/ goes to the search")
    browser.call("Input.insertText", text="upstream_refused")
    found = browser.value(shown)
    check(browser.value("[...document.querySelectorAll('details.x')].filter(x => !x.hidden)"
                          ".every(x => x.checkVisibility())"), "what the search finds is unfolded")
    check(0 < found < everything, "the search finds some of them")
    browser.call("Input.dispatchKeyEvent", type="keyDown", key="Escape")
    check(browser.value(shown) == everything, "Escape shows all again")
    browser.key("f")
    check(0 < browser.value(shown) < everything, "f shows the refused ones")
    browser.key("f")
    browser.key("j")
    browser.key("j")
    check(browser.value("document.activeElement.tagName") == "SUMMARY", "j goes to a request")
    before = browser.value("getComputedStyle(document.body).backgroundColor")
    browser.key("t")
    check(browser.value("getComputedStyle(document.body).backgroundColor") != before,
          "t changes the theme")
    browser.screenshot(1280, os.path.join(shots, "page-1280-dark.png"))
    browser.key("t")
    browser.value("location.hash = document.querySelector('.card a').hash")
    check(browser.value("document.querySelector('details.x').open"), "a link opens its request")
    check(browser.screenshot(1280, os.path.join(shots, "page-1280.png")) <= 1280, "it fits 1280 px")
    check(browser.screenshot(360, os.path.join(shots, "page-360.png")) <= 360, "it fits 360 px")
    pdf = browser.call("Page.printToPDF")["data"]
    check(base64.b64decode(pdf).startswith(b"%PDF"), "it prints")
    check(browser.requests == ["file://" + page] or
            [u for u in browser.requests if not u.startswith("data:")] == ["file://" + page],
            "no request leaves: %s" % browser.requests)
    check(not browser.complaints, "nothing on the console: %s" % browser.complaints[:2])


def main():
    if not shutil.which("chromium"):
        skip_all("chromium is not installed")
    folder = tempfile.mkdtemp(prefix="orshim-page-")
    orshim = ORSHIM
    page = os.path.join(folder, "report.html")
    browser = None
    try:
        make_log(orshim, os.path.join(folder, "log"))
        subprocess.run([orshim, "report", "--html", page, os.path.join(folder, "log")],
                       stdout=subprocess.DEVNULL)
        browser = Browser(folder)
        look_at(browser, page, sys.argv[1] if len(sys.argv) > 1 else folder)
    finally:
        if browser:
            browser.process.terminate()
            browser.process.wait()
        shutil.rmtree(folder, ignore_errors=True)
    return finish()


if __name__ == "__main__":
    sys.exit(main())
