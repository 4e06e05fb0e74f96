#!/usr/bin/python3
# SPDX-License-Identifier: MIT
# tags: fleet
"""`orshim export --otlp` read by the OpenTelemetry collector's own decoders, of Debian sid's package.

They are those of its otlpjsonfile receiver. What they read is written again by its encoders: every
span and log record must come back with the same ids, times, and attributes of the same types.
"""
import glob
import json
import os
import shutil
import subprocess
import sys

import engines
sys.path.insert(0, os.path.join(engines.ROOT, "tests", "e2e"))
from harness import check, finish  # noqa: E402

PACKAGES = ("golang-go", "golang-opentelemetry-collector-dev")
BUILD = """mount --make-rprivate /; mount -t proc proc "$1/proc"; mount --bind /dev "$1/dev"
go=$(cd "$1" && ls -d usr/lib/go-1.* | tail -n 1)
exec chroot "$1" env -i HOME=/opt/otlp-reader PATH=/usr/bin:/bin GOTELEMETRY=off GOROOT="/$go" GO111MODULE=off \\
	GOPATH=/usr/share/gocode go build -o /opt/otlp-reader/otlp-reader /opt/otlp-reader/main.go"""


def build():
    """The reader, built in a Debian sid."""
    root = engines.run([os.path.join(engines.ROOT, "scripts", "root.sh"), "sid", *PACKAGES]).strip()
    folder = os.path.join(root, "opt", "otlp-reader")
    os.makedirs(folder, exist_ok=True)
    shutil.copy(os.path.join(engines.HERE, "reader", "main.go"), folder)
    engines.run(["unshare", "-m", "sh", "-c", BUILD, "sh", root])
    return [os.path.join(folder, "otlp-reader")]


def values(attributes):
    """Attributes by name; integers are text or numbers in JSON, by the protobuf mapping."""
    made = {}
    for one in attributes:
        (kind, value), = one["value"].items()
        if kind == "arrayValue":
            value = json.dumps(value, sort_keys=True)
        made[one["key"]] = (kind, str(value) if kind == "intValue" else value)
    return made


def parts(line, kind):
    """(resource's attributes, span or log record) of a line."""
    resources, scopes, records = (("resourceSpans", "scopeSpans", "spans") if kind == "traces"
                                  else ("resourceLogs", "scopeLogs", "logRecords"))
    for resource in json.loads(line)[resources]:
        for scope in resource[scopes]:
            for record in scope[records]:
                flat = {name: str(value) for name, value in record.items() if not isinstance(value, (dict, list))}
                yield values(resource["resource"]["attributes"]), flat, values(record.get("attributes", []))


def one_signal(reader, log, kind):
    written = engines.flat(log, "--otlp=" + kind).splitlines()
    again = subprocess.run([*reader, kind], input="\n".join(written) + "\n", stdout=subprocess.PIPE, text=True,
                           check=True).stdout.splitlines()
    errors = [line for line in again if '"error"' in line[:10]]
    check(len(written) > 1000 and len(again) == len(written) and not errors,
          "%s: the collector's decoder reads %d lines" % (kind, len(written)), errors[:2])
    wrong = []
    for before, behind in zip(written, again):
        for (r, f, a), (r2, f2, a2) in zip(parts(before, kind), parts(behind, kind)):
            if r != r2 or a != a2 or any(f2.get(name) != value for name, value in f.items()):
                wrong.append((f, f2, set(a.items()) ^ set(a2.items()), set(r.items()) ^ set(r2.items())))
    check(not wrong, "%s: every record comes back as it was" % kind, wrong[:2])


def main():
    reader = build()
    captures = sorted(glob.glob(os.path.join(engines.ROOT, "tests", "captures", "*", "*.cap")))
    log = subprocess.run([engines.ORSHIM, "replay", "--json", *captures], stdout=subprocess.PIPE, check=False).stdout
    path = os.path.join(os.path.dirname(reader[0]), "orshim.log")
    with open(path, "wb") as out:
        out.write(log)
    for kind in ("traces", "logs"):
        one_signal(reader, path, kind)
    os.unlink(path)
    sys.exit(finish())


if __name__ == "__main__":
    main()
