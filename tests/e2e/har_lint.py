#!/usr/bin/python3
# SPDX-License-Identifier: MIT
# tags: fast
"""har_lint.py ORSHIM: `orshim lint --har`.

A capture as a recorder would have written it has the same findings as the capture, but for those
that need bytes which no recorder keeps. A recording in the shape of each recorder has its cause, a
sanitized or redacted one accuses nobody and says why; gzip, Zstandard, a pipe; broken, cut, huge and hostile files
end in one line. No key is in what is written.
"""
import concurrent.futures
import copy
import glob
import gzip
import json
import os
import subprocess
import sys
import tempfile

from harness import ORSHIM, ROOT, check, finish, judge
from recordings import QUESTION, RECORDERS, archive, chrome, entry, firefox, mitmproxy, pairs
from recordings.of_capture import har_of

KEY = "sk-or-v1-" + "6b86b273" * 8
# What these send cannot be told from a recording that was cleaned, or is not text for a recorder.
UNKNOWABLE = {"auth_token_masked/fires-label", "auth_token_masked/fires-openai", "auth_token_masked/fires-stars",
              "auth_token_masked/quiet-sample-dots", "auth_token_sample/fires-dots",
              "auth_token_sample/fires-xxxx", "auth_token_sample/quiet-label",
              "auth_value_control_byte/fires-nul", "auth_value_control_byte/quiet-newline",
              "auth_value_line_break/fires-bare-lf", "body_missing/fires-no-length"}


def lint(har, *options, name="-"):
    text = har if isinstance(har, bytes) else json.dumps(har).encode()
    done = subprocess.run([ORSHIM, "lint", "--har", name, *options], input=text, check=False,
                          stdout=subprocess.PIPE, stderr=subprocess.PIPE, timeout=120)
    return done.returncode, done.stdout.decode(), done.stderr.decode()


def records(har):
    status, out, said = lint(har, "--json")
    if status not in (0, 1):
        raise AssertionError(said)
    return [json.loads(line) for line in out.splitlines()], said


def cause(har):
    found, said = records(har)
    verdict = found[0]["verdict"] if found else {"cause": "no call"}
    return verdict["cause"], said


def findings(lines, never):
    """Rule and severity of all, and whether there is a cause, without what no recording shows."""
    return [sorted((f["rule"], f["severity"]) for f in json.loads(line)["findings"]
                   if f["rule"] not in never) for line in lines if '"record":"exchange"' in line]


def compare(path, never):
    """None: no recording of it; else what differs, or nothing."""
    with open(path, "rb") as text:
        har = har_of(text.read())
    name = "/".join(path.split("/")[-2:])[:-len(".cap")]
    if not har or name in UNKNOWABLE:
        return None
    done = subprocess.run([ORSHIM, "lint", "--json", path], stdout=subprocess.PIPE, check=False)
    wanted = findings(done.stdout.decode().splitlines(), never)
    got = findings(lint(har, "--json")[1].splitlines(), never)
    if not any(got) and not any(wanted):
        return []
    if not got:  # of a recording, which has pages of the web, too, only calls of APIs are judged
        return [] if "none of them to an API" in lint(har)[1] else ["%s: not judged" % name]
    return [] if got == wanted else ["%s: %r, recorded %r" % (name, wanted, got)]


def captures():
    rules = subprocess.run([ORSHIM, "rules", "--json"], stdout=subprocess.PIPE, check=True).stdout
    recorded = {r["id"]: r["recorded"] for r in map(json.loads, rules.decode().splitlines())}
    never = {rule for rule, how in recorded.items() if how == "never"}
    with open(os.path.join(ROOT, "docs", "har.md"), encoding="utf-8") as text:
        lower, _, told = text.read().partition("Others need bytes")
    wrong = [rule for rule, how in recorded.items() for part, when in ((lower, "lower"), (told, "never"))
             if ("`%s`" % rule in part) != (how == when)]
    check(not wrong, "docs/har.md names the rules that are not as sure", wrong)
    paths = sorted(glob.glob(os.path.join(ROOT, "tests", "captures", "*", "*.cap")))
    with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
        results = [r for r in pool.map(lambda path: compare(path, never), paths) if r is not None]
    judge("%d captures, recorded: the same findings" % len(results), [p for r in results for p in r])
    check(len(results) > 900, "most captures were compared", len(results))


