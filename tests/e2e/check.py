#!/usr/bin/python3
# SPDX-License-Identifier: MIT
# tags: fast
"""check.py: `orshim check` on made-up homes: damaged, duplicate and conflicting keys; never a value.

Each case lists files below a home, variables, the findings to expect (rule and words), the caret's
place, and the exit status. The edits of --fix are run, and the findings must be gone afterwards.
"""
import json
import os
import re
import subprocess
import sys
import tempfile

from harness import ORSHIM, check, finish

KEY = "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"
OTHER = "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"
ANTHROPIC = "sk-ant-api03-" + "Zk3" * 31 + "AA"
V = "OPENROUTER_API_KEY"
SECRETS = (KEY[9:40], KEY[40:], OTHER[9:40], OTHER[40:], ANTHROPIC[13:60], "mmmKq3vZ8", "nnnWp7yD2")

# name, files, variables, [(rule, words)], exit status
CASES = [
    ("a good key", {}, {V: KEY}, [], 0),
    ("no key", {}, {}, [], 0),
    ("a good .env", {".env": V + "=" + KEY + "\n"}, {}, [], 0),
    ("the same key in both", {".env": V + "=" + KEY + "\n"}, {V: KEY}, [], 0),
    ("a quoted .env is well", {".env": V + '="' + KEY + '"\n'}, {}, [], 0),
    ("another vendor's variable with its key", {}, {"ANTHROPIC_API_KEY": ANTHROPIC, V: KEY}, [], 0),
    ("OpenRouter's key for Claude Code", {}, {"ANTHROPIC_AUTH_TOKEN": KEY}, [], 0),
    ("a local dummy", {}, {"OPENAI_API_KEY": "sk-local"}, [], 0),
    ("quotation marks", {}, {V: '"' + KEY + '"'}, [("key_variable_damaged", "contains quotation marks")], 1),
    ("a line break", {}, {V: KEY + "\n"}, [("key_variable_damaged", "contains a line break")], 1),
    ("a space", {}, {V: " " + KEY}, [("key_variable_damaged", "contains a space")], 1),
    ("a no-break space in .env", {".env": V + "=" + KEY + "\u00a0\n"}, {},
     [("key_variable_damaged", "./.env line 1")], 1),
    ("a placeholder", {}, {V: "sk-or-v1-..."}, [("key_variable_damaged", "OPENROUTER_API_KEY")], 1),
    ("Windows' line ends", {".env": "A=1\r\n" + V + "=" + KEY + "\r\n"}, {},
     [("key_variable_damaged", "carriage return for a shell that reads ./.env line 2")], 0),
    ("a cut key", {}, {V: KEY[:60]}, [("auth_token_length", "in the environment")], 1),
    ("a cut key in .env", {".env": "# mine\n" + V + "=" + KEY[:70] + "\n"}, {},
     [("auth_token_length", "./.env line 2")], 1),
    ("a cut key in a tool's settings", {"~/.continue/config.yaml": "models:\n- apiKey: %s\n" % KEY[:66]}, {},
     [("auth_token_length", "~/.continue/config.yaml line 2")], 1),
    ("another vendor's key", {}, {V: ANTHROPIC}, [("key_wrong_vendor", "a key of Anthropic")], 1),
    ("shell against .env", {".env": V + "=" + KEY + "\n"}, {V: OTHER},
     [("key_shadows_dotenv", "in the environment, and ./.env line 1")], 0),
    ("two .env", {".env": V + "=" + KEY + "\n", "../.env": V + "=" + OTHER + "\n"}, {},
     [("key_shadows_dotenv", "../.env line 1")], 0),
    ("shell against its start file", {"~/.bashrc": "export %s='%s'\n" % (V, OTHER)}, {V: KEY},
     [("key_shadows_dotenv", "~/.bashrc line 1")], 0),
    ("a name almost right", {}, {"OPENROUTER_KEY": KEY}, [("key_variable_near_miss", "OPENROUTER_KEY is set")], 0),
]


