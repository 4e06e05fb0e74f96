#!/usr/bin/python3
# SPDX-License-Identifier: MIT
# tags: fast
"""formats.py: machine-readable formats against their schemas, for every capture and a hostile log.

The log and `report --json` against docs/schema, where a member that the schema does not name
is a fault, too; SARIF against the schema of OASIS (npm's @microsoft/jest-sarif has it); JUnit's
XML by xmllint. Files that are wrong on purpose must be refused, or the checks prove nothing.
"""
import copy
import glob
import json
import os
import subprocess
import sys
import tempfile
import xml.dom.minidom

from harness import HERE, ORSHIM, ROOT, Mock, check, finish

import jsonschema

import splits

KEY = "sk-or-v1-" + "3f" * 32
ESCAPE = "\x1b]0;title\x07\x1b[2J"
HOSTILE = [
    {"v": 1, "record": "exchange", "ts": "2026-01-01T00:00:00.000Z", "pid": 1, "tool": "a\nb::error::c",
     "host": "<b>&\"'%s" % ESCAPE, "path": "/x?%s ]]>\r\n::add-mask::x" % KEY, "method": "PO ST", "status": 401,
     "response": {"error": {"message": "\r\n::error::%s \ufffe\ud83d\ude00 %s" % (ESCAPE, KEY)}},
     "findings": [{"rule": "auth_token_quoted", "severity": "error", "detail": "%25\n::stop-commands::x " + KEY}],
     "verdict": {"refused_by": "openrouter_auth", "category": "account_auth", "cause": "auth_token_quoted"}},
    {"v": 1, "record": "exchange", "host": None, "path": None, "status": 500,
     "verdict": {"refused_by": "::x", "category": None, "cause": "no_rule:\n::of,ours"}},
]


def strict(schema):
    """The schema where nothing that it does not name is allowed."""
    if isinstance(schema, dict):
        schema = {name: strict(part) for name, part in schema.items()}
        if "properties" in schema:
            schema["additionalProperties"] = False
    return [strict(part) for part in schema] if isinstance(schema, list) else schema


def own_schema(name):
    with open(os.path.join(ROOT, "docs", "schema", name + ".schema.json")) as text:
        schema = json.load(text)
    jsonschema.Draft202012Validator.check_schema(schema)
    return jsonschema.Draft202012Validator(strict(schema))


def sarif_schema():
    fetch = os.path.join(ROOT, "scripts", "fetch-clients.sh")
    cache = subprocess.run([fetch, "small"], stdout=subprocess.PIPE, check=True, text=True).stdout
    with open(os.path.join(cache.strip(), "jest-sarif-1.0.0-beta.0", "lib", "schemas",
                           "sarif-2.1.0-rtm.5.json")) as text:
        return jsonschema.Draft7Validator(json.load(text), format_checker=jsonschema.FormatChecker())


def faults(valid, document):
    """What is wrong, as lines; of a log's line the fault in the record it is meant to be."""
    found = []
    for error in valid.iter_errors(document):
        while error.context:
            error = max(error.context, key=lambda inner: (len(inner.absolute_path), inner.validator != "const"))
        found.append("%s at %s" % (error.message[:300], "/".join(map(str, error.absolute_path))))
    return found


