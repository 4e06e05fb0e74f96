#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""pictures.py: make the pictures of README anew, docs/terminal.png and docs/report.png, from what
the build prints now: a terminal with curl that fails and `orshim run` around it, against the
stand-in OpenRouter; and the page of a working day's log, made of the captures.

In a network of its own, where openrouter.ai is this machine. Needs chromium and python3-pyte.
"""

import base64
import fcntl
import html
import os
import pty
import struct
import subprocess
import sys
import termios

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
sys.path.insert(0, os.path.join(ROOT, "tests", "e2e"))

import pyte  # noqa: E402

import harness  # noqa: E402
from redirect import place  # noqa: E402
from report_page.browser import Browser  # noqa: E402
from report_page import made_log  # noqa: E402

COLUMNS, ROWS = 106, 60
ASK = 'curl -sS https://openrouter.ai/api/v1/key -H "Authorization: Bearer $OPENROUTER_API_KEY"'
COLOURS = {"default": "#d6d9de", "red": "#ff6b68", "green": "#6bd968", "brown": "#e5c07b", "blue": "#61afef",
           "magenta": "#c678dd", "cyan": "#56b6c2", "white": "#ffffff", "black": "#5c6370"}
PAGE = ("<!doctype html><meta charset=utf-8><style>body{margin:0;background:#16181d}pre{margin:0;padding:14px 18px;"
        "font:13px/1.36 'DejaVu Sans Mono',monospace;width:max-content}</style><pre>%s</pre>")


def typed(commands, environ):
    """The screen after the COMMANDS, as if they had been typed."""
    screen = pyte.Screen(COLUMNS, ROWS)
    stream = pyte.ByteStream(screen)
    for command in commands:
        stream.feed(b"\033[1m$ " + command.encode() + b"\033[0m\r\n")
        pid, ours = pty.fork()
        if pid == 0:
            fcntl.ioctl(0, termios.TIOCSWINSZ, struct.pack("HHHH", ROWS, COLUMNS, 0, 0))
            os.execve("/bin/sh", ["sh", "-c", command], environ)
        try:
            while piece := os.read(ours, 65536):
                stream.feed(piece)
        except OSError:  # the other side is closed
            pass
        os.close(ours)
        os.waitpid(pid, 0)
        if screen.cursor.x:
            stream.feed(b"\r\n")
    return screen


def as_html(screen):
    lines = []
    for row in range(screen.cursor.y):
        line = ""
        for column in range(COLUMNS):
            c = screen.buffer[row][column]
            style = "color:%s%s" % (COLOURS.get(c.fg, c.fg), ";font-weight:bold" if c.bold else "")
            line += '<span style="%s">%s</span>' % (style, html.escape(c.data))
        lines.append(line)
    return PAGE % "\n".join(lines)


def shoot(browser, url, size, file):
    """SIZE: the top of the page; None: all of the terminal."""
    browser.open(url)
    wide, high = size or browser.value("(p => [p.offsetWidth, p.offsetHeight])(document.querySelector('pre'))")
    browser.call("Emulation.setDeviceMetricsOverride", width=wide, height=high, deviceScaleFactor=1, mobile=False)
    browser.settle()
    shot = browser.call("Page.captureScreenshot", clip={"x": 0, "y": 0, "width": wide, "height": high, "scale": 1})
    with open(file, "wb") as out:
        out.write(base64.b64decode(shot["data"]))


def inside(scratch, _):
    with place.Place(scratch) as here:
        key = '"%s"' % here.server.keys["good"]
        environ = dict(here.environment(key, ["CURL_CA_BUNDLE"]), TERM="xterm-256color",
                       PATH=harness.BUILD + ":/usr/bin:/bin")
        with open(os.path.join(scratch, "terminal.html"), "w", encoding="utf-8") as out:
            out.write(as_html(typed([ASK, "orshim run -- " + ASK], environ)))
    log = os.path.join(scratch, "agents.log")
    made_log.RULES = ("auth_token_quoted", "key_unknown", "auth_token_quoted", "upstream_refused_credentials")
    made_log.write(harness.ORSHIM, 400, log, hostile=False)
    subprocess.run([harness.ORSHIM, "report", "--html", os.path.join(scratch, "report.html"), "agents.log"],
                   cwd=scratch, stdout=subprocess.DEVNULL, check=False)
    browser = Browser(scratch, "--hide-scrollbars")
    for name, size in (("terminal", None), ("report", (1120, 1300))):
        shoot(browser, "file://%s/%s.html" % (scratch, name), size, os.path.join(ROOT, "docs", name + ".png"))
    browser.process.kill()
    return 0


if __name__ == "__main__":
    sys.exit(place.main(inside))