class Home:
    def __init__(self, work, number, files, variables):
        self.home = os.path.join(work, str(number))
        self.here = os.path.join(self.home, "project", "deep")
        os.makedirs(os.path.join(self.home, "project", ".git"))
        os.makedirs(self.here)
        for name, text in files.items():
            path = os.path.join(self.home, name[2:]) if name.startswith("~/") else os.path.join(self.here, name)
            os.makedirs(os.path.dirname(path), exist_ok=True)
            with open(path, "w", encoding="utf-8", newline="") as out:
                out.write(text)
        self.env = dict(variables, PATH=os.environ["PATH"], HOME=self.home, COLUMNS="200")

    def run(self, *options):
        run = subprocess.run([ORSHIM, "check", *options], cwd=self.here, env=self.env,
                             stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        return run.returncode, run.stdout.decode(), run.stderr.decode()

    def answer(self, *options):
        code, out, _ = self.run("--json", *options)
        return code, json.loads(out)


def findings(answer):
    """Those of this case: the machine that runs the tests may have an editor open."""
    return [f for f in answer["findings"] if not f["pid"]]


said = []


def try_case(home, name, wanted, status):
    code, text, errors = home.run()
    _, answer = home.answer()
    found = findings(answer)
    said.extend((text, json.dumps(answer), errors, home.run("--fix")[1]))
    flat = " ".join(text.split())
    check(code == status and not errors, "%s: ends with %d" % (name, status), text + errors)
    check([f["rule"] for f in found] == [rule for rule, _ in wanted] and
          all(words in f["text"] for f, (_, words) in zip(found, wanted)) and
          all(" ".join(f["text"].split()) in flat and "[%s]" % f["rule"] in flat for f in found),
          "%s: %s" % (name, [rule for rule, _ in wanted] or "nothing is wrong"), text)


def try_caret(work):
    home = Home(work, "caret", {}, {V: '"' + KEY + '"'})
    lines = home.run()[1].split("\n")
    at = next(i for i, line in enumerate(lines) if set(line.strip()) == {"^", " "})
    columns = [m.start() for m in re.finditer(r"\^", lines[at])]
    check([lines[at - 1][c] for c in columns] == ['"', '"'], "the carets are under the marks", lines[at - 1:at + 1])


def try_places(work):
    home = Home(work, "places", {
        ".env": V + "=" + KEY + "\nOPENAI_BASE_URL=https://gateway.example.com/v1\n",
        "~/.zshrc": "export " + V + "=" + KEY + "\n",
        "~/.config/opencode/opencode.json": '{"provider": {"openrouter": {"options": {"apiKey": "%s"}}}}\n' % OTHER,
    }, {V: KEY, "ANTHROPIC_AUTH_TOKEN": OTHER})
    _, answer = home.answer()
    places = [(k["kind"], k["file"], k["line"]) for k in answer["keys"] if k["variable"] == V]
    check(places == [("environment", None, None), ("dotenv", "./.env", 1), ("shell", "~/.zshrc", 1)],
          "every place of a key is told", answer["keys"])
    check(len({k["fingerprint"] for k in answer["keys"]}) == 2 and
          all(k["owner"] == "OpenRouter" and k["whole"] for k in answer["keys"]), "its owner and form", answer["keys"])
    check([(b["variable"], b["host"], b["file"], b["line"]) for b in answer["base_urls"]] ==
          [("OPENAI_BASE_URL", "gateway.example.com", "./.env", 2)], "base URLs are told", answer["base_urls"])
    tools = {(t["tool"], t["label"], t["variable"], t["file"]) for t in answer["tools"] if t["label"]}
    check(("opencode", "sk-or-v1-d47...ab35", "apiKey", "~/.config/opencode/opencode.json") in tools and
          ("Codex", "sk-or-v1-0e6...1c96", V, None) in tools and
          ("Claude Code", "sk-or-v1-d47...ab35", "ANTHROPIC_AUTH_TOKEN", None) in tools,
          "what each known tool would take", sorted(map(str, tools)))
    said.append(json.dumps(answer))


def try_bases(work):
    """Base URLs in the settings of tools, and which tool would use them."""
    home = Home(work, "bases", {
        "~/.codex/config.toml": '[model_providers.openrouter]\nname = "a"\nbase_url = "https://openrouter.ai/api/v1"\n',
        "~/.claude/settings.json": '{"env": {\n "ANTHROPIC_BASE_URL": "https://openrouter.ai/api",\n'
                                   ' "ANTHROPIC_AUTH_TOKEN": "%s"}}\n' % KEY,
        "~/.continue/config.yaml": "models:\n  - apiBase: http://localhost:11434/v1 # mine\n    apiKey: %s\n"
                                   "    homepage: https://example.com/base\n" % OTHER,
        "~/.aider.conf.yml": "# base: see https://docs.example.com\nopenai-api-base: https://gateway.example.com/v1\n",
    }, {V: KEY, "OPENAI_BASE_URL": "https://eu.example.com/v1", "OPENAI_API_KEY": OTHER})
    _, text, _ = home.run()
    _, answer = home.answer()
    said.extend((text, json.dumps(answer)))
    bases = {(b["host"], b["variable"], b["file"], b["line"]) for b in answer["base_urls"]}
    check(bases == {("openrouter.ai", "base_url", "~/.codex/config.toml", 3),
                    ("openrouter.ai", "ANTHROPIC_BASE_URL", "~/.claude/settings.json", 2),
                    ("localhost", "apiBase", "~/.continue/config.yaml", 2),
                    ("gateway.example.com", "openai-api-base", "~/.aider.conf.yml", 2),
                    ("eu.example.com", "OPENAI_BASE_URL", None, None)}, "base URLs in settings of tools", sorted(map(str, bases)))
    of_tools = {(t["tool"], b["host"], b["file"]) for t in answer["tools"] for b in t["base_urls"]}
    check(of_tools == {("Codex", "openrouter.ai", "~/.codex/config.toml"),
                       ("Claude Code", "openrouter.ai", "~/.claude/settings.json"),
                       ("Continue", "localhost", "~/.continue/config.yaml"),
                       ("aider", "gateway.example.com", "~/.aider.conf.yml"),
                       ("OpenAI's SDKs", "eu.example.com", None)}, "and which tool would use them", sorted(map(str, of_tools)))
    check("      base URL at eu.example.com, from environment variable OPENAI_BASE_URL\n" in text, "in the text, too", text)


def try_status(work):
    home = Home(work, "status", {".env": V + "=" + KEY + "\n"}, {V: OTHER})
    check(home.run("--fail-on", "warning")[0] == 1, "--fail-on warning: a warning ends with 1")
    check(home.run("--fail-on", "error")[0] == 0, "--fail-on error: it does not")
    check(Home(work, "nothing", {}, {}).run("--fail-on", "error")[0] == 3, "no key at all: 3")
    code, _, errors = home.run("--fail-on", "note")
    check(code == 2 and errors.count("\n") == 1, "a wrong level is one line and 2", errors)


def try_edits(work):
    for name, files, variables in (
            ("Windows' line ends", {".env": V + "=" + KEY + "\r\n"}, {}),
            ("a no-break space", {".env": V + "=" + KEY + "\u00a0\n"}, {}),
            ("a second .env", {".env": V + "=" + KEY + "\n", "../.env": V + "=" + OTHER + "\n"}, {}),
            ("quotation marks in the environment", {}, {V: '"' + KEY + '"'})):
        home = Home(work, "fix " + name.replace("'", ""), files, variables)
        before = findings(home.answer()[1])
        code, edits, _ = home.run("--fix")
        untouched = findings(home.answer()[1])
        run = subprocess.run(["sh", "-euc", edits + '\nexec "$0" check --json', ORSHIM], cwd=home.here, env=home.env,
                             stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        after = json.loads(run.stdout.decode().splitlines()[-1]) if run.stdout else {"findings": before}
        check(before and before == untouched, "--fix changes nothing: " + name)
        check(not findings(after), "and its commands mend it: " + name, edits + run.stderr.decode())
        said.append(edits)


def try_editor(work):
    """An extension host, as far as its arguments tell one, with another environment."""
    variable = "MISTRAL_API_KEY"
    home = Home(work, "editor", {}, {variable: "m" * 20 + "Kq3vZ8xT1bR5"})
    for name, inside, rule in (("lacks it", {}, "key_variable_unused"),
                               ("has another", {variable: "n" * 20 + "Wp7yD2cF9hJ4"}, "key_differs_from_variable")):
        host = subprocess.Popen([sys.executable, "-c", "print(1, flush=True); input()", "--type=extensionHost"],
                                env=dict(inside, PATH=os.environ["PATH"]), stdin=subprocess.PIPE,
                                stdout=subprocess.PIPE)
        host.stdout.readline()
        code, answer = home.answer("--fail-on", "warning")
        found = [f for f in answer["findings"] if f["pid"] and f["variable"] == variable]
        host.communicate(b"\n")
        check(code == 1 and [f["rule"] for f in found] == [rule] and answer["editors"]["processes"] >= 1,
              "an editor that %s: %s" % (name, rule), answer["findings"])
        said.append(json.dumps(answer))
    # What start files set counts, not what this process inherited.
    home = Home(work, "login", {"~/.profile": "export %s=%s\n" % (variable, "m" * 20 + "Kq3vZ8xT1bR5")},
                {variable: "n" * 20 + "Wp7yD2cF9hJ4", "SHELL": "/bin/sh"})
    for name, inside, rules in (
            ("has what this process has", dict(home.env), ["key_differs_from_variable"]),
            ("has what a login shell has", {variable: "m" * 20 + "Kq3vZ8xT1bR5"}, [])):
        host = subprocess.Popen([sys.executable, "-c", "print(1, flush=True); input()", "--type=extensionHost"],
                                env=dict(inside, PATH=os.environ["PATH"]), stdin=subprocess.PIPE,
                                stdout=subprocess.PIPE)
        host.stdout.readline()
        _, answer = home.answer()
        found = [f for f in answer["findings"] if f["pid"] == host.pid and f["variable"] == variable]
        host.communicate(b"\n")
        check([f["rule"] for f in found] == rules and all("in a new login shell" in f["text"] for f in found) and
              answer["editors"]["shell_trouble"] is None, "an editor that %s, against a login shell" % name, answer["findings"])
        said.append(json.dumps(answer))
    host = subprocess.Popen([sys.executable, "-c", "print(1, flush=True); input()", "--type=extensionHost"],
                            env={"PATH": os.environ["PATH"]}, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    host.stdout.readline()
    _, answer = Home(work, "false", {}, {variable: KEY, "SHELL": "/bin/false"}).answer()
    host.communicate(b"\n")
    check(answer["editors"]["shell_trouble"] and any(f["pid"] == host.pid for f in answer["findings"]),
          "a login shell that does not answer is said", answer["editors"])


def main():
    with tempfile.TemporaryDirectory(prefix="orshim-check-") as work:
        for number, (name, files, variables, wanted, status) in enumerate(CASES):
            try_case(Home(work, number, files, variables), name, wanted, status)
        try_caret(work)
        try_places(work)
        try_bases(work)
        try_status(work)
        try_edits(work)
        try_editor(work)
    check(not [s for s in SECRETS for text in said if s in text], "no value of a key in anything that was said")
    return finish()


if __name__ == "__main__":
    sys.exit(main())