def valid_junit(text):
    schema = os.path.join(HERE, "schemas", "junit.xsd")
    done = subprocess.run(["xmllint", "--noout", "--nonet", "--schema", schema, "-"], input=text,
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    return done.returncode == 0, done.stdout.decode(errors="replace")


def orshim(*argv, given=b"", **settings):
    env = dict(os.environ, **settings)
    for name in ("GITHUB_ACTIONS", "GITHUB_STEP_SUMMARY"):
        if name not in settings:
            env.pop(name, None)
    return subprocess.run([ORSHIM, *argv], input=given, env=env, stdout=subprocess.PIPE, stderr=subprocess.PIPE)


def look(name, records, schemas):
    """All formats of one log; returns its SARIF and its JUnit."""
    report, sarif = schemas
    whole = json.loads(orshim("report", "--json", "-", given=records).stdout)
    check(not faults(report, whole), name + ": report --json", faults(report, whole))
    short = json.loads(orshim("report", "--json", "--summary", "-", given=records).stdout)
    check(short == {member: value for member, value in whole.items() if member != "exchanges"},
          name + ": --summary is the same without the requests")
    document = json.loads(orshim("report", "--sarif", "-", "-", given=records).stdout)
    check(not faults(sarif, document), name + ": SARIF 2.1.0", faults(sarif, document))
    results = document["runs"][0]["results"]
    rules = [rule["id"] for rule in document["runs"][0]["tool"]["driver"]["rules"]]
    check(len(results) == len(whole["causes"]) + len(whole["launches"] and [
        0 for launch in whole["launches"] for _ in launch["findings"]]) and
          len(set(rules)) == len(rules) and {one["ruleId"] for one in results} == set(rules),
          name + ": a result a cause, a rule once", (results, rules))
    junit = orshim("report", "--junit", "-", "-", given=records).stdout
    good, words = valid_junit(junit)
    check(good, name + ": JUnit", words)
    return document, junit


def damaged_sarif(document):
    for path, value in ((("version",), "2.0.0"), (("runs", 0, "tool"), {}),
                        (("runs", 0, "results", 0, "level"), "fatal"),
                        (("runs", 0, "results", 0, "locations", 0, "physicalLocation", "region", "startLine"), 0)):
        one = copy.deepcopy(document)
        at = one
        for step in path[:-1]:
            at = at[step]
        at[path[-1]] = value
        yield path[-1], one


def check_counts(junit):
    """The numbers in the head are those of the cases."""
    suite = xml.dom.minidom.parseString(junit).getElementsByTagName("testsuite")[0]
    cases, failed = (len(suite.getElementsByTagName(name)) for name in ("testcase", "failure"))
    check((str(cases), str(failed)) == (suite.getAttribute("tests"), suite.getAttribute("failures")) and failed,
          "JUnit: tests and failures are counted", junit)


def check_annotations(scratch, records):
    """A line a cause, whatever the words in it; and the job's summary."""
    summary = os.path.join(scratch, "summary")
    plain = orshim("report", "-", given=records)
    check(b"::" not in plain.stderr, "no annotation unless asked", plain.stderr)
    done = orshim("report", "-", given=records, GITHUB_ACTIONS="true", GITHUB_STEP_SUMMARY=summary)
    lines = done.stderr.decode().splitlines()
    check(len(lines) == 2 and all(line.startswith("::error title=") for line in lines), "a line a cause", lines)
    check(all(line.count("::") >= 2 and "%0A" in line for line in lines) and done.stdout == plain.stdout,
          "line feeds are escaped, the report itself is the same", lines)
    again = orshim("report", "--annotate", "-", given=records)
    check(again.stderr == done.stderr, "--annotate does the same anywhere")
    with open(summary, "rb") as text:
        markdown = text.read()
    check(markdown.startswith(b"## orshim: "), "the summary is the report as Markdown", markdown)
    return done.stderr + markdown


def check_run(scratch):
    """`run` in a job: nothing that a server says is taken for a workflow command."""
    summary = os.path.join(scratch, "summary-of-run")
    tool = ["sh", "-c", "echo tool; echo of stderr >&2; exit 3"]
    done = orshim("run", "--", *tool, GITHUB_ACTIONS="true", GITHUB_STEP_SUMMARY=summary,
                  XDG_STATE_HOME=os.path.join(scratch, "state"))
    lines = done.stderr.decode().splitlines()
    stops = [line for line in lines if line.startswith("::stop-commands::")]
    check(done.returncode == 3 and done.stdout == b"tool\n" and lines[0] == "of stderr",
          "run in a job: the tool's own output and status", done)
    check(len(stops) == 1 and len(stops[0]) == 17 + 32 and "::%s::" % stops[0][17:] in lines,
          "run in a job: commands are off while its text is printed", lines)


def main():
    schemas = own_schema("report"), sarif_schema()
    log, records_seen, with_cause = own_schema("log"), 0, None
    for folder in sorted(glob.glob(os.path.join(ROOT, "tests", "captures", "*"))):
        name = os.path.basename(folder)
        records = orshim("replay", "--json", *sorted(glob.glob(os.path.join(folder, "*.cap")))).stdout
        wrong = [fault for line in records.splitlines() for fault in faults(log, json.loads(line))]
        records_seen += len(records.splitlines())
        check(not wrong, name + ": every record of the log", wrong[:5])
        document, junit = look(name, records, schemas)
        if document["runs"][0]["results"]:
            with_cause = document
    check(records_seen >= 300, "%d records were looked at" % records_seen)
    for member, one in damaged_sarif(with_cause):
        check(faults(schemas[1], one), "SARIF with a wrong %s is refused" % member)
    for wrong in ({"v": 2}, {"ts": "now"}, {"member": 1}, {"status": "401"}, {"findings": [{}]}):
        one = dict(json.loads(records.splitlines()[-1]), **wrong)
        check(faults(log, one), "a record with %s is refused" % wrong)
    with tempfile.TemporaryDirectory() as scratch, Mock() as standin:
        path = os.path.join(scratch, "log")
        splits.curl(standin, [splits.ask(), splits.ask("unknown"), splits.ask(key=None, stream=True)], path)
        with open(path, "rb") as text:
            live = text.read()
    wrong = [fault for line in live.splitlines() for fault in faults(log, json.loads(line))]
    check(not wrong and live.count(b"\n") == 4, "curl: every record", wrong or live)
    _, junit = look("curl", live, schemas)
    check_counts(junit)
    check(not valid_junit(junit.replace(b'tests="', b'tests="x'))[0], "JUnit with a wrong count is refused")
    hostile = b"".join(json.dumps(one).encode() + b"\n" for one in HOSTILE) + b"\xff\xfe no JSON\n"
    document, junit = look("a hostile log", hostile, schemas)
    with tempfile.TemporaryDirectory() as scratch:
        said = junit + json.dumps(document).encode() + check_annotations(scratch, hostile)
        check_run(scratch)
    check(KEY[9:].encode() not in said, "no key in any of it")
    check(not [byte for byte in said if byte < 0x20 and byte != 0x0a], "no control byte in any of it")
    return finish()


if __name__ == "__main__":
    sys.exit(main())
