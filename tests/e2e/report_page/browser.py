# SPDX-License-Identifier: MIT
"""Headless Chromium over its debugging pipe."""
import base64
import json
import os
import shutil
import subprocess


class Browser:
    """Chrome DevTools protocol: JSON ended by NUL, on descriptors 3 and 4."""

    def __init__(self, folder, *options):
        to_read, self.to = os.pipe()
        self.of, of_write = os.pipe()
        command = [shutil.which("chromium"), "--headless", "--no-sandbox", "--disable-gpu",
                   "--remote-debugging-pipe", "--user-data-dir=" + os.path.join(folder, "profile"), *options]

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
        """What it evaluates to, awaited if it is a promise."""
        result = self.call("Runtime.evaluate", expression=expression, returnByValue=True, awaitPromise=True)
        if "exceptionDetails" in result:
            raise RuntimeError(result["exceptionDetails"])
        return result["result"].get("value")

    def key(self, text):
        """A character, or a key by its name."""
        codes = {"Enter": 13, "Escape": 27, "ArrowUp": 38, "ArrowDown": 40, "End": 35, "Home": 36}
        written = "\r" if text == "Enter" else text if len(text) == 1 else ""
        more = {"windowsVirtualKeyCode": codes[text], "code": text} if text in codes else {}
        self.call("Input.dispatchKeyEvent", type="keyDown", text=written, key=text, **more)
        self.call("Input.dispatchKeyEvent", type="keyUp", key=text, **more)

    def settle(self):
        """Two frames: what an event asked for is drawn."""
        self.call("Runtime.evaluate", awaitPromise=True, expression="new Promise(done => "
                  "requestAnimationFrame(() => requestAnimationFrame(() => done(1))))")

    def media(self, **features):
        self.call("Emulation.setEmulatedMedia", features=[
            {"name": name.replace("_", "-"), "value": value} for name, value in features.items()])

    def screenshot(self, width, path, below=None):
        """The page as far as 3,000 pixels, or what is BELOW the top of an element; its width."""
        self.call("Emulation.setDeviceMetricsOverride", width=width, height=900,
                  deviceScaleFactor=1, mobile=width < 500)
        self.settle()
        wide = self.value("document.documentElement.scrollWidth")
        self.settle()
        size = self.call("Page.getLayoutMetrics")["cssContentSize"]
        top = self.value("document.querySelector(%s).getBoundingClientRect().top + scrollY" % json.dumps(below)) if below else 0
        clip = {"x": 0, "y": top, "width": width, "height": min(size["height"] - top, 3000), "scale": 1}
        with open(path, "wb") as out:
            out.write(base64.b64decode(self.call("Page.captureScreenshot", clip=clip,
                                                 captureBeyondViewport=True)["data"]))
        return wide
