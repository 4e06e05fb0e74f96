#!/usr/bin/python3
# SPDX-License-Identifier: MIT
# tags: fast
"""page.py ORSHIM [FOLDER]: the HTML report, as bytes and in headless Chromium.

As bytes: one file; its policy allows only its own script and style; its data is complete and
cannot end its script element; the verdict and the causes can be read without a script. In Chromium:
sort, filter, zoom, detail, keyboard, print; no console message, no request but for the file itself;
72,000 exchanges with few of them in the document. Screenshots go to FOLDER.
"""
import base64
import hashlib
import html.parser
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile

from harness import ORSHIM, ROOT, check as verdict, finish, skip
from report_page import made_log
from report_page.browser import Browser

COLUMNS = 22


class Page(html.parser.HTMLParser):
    """Elements with their attributes, text of style and script elements, all other text."""

    def __init__(self, text):
        super().__init__()
        self.elements, self.inside, self.text, self.raw = [], [], "", {}
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        self.elements.append((tag, dict(attrs)))
        if tag in ("style", "script"):
            self.inside.append(tag + ("#data" if ("id", "data") in attrs else ""))

    def handle_endtag(self, tag):
        if tag in ("style", "script"):
            self.inside.pop()

    def handle_data(self, data):
        if self.inside:
            self.raw[self.inside[-1]] = self.raw.get(self.inside[-1], "") + data
        else:
            self.text += data