def recorders():
    for recorder in RECORDERS:
        name = recorder.__name__
        got, said = cause(recorder('Bearer "%s"' % KEY))
        check((got, said) == ("auth_token_quoted", ""), name + ": a quoted key", (got, said))
        status, out, said = lint(recorder('Bearer "%s"' % KEY))
        check(status == 1 and "auth_token_quoted" in out and KEY not in out + said,
              name + ": as text, status 1, the key not shown", (status, out, said))
        got, said = cause(recorder("Bearer [REDACTED]"))
        check(got == "credential_not_recognised" and "not as it was sent" in said,
              name + ": a redacted key is no fault", (got, said))
    for recorder in RECORDERS[1:]:
        got, said = cause(recorder(None))
        check(got == "auth_missing" and not said, recorder.__name__ + ": no key", (got, said))


def certainty():
    found, _ = records(mitmproxy(None))
    one = {f["rule"]: f["certainty"] for f in found[0]["findings"]}
    check(one["auth_missing"] == "likely" and one["credential_not_recognised"] == "certain",
          "what a recorder may have left out is one less certain", one)


def sanitized():
    got, said = cause(chrome("Bearer " + KEY, sanitized=True))
    check(got == "credential_not_recognised" and "with sensitive data" in said,
          "Chrome's export without sensitive data: no missing key, and how to export it", (got, said))
    with_key = chrome("Bearer " + KEY)
    both = archive(with_key["log"]["creator"], *with_key["log"]["entries"],
                   *chrome(None)["log"]["entries"])
    found, said = records(both)
    check([r["verdict"]["cause"] for r in found] == ["key_unknown", "auth_missing"]
          or found[1]["verdict"]["cause"] in ("auth_missing", "auth_lost"),
          "Chrome's export with it: a missing key is one", [r["verdict"] for r in found])
    cookie = chrome(None)
    check(cause(cookie)[0] == "auth_missing", "cookies tell that it is one with it", cause(cookie))


def bodies():
    without = mitmproxy("Bearer " + KEY)
    del without["log"]["entries"][0]["request"]["postData"]
    found, said = records(without)
    rules = {f["rule"] for f in found[0]["findings"]}
    check("body_missing" not in rules and "without the body" in said, "a body that is not in the file",
          (rules, said))
    empty = copy.deepcopy(without)
    empty["log"]["entries"][0]["request"]["headers"][2]["value"] = "0"
    rules = {f["rule"] for f in records(empty)[0][0]["findings"]}
    check("body_missing" in rules, "a body that is empty", rules)
    coded = mitmproxy("Bearer " + KEY)
    coded["log"]["entries"][0]["request"]["postData"] = {
        "mimeType": "", "encoding": "base64", "text": "eyJtb2RlbCI6ICJhL2IifQ=="}
    check(records(coded)[0][0]["request"]["body"]["model"] == "a/b", "a body in base64")
    lossy = mitmproxy("Bearer " + KEY)
    lossy["log"]["entries"][0]["request"]["postData"]["text"] = "\ufffd\ufffd{"
    rules = {f["rule"] for f in records(lossy)[0][0]["findings"]}
    check(not {r for r in rules if r.startswith("body")}, "a body that is no text is not judged", rules)
    half = json.dumps(mitmproxy('Bearer "%s"' % KEY)).replace("No auth", "\\ud83d No auth \\u0000")
    check(cause(half.encode())[0] == "auth_token_quoted", "half a character and a zero in an answer")


def streams():
    text = ": OPENROUTER PROCESSING\n\ndata: " + json.dumps({
        "error": {"code": 502, "message": "Provider returned error"}, "choices": []}) + "\n\n"
    one = entry({"headers": pairs([("Host", "openrouter.ai"), ("Authorization", "Bearer " + KEY),
                                   ("Content-Type", "application/json")])},
                {"status": 200, "headers": pairs([("content-type", "text/event-stream")]),
                 "content": {"mimeType": "text/event-stream", "text": text}})
    got = {f["rule"] for f in records(archive({"name": "x", "version": "1"}, one))[0][0]["findings"]}
    check("stream_error_after_200" in got, "an error in a stream of events", got)


def several():
    entries = []
    for second, status in ((9, 401), (1, 200), (5, 200)):
        one = mitmproxy("Bearer " + KEY)["log"]["entries"][0]
        one["startedDateTime"] = "2026-11-24T09:30:0%dZ" % second
        if status == 200:
            one["response"].update(status=200, content={"text": "{}"})
        entries.append(one)
    page = entry({"method": "GET", "url": "https://example.com/a.png", "headers": pairs([("Host", "example.com")])},
                 {"status": 404})
    found, _ = records(archive({"name": "x", "version": "1"}, *entries, page))
    check([r["status"] for r in found] == [200, 200, 401], "in the order of time, without what is no API's",
          [r["status"] for r in found])
    check("transient_401" in {f["rule"] for f in found[2]["findings"]}, "with what came before", found[2])
    status, out, _ = lint(archive({"name": "x", "version": "1"}, page))
    check(status == 0 and "none of them to an API" in out, "no call of an API", (status, out))
    page["request"]["url"] = "https://openrouter.ai/api/v1/chat/completions?key=[REDACTED]&a=1#f"
    page["request"]["method"] = "POST"
    text = json.dumps(lint(archive({"name": "x", "version": "1"}, page), "--json"))
    check("auth_key_in_url" not in text and "auth_missing" not in text, "a redacted key in a URL", text)


