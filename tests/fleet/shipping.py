#!/usr/bin/python3
# SPDX-License-Identifier: MIT
# tags: fleet
"""rsyslog ships a log that curl writes under the shim, through 100 rotations: no line is lost.

Two rsyslogd: the machine's (imfile) and the collector's, by the files in share/orshim/fleet. The
other configurations cannot be run here; they are read by a parser of their format.
"""
import collections
import glob
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time

import engines
from engines import SQL, select_pause
sys.path.insert(0, os.path.join(engines.ROOT, "tests", "e2e"))
from harness import SHIM, Mock, check, finish  # noqa: E402

ROTATIONS = 100
REQUESTS = 40  # of one curl: somewhat more than a log of LOG_MAX holds
LOG_MAX = 64 * 1024
PORT = 5140  # in a network namespace where nobody else is


def rsyslogd(name, folder, **settings):
    spool = os.path.join(folder, name)
    os.makedirs(spool)
    own = os.path.join(spool, "rsyslog.conf")
    with open(own, "w", encoding="utf-8") as out:
        out.write('global(workDirectory="%s")\n$IncludeConfig %s\n' % (spool, os.path.join(SQL, "rsyslog-%s.conf" % name)))
    return subprocess.Popen(["rsyslogd", "-n", "-f", own, "-i", os.path.join(spool, "pid")],
                            env=dict(os.environ, **settings), stdout=subprocess.DEVNULL,
                            stderr=open(os.path.join(spool, "errors"), "w", encoding="utf-8"))


def ask(mock, log, first, count):
    """COUNT requests of one curl for the models m/FIRST…; every other key in quotation marks."""
    config = []
    for number in range(first, first + count):
        key = mock.keys["good"]
        config += ["next"] if config else []
        config += ['url = "https://openrouter.ai/api/v1/chat/completions"', "silent", "http1.1",
                   'data = "{\\"model\\":\\"m/%d\\",\\"messages\\":[]}"' % number,
                   'header = "Authorization: Bearer %s"' % (key if number % 2 else "'%s'" % key),
                   'header = "Content-Type: application/json"', 'output = "/dev/null"',
                   'connect-to = "::127.0.0.1:%d"' % mock.port, 'cacert = "%s"' % mock.ca]
    environment = {k: v for k, v in os.environ.items() if not k.startswith("ORSHIM_")}
    environment.update(LD_PRELOAD=SHIM, ORSHIM_LOG=log, ORSHIM_LOG_MAX=str(LOG_MAX), ORSHIM_REPORT="none")
    done = subprocess.run(["curl", "-K", "-"], input="\n".join(config), env=environment, text=True,
                          stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, check=False)
    if done.returncode:
        check(False, "curl sent %d requests" % count, done.stderr[-500:])


def collected(folder):
    """The lines that arrived; of a line that is just being written not the beginning."""
    lines = []
    for path in glob.glob(folder + "/*"):
        with open(path, encoding="utf-8") as text:
            lines += text.read().splitlines(True)
    return [line for line in lines if line.endswith("\n")]


def models(lines):
    return collections.Counter(json.loads(line)["request"]["body"]["model"] for line in lines
                               if '"record":"exchange"' in line)


def wait_until(ready):
    end = time.monotonic() + 60
    while not ready():
        if time.monotonic() > end:
            return False
        select_pause()
    return True


def through_rotations(folder):
    into, log = os.path.join(folder, "into"), os.path.join(folder, "orshim.log")
    os.makedirs(into)
    collector = rsyslogd("collector", folder, ORSHIM_PORT=str(PORT), ORSHIM_INTO=into)
    machine = rsyslogd("machine", folder, ORSHIM_PORT=str(PORT), ORSHIM_COLLECTOR="127.0.0.1",
                       ORSHIM_LOGS=log + "*")
    rotations, asked, curls, inode = 0, 0, 0, None
    try:
        with Mock() as mock:
            keys = [key[12:] for key in mock.keys.values()]
            while rotations < ROTATIONS and asked < 20000:
                ask(mock, log, asked, REQUESTS)
                asked, curls = asked + REQUESTS, curls + 1
                rotations += inode is not None and os.stat(log).st_ino != inode
                inode = os.stat(log).st_ino
                # A log that is set aside twice before anybody looked is lost to each reader.
                if not wait_until(lambda: len(set(collected(into))) >= asked + curls):  # a process record each
                    break
        brought = collected(into)
        lines = sorted(set(brought))
        wanted = collections.Counter("m/%d" % number for number in range(asked))
        check(rotations >= ROTATIONS, "%d rotations, %d exchanges" % (rotations, asked))
        check(models(lines) == wanted, "rsyslog: every line arrived, %d of %d more than once" % (len(brought) - len(lines), len(lines)),
              (len(lines), wanted - models(lines), models(lines) - wanted))
        check(len(lines) == asked + curls, "and nothing else arrived", len(lines))
        check(not any(key in line for key in keys for line in lines), "no key arrived")
    finally:
        for process in (machine, collector):
            process.terminate()
            process.wait()


def read_by_parsers():
    import tomllib
    import yaml
    for name in ("otelcol.yaml", "fluent-bit.yaml"):
        with open(os.path.join(SQL, name), encoding="utf-8") as text:
            check(isinstance(yaml.safe_load(text), dict), "YAML: " + name)
    with open(os.path.join(SQL, "otelcol.yaml"), encoding="utf-8") as text:
        otel = yaml.safe_load(text)
    used = {one for pipe in otel["service"]["pipelines"].values() for kind in pipe for one in pipe[kind]}
    defined = {one for kind in ("receivers", "processors", "exporters") for one in otel[kind]}
    check(used == defined, "otelcol.yaml: what the pipelines use is there, and used", used ^ defined)
    with open(os.path.join(SQL, "vector.toml"), "rb") as text:
        vector = tomllib.load(text)
    check(vector["sinks"]["clickhouse"]["inputs"] == ["orshim"], "TOML: vector.toml", vector)
    with open(os.path.join(SQL, "grafana.json"), encoding="utf-8") as text:
        dashboard = json.load(text)
    sql = [t["rawSql"] for panel in dashboard["panels"] for t in panel.get("targets", [])]
    check(len(sql) >= 5 and all(any(view in one for view in engines.VIEWS) for one in sql), "Grafana: its SQL asks the views", sql)


def main():
    engines.alone()
    folder = tempfile.mkdtemp(prefix="orshim-shipping-")
    try:
        read_by_parsers()
        through_rotations(folder)
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    sys.exit(finish())


if __name__ == "__main__":
    main()