def check_bytes(text, log):
    page = Page(text)
    tags = [tag for tag, _ in page.elements]
    policy = [a["content"] for tag, a in page.elements
              if a.get("http-equiv") == "Content-Security-Policy"]
    hashes = ["'sha256-%s'" % base64.b64encode(hashlib.sha256(page.raw[name].encode()).digest()).decode()
              for name in ("style", "script")]
    verdict(policy == ["default-src 'none'; base-uri 'none'; form-action 'none'; img-src data:; "
                       "style-src %s; script-src %s" % tuple(hashes)],
            "its policy allows its own style and script, by their hashes, and no network")
    verdict(tags.count("script") == 2 and tags.count("style") == 1 and
            not {"img", "iframe", "object", "embed", "form", "svg"} & set(tags),
            "nothing in it loads or runs")
    verdict(not [a for _, a in page.elements for name in a if name.startswith("on") or name == "style"],
            "no handler and no style in an attribute")
    verdict(not [a for _, a in page.elements for name in ("src", "href", "action")
                 if not a.get(name, "#").startswith(("#", "data:,"))], "no link leaves it")
    data = page.raw["script#data"]
    verdict("<" not in data, "its data cannot end their element")
    model = json.loads(data)
    exchanges = sum(1 for line in log if b'"record":"exchange"' in line)
    verdict(model["total"] == model["kept"] == len(model["rows"]) == exchanges, "each exchange is in it")
    verdict(all(len(row) == COLUMNS and all(isinstance(n, int) for n in row) for row in model["rows"]),
            "a row is %d numbers" % COLUMNS)
    places = range(len(model["pool"]))
    verdict(all(row[c] in places for row in model["rows"] for c in (6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 18, 21)),
            "that name what is there")
    verdict(sorted(row[2] for row in model["rows"]) == [row[2] for row in model["rows"]], "in the order of time")
    failing = sum(row[5] & 1 for row in model["rows"])
    compared = sum(1 for row in model["rows"] if row[21])
    verdict(failing and compared >= failing * 2 // 3, "refused ones are compared with one that worked")
    verdict("no credential was sent" in page.text and "the key is sent with its quotation marks" in page.text and
            page.text.index("requests were refused") < page.text.index("no credential was sent"),
            "without a script it says the verdict, then the causes")
    verdict("noscript" in tags and "orshim report N" in page.text, "and where the requests are")
    verdict("openrouter_auth" not in page.text and "`orshim" not in page.text, "in plain words")
    verdict("</script><script>document.title=1" not in text, "a hostile host is text")


def rows(browser):
    browser.settle()
    return browser.value("Number(document.querySelector('.grid').getAttribute('aria-rowcount')) - 1")


def column(browser, name):
    browser.settle()
    return browser.value("[...document.querySelectorAll('.row')].sort((a, b) => a.ariaRowIndex - b.ariaRowIndex)"
                         ".map(x => x.querySelector('.c-%s').textContent)" % name)


def choose(browser, title, value):
    browser.value("(() => { const s = document.querySelector('[aria-label=\"filter by %s\"]'); "
                  "s.value = s.querySelector('option[value*=\"%s\"]').value; "
                  "s.dispatchEvent(new Event('change')); })()" % (title, value))


def press(browser, selector):
    browser.value("document.querySelector(%s).click()" % json.dumps(selector))


def check_filters(browser, everything):
    verdict(column(browser, "status")[0].startswith("\u2717"), "failures come first")
    press(browser, "#first")
    times = column(browser, "time")
    verdict(times == sorted(times) and len(times) > 10, "without that, the order of time")
    press(browser, "#first")
    press(browser, ".head .c-ms button")
    browser.settle()
    ms = [int(x) for x in column(browser, "ms")]
    verdict(ms == sorted(ms) and browser.value("document.querySelector('.head .c-ms').ariaSort") == "ascending",
            "a column's title sorts")
    press(browser, ".head .c-ms button")
    ms = [int(x) for x in column(browser, "ms")]
    verdict(ms == sorted(ms, reverse=True) and
            browser.value("document.querySelector('.head .c-ms').ariaSort") == "descending", "and again, downwards")
    press(browser, ".head .c-time button")

    browser.key("/")
    verdict(browser.value("document.activeElement.id") == "search", "/ goes to the search")
    browser.call("Input.insertText", text="upstream_refused roocode")
    browser.settle()
    found = rows(browser)
    verdict(0 < found < everything and set(column(browser, "cause")) == {"upstream_refused_credentials"} and
            all(x.startswith("RooCode") for x in column(browser, "sender")), "the search finds all its words")
    verdict("%d of %d requests" % (found, everything) in browser.value("document.querySelector('#shown').textContent"),
            "and says how many")
    browser.key("Escape")
    verdict(rows(browser) == everything, "Escape shows all again")
    browser.key("Escape")
    browser.key("f")
    refused = rows(browser)
    verdict(0 < refused < everything and all(x.startswith("\u2717") for x in column(browser, "status")),
            "f shows the refused ones")
    browser.key("f")
    for title, value, name in (("cause", "rate_limited", "cause"), ("status", "429", "status"), ("model", "qwen", "model"),
                               ("tool", "Cline", "sender"), ("key", "sha256", "key"), ("provider", "OpenAI", "cause")):
        choose(browser, title, value)
        found = rows(browser)
        seen = set(column(browser, name))
        verdict(0 < found < everything and (title == "provider" or len(seen) == 1), "%s filters: %s" % (title, seen))
        press(browser, ".chip")
        verdict(rows(browser) == everything, "and its chip takes the filter away")
    press(browser, "#keys + .scroll button.value")
    verdict(0 < rows(browser) < everything, "a key in its table filters")
    press(browser, "#senders + .scroll button.value")
    verdict(0 < rows(browser) < everything and len(set(column(browser, "sender"))) == 1, "so does a sender")
    browser.value("location.hash = document.querySelector('.cause a.show').getAttribute('href')")
    browser.settle()
    verdict(0 < rows(browser) < everything and len(set(column(browser, "cause"))) == 1, "a cause leads to its requests")
    press(browser, ".chip")


def check_zoom(browser, everything):
    bars = "document.querySelectorAll('.chart rect.bad, .chart rect.good').length"
    verdict(browser.value(bars) > 20 and browser.value("document.querySelectorAll('.chart text').length") >= 2,
            "the time axis has bars and times")
    press(browser, "[aria-label='zoom in']")
    inside = rows(browser)
    verdict(0 < inside < everything, "zoom in shows part of the time")
    press(browser, "[aria-label='earlier']")
    verdict(rows(browser) != inside, "earlier moves it")
    press(browser, "[aria-label='all, the whole time']")
    verdict(rows(browser) == everything, "all shows all")
    browser.value("document.querySelector('.chart').scrollIntoView({block: 'center', behavior: 'instant'})")
    browser.settle()
    box = json.loads(browser.value("JSON.stringify(document.querySelector('.chart').getBoundingClientRect())"))
    y = box["y"] + 40
    for kind, x in (("mousePressed", 0.2), ("mouseMoved", 0.3), ("mouseReleased", 0.4)):
        browser.call("Input.dispatchMouseEvent", type=kind, x=box["x"] + box["width"] * x, y=y, button="left",
                     buttons=1, clickCount=1)
    verdict(0 < rows(browser) < everything / 2, "dragging over it zooms")
    browser.key("-")
    browser.key("-")
    browser.key("-")
    verdict(rows(browser) == everything, "- zooms out")


def check_detail(browser, everything):
    detail = "document.querySelector('.detail')"
    browser.value("document.querySelector('.grid').focus()")
    browser.key("ArrowDown")
    browser.settle()
    first = browser.value("document.querySelector('.grid').getAttribute('aria-activedescendant')")
    verdict(browser.value("document.getElementById('%s').ariaSelected" % first) == "true", "an arrow goes to a row")
    browser.key("Enter")
    browser.settle()
    verdict(not browser.value(detail + ".hidden"), "Enter opens it")
    before = browser.value(detail + ".textContent")
    browser.key("ArrowDown")
    browser.settle()
    verdict(browser.value(detail + ".textContent") != before, "the next arrow shows the next")
    browser.key("k")
    browser.settle()
    verdict(browser.value(detail + ".textContent") == before, "k goes back")
    browser.key("Escape")
    verdict(browser.value(detail + ".hidden"), "Escape closes it")
    choose(browser, "cause", "auth_token_quoted")
    browser.settle()
    # Of a value that is quoted with its scheme the log does not have the marks themselves.
    for n in range(8):
        browser.value("[...document.querySelectorAll('.row')].filter(x => /chat.completions/.test(x.textContent))[%d].click()" % n)
        browser.settle()
        if re.search("uthorization: Bearer [\"'`\u201c]", browser.value(detail + ".textContent")):
            break
    text = browser.value(detail + ".textContent")
    carets = browser.value("[...document.querySelectorAll('.detail .sides pre')][0].textContent").split("\n")
    at = [i for i, line in enumerate(carets) if line.strip(" ^") == "" and "^" in line]
    verdict(at and re.match("(\u2260 )?authorization: .*", carets[at[0] - 1], re.I) and
            carets[at[0] - 1][carets[at[0]].index("^")] in "\"'`\u201c", "the caret is under the quotation mark: %s" % carets)
    verdict("Compared with the last request that worked" in text and "worked (" in text, "it is compared with one that worked")
    verdict("openrouter_auth" not in text and "refused by OpenRouter's key check" in text, "who refused, in plain words")
    browser.value("window.copied = ''; navigator.clipboard.writeText = async (x) => { copied = x; }")
    browser.value("[...document.querySelectorAll('.detail button')].find(x => /curl/.test(x.textContent)).click()")
    curl = browser.value("copied")
    verdict(curl.startswith("curl -sS -g --path-as-is") and '"$OPENROUTER_API_KEY"' in curl and "<redacted>" not in curl,
            "copied as curl, without a key")
    browser.value("[...document.querySelectorAll('.detail button')].find(x => /Markdown/.test(x.textContent)).click()")
    markdown = browser.value("copied")
    verdict(markdown.startswith("### ") and markdown.count("~~~") == 2 and "auth_token_quoted" in markdown and
            "^" in markdown, "copied as Markdown")
    browser.settle()
    verdict("copied" in browser.value("document.querySelector('#said').textContent"), "which a screen reader is told")
    browser.key("Escape")
    press(browser, ".chip")
    verdict(rows(browser) == everything, "all is as before")


def check_hostile(browser, everything):
    browser.key("/")
    browser.call("Input.insertText", text="document.title")
    browser.settle()
    verdict(rows(browser) == 1, "the hostile exchange is found")
    browser.value("document.querySelector('.row').click()")
    browser.settle()
    verdict(browser.value("document.title").startswith("orshim: ") and browser.value(
        "document.querySelectorAll('.detail img, .detail svg, .detail script, .detail b, .detail i, .detail u').length") == 0,
        "and is text")
    verdict("javascript:alert(1)" in browser.value("document.querySelector('.detail').textContent"), "all of it")
    browser.value("[...document.querySelectorAll('.detail button')].find(x => /Markdown/.test(x.textContent)).click()")
    verdict("\n### " not in browser.value("copied")[3:] and browser.value("copied").count("~~~") == 2,
            "also as Markdown")
    browser.value("document.querySelector('.grid').focus()")
    browser.key("Escape")
    browser.value("(() => { const s = document.querySelector('#search'); s.value = ''; s.dispatchEvent(new Event('input')); })()")
    verdict(rows(browser) == everything, "all is as before")


def check_print(browser, page):
    inside = "document.querySelectorAll('.row').length"
    before = browser.value(inside)
    browser.value("dispatchEvent(new Event('beforeprint'))")
    verdict(browser.value(inside) == 300 and
            browser.value("[...document.querySelectorAll('main details')].every(x => x.open)"),
            "on paper there are 300 requests, and all is unfolded")
    browser.value("dispatchEvent(new Event('afterprint'))")
    browser.settle()
    verdict(browser.value(inside) == before and
            browser.value("[...document.querySelectorAll('.cause')].slice(1).every(x => !x.open)"), "and folded after it")
    browser.open("file://" + page)
    browser.settle()
    paper = base64.b64decode(browser.call("Page.printToPDF")["data"])
    text = " ".join(subprocess.run(["pdftotext", "-layout", "-", "-"], input=paper, stdout=subprocess.PIPE,
                                   check=True).stdout.decode().split())
    titles = browser.value("[document.querySelector('h1').textContent, ...[...document.querySelectorAll("
                           "'.cause .badge + *, h2')].map(x => x.textContent)]")
    missing = [title for title in titles if " ".join(title.split()) not in text]
    verdict(len(titles) > 5 and not missing, "on paper are the verdict, each cause and each section: %s" % missing)
    last = browser.value("[...document.querySelectorAll('.cause dd')].pop().textContent")
    verdict(" ".join(last.split()) in text and text.count("POST /") > 100 and "upstream_refused_credentials" in
            text[text.index("Requests"):], "what was folded, and the requests with their causes")
    controls = [word for word in ("zoom", "\u2715", "light / dark", "failures first", "filter by") if word in text]
    verdict(not controls and "openrouter_auth" not in text, "and nothing to click: %s" % controls)


def check_axe(browser, page):
    """Deque's axe-core: names of controls, roles, contrast, order of headings."""
    fetch = os.path.join(ROOT, "scripts", "fetch-clients.sh")
    cache = subprocess.run([fetch, "small"], stdout=subprocess.PIPE, check=True, text=True).stdout.strip()
    with open(os.path.join(cache, "axe-core-4.14.1", "axe.min.js"), encoding="utf-8") as text:
        axe = text.read()
    run = ("axe.run(document, {resultTypes: ['violations']}).then(x => "
           "x.violations.map(v => v.id + ': ' + v.nodes[0].html.slice(0, 120)))")
    browser.call("Page.setBypassCSP", enabled=True)
    browser.open("file://" + page)
    browser.settle()
    browser.value(axe + "; 0")
    for theme in ("light", "dark"):
        browser.media(prefers_color_scheme=theme)
        for where in ("the page", "a request's detail"):
            found = browser.call("Runtime.evaluate", expression=run, awaitPromise=True, returnByValue=True)["result"]
            verdict(found.get("value") == [], "axe finds nothing in %s, %s: %s" % (where, theme, found.get("value")))
            browser.value("location.hash = document.querySelector('.cause a').hash")
            browser.settle()
        browser.key("Escape")
        browser.settle()
    found = browser.call("Runtime.evaluate", expression="(document.querySelector('h1').outerHTML = '<img src=data:,>', %s)"
                         % run, awaitPromise=True, returnByValue=True)["result"]["value"]
    verdict(any(one.startswith("image-alt") for one in found), "and it does find what is wrong: %s" % found)
    browser.call("Page.setBypassCSP", enabled=False)


def check_looks(browser, page, shots):
    for theme in ("light", "dark"):
        for width in (1280, 360):
            browser.open("file://" + page)
            browser.media(prefers_color_scheme=theme)
            browser.screenshot(width, os.path.join(shots, "page-%d-%s.png" % (width, theme)))
            browser.value("location.hash = document.querySelector('.cause a').hash")
            verdict(browser.screenshot(width, os.path.join(shots, "detail-%d-%s.png" % (width, theme)),
                                       ".timeline") <= width,
                    "it fits %d px, %s" % (width, theme))
            verdict(not browser.value("document.querySelector('.detail').hidden"), "a link opens its request")
    before = browser.value("getComputedStyle(document.body).backgroundColor")
    browser.key("t")
    verdict(browser.value("getComputedStyle(document.body).backgroundColor") != before, "t changes the theme")


def check_many(browser, folder):
    """A log of 72,000: the document keeps the rows that are seen, wherever one scrolls."""
    log, page = os.path.join(folder, "many.log"), os.path.join(folder, "many.html")
    made_log.write(ORSHIM, 72000, log)
    subprocess.run([ORSHIM, "report", "--html", page, log], stdout=subprocess.DEVNULL)
    verdict(os.path.getsize(page) < os.path.getsize(log) / 2, "the page is less than half of its log")
    browser.open("file://" + page)
    browser.call("Emulation.setDeviceMetricsOverride", width=1280, height=900, deviceScaleFactor=1, mobile=False)
    everything = rows(browser)
    verdict(everything == 72001, "72,001 requests are in the table")
    most = 0
    for part in (0.1, 0.5, 0.9, 1, 0):
        browser.value("(() => { const g = document.querySelector('.grid'); g.scrollTop = g.scrollHeight * %f; })()" % part)
        browser.settle()
        most = max(most, browser.value("document.querySelectorAll('.row').length"))
        seen = browser.value("(() => { const g = document.querySelector('.grid').getBoundingClientRect(); "
                             "return [...document.querySelectorAll('.row')].filter(x => x.getBoundingClientRect().bottom > g.top && "
                             "x.getBoundingClientRect().top < g.bottom).length; })()")
        verdict(seen >= 10, "%d rows are seen at %d %%" % (seen, part * 100))
    verdict(10 < most < 60, "at most %d are in the document" % most)
    browser.value("document.querySelector('.grid').focus()")
    browser.key("End")
    browser.settle()
    verdict(browser.value("document.querySelector('.row[aria-selected=true]').ariaRowIndex") == str(everything + 1),
            "End goes to the last one")
    browser.key("f")
    verdict(0 < rows(browser) < everything, "f filters them")
    press(browser, ".head .c-key button")
    browser.settle()
    keys = column(browser, "key")
    verdict(keys == sorted(keys), "they sort")


def check(browser, page, folder, shots):
    browser.open("file://" + page)
    browser.call("Emulation.setDeviceMetricsOverride", width=1280, height=900, deviceScaleFactor=1, mobile=False)
    everything = rows(browser)
    verdict(browser.value("document.title").startswith("orshim: "), "it has the verdict as its title")
    verdict(everything == 401, "the table has every request")
    check_filters(browser, everything)
    check_zoom(browser, everything)
    check_detail(browser, everything)
    check_hostile(browser, everything)
    check_print(browser, page)
    check_axe(browser, page)
    check_looks(browser, page, shots)
    check_many(browser, folder)
    verdict(all(u.startswith(("file://" + folder, "data:")) for u in browser.requests),
            "no request leaves: %s" % browser.requests)
    verdict(not browser.complaints, "nothing on the console: %s" % browser.complaints[:2])


def main():
    folder = tempfile.mkdtemp(prefix="orshim-page-")
    log, page = os.path.join(folder, "log"), os.path.join(folder, "report.html")
    browser = None
    try:
        made_log.write(ORSHIM, 400, log)
        subprocess.run([ORSHIM, "report", "--html", page, log], stdout=subprocess.DEVNULL)
        with open(page, encoding="utf-8") as text, open(log, "rb") as lines:
            check_bytes(text.read(), lines)
        if shutil.which("chromium"):
            browser = Browser(folder)
            check(browser, page, folder, sys.argv[1] if len(sys.argv) > 1 else folder)
        else:
            skip("the page in Chromium: it is not installed (apt-get install chromium)")
    finally:
        if browser:
            browser.process.terminate()
            browser.process.wait()
        shutil.rmtree(folder, ignore_errors=True)
    return finish()


if __name__ == "__main__":
    sys.exit(main())