def forms(scratch):
    har = json.dumps(firefox('Bearer "%s"' % KEY)).encode()
    path = os.path.join(scratch, "a.har")
    for name, text in (("plain", har), ("with a byte order mark", b"\xef\xbb\xbf" + har), ("gzip", gzip.compress(har)),
                       ("Zstandard", subprocess.run(["zstd", "-c"], input=har, stdout=subprocess.PIPE,
                                                    check=True).stdout)):
        with open(path, "wb") as out:
            out.write(text)
        done = subprocess.run([ORSHIM, "lint", "--har", path], stdout=subprocess.PIPE, check=False)
        check(done.returncode == 1 and b"auth_token_quoted" in done.stdout, "a file: " + name, done)
        check(lint(text)[0] == 1, "a pipe: " + name)


def hostile():
    good = json.dumps(mitmproxy("Bearer " + KEY)).encode()
    deep = b'{"log":{"entries":[' + b"[" * 100000 + b"]" * 100000 + b"]}}"
    wide = b'{"log":{"entries":[{"request":[' + b"0," * 300000 + b"0]}]}}"
    for name, text, wanted, words in (
            ("empty", b"", 2, "is empty"), ("a page", b"<html>", 2, "not JSON"),
            ("cut", good[:len(good) // 2], 2, "not JSON"), ("another JSON", b'{"log":{}}', 2, "not a HAR"),
            ("entries that are none", b'{"log":{"entries":7}}', 2, "not a HAR"),
            ("no entry", b'{"log":{"entries":[]}}', 0, ""),
            ("an entry that is none", b'{"log":{"entries":[1,null,"",{},[]]}}', 0, "5 entries are no request"),
            ("deeply nested", deep, 0, "1 entry is no request"), ("wide", wide, 0, "1 entry is no request"),
            ("a bomb", gzip.compress(bytes(300 << 20), 1), 2, "longer than"),
            ("bad strings", good.replace(b'"POST"', b'"PO\\qST"'), 0, "1 entry is no request")):
        status, out, said = lint(text)
        check(status == wanted and words in said and said.count("\n") <= 1 and KEY not in out + said,
              "hostile: " + name, (status, out[:300], said[:300]))
    own = archive({"name": "orshim", "version": "1"}, entry({}, {}))
    own["log"]["entries"][0]["_orshim"] = {
        "v": 1, "record": "exchange", "host": "\x1b[31m" + KEY, KEY: 1, "findings": [{"rule": KEY, "detail": KEY}]}
    for options in ((), ("--json",)):
        status, out, said = lint(own, *options)
        check(status == 0 and KEY not in out + said and "\x1b" not in out, "a record that somebody else wrote",
              (status, out, said))
    for words in (["--har", "-", "x.cap"], ["--har", "-", "--request", "x"], ["--har", "/nowhere"], ["--har", "/"]):
        done = subprocess.run([ORSHIM, "lint", *words], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                              stderr=subprocess.PIPE, check=False)
        check(done.returncode == 2 and done.stderr.count(b"\n") == 1, "refused: " + " ".join(words), done)


def environment(scratch):
    path = os.path.join(scratch, "environ")
    with open(path, "w", encoding="ascii") as out:
        out.write('OPENROUTER_API_KEY="%s"\n' % KEY)
    found = lint(mitmproxy('Bearer "%s"' % KEY), "--json", "--environ", path)[1]
    check(json.loads(found)["auth"]["source"] == ["OPENROUTER_API_KEY"], "--environ names the variable", found)
    found = json.loads(lint(mitmproxy("Bearer " + KEY), "--json")[1])
    check(found["auth"]["source"] == [] and found["request"]["body"]["bytes"] == len(QUESTION),
          "this process's own variables are not the recorded client's", found)


def main():
    captures()
    recorders()
    certainty()
    sanitized()
    bodies()
    streams()
    several()
    hostile()
    with tempfile.TemporaryDirectory() as scratch:
        forms(scratch)
        environment(scratch)
    return finish()


if __name__ == "__main__":
    sys.exit(main())
