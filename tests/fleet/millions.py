#!/usr/bin/python3
# SPDX-License-Identifier: MIT
# tags: fleet
"""20 million exchanges in an engine: a planted cause is found, one attribute and a pair, and nothing else.

The exchanges are made by DuckDB itself in the columns that its view has over logs; the roll-up, the
pairs and `orshim report --rollup` are what is shipped.
"""
import json
import subprocess
import sys
import time

import engines
from engines import DuckDB, read, rollup_csv
sys.path.insert(0, engines.ROOT + "/tests/e2e")
from harness import check, finish  # noqa: E402

COUNT = 20000000

EXCHANGES = """
CREATE OR REPLACE TABLE exchanges AS
WITH drawn AS (SELECT i, hash(i, 1) % 1000 AS a, hash(i, 2) % 1000 AS b, hash(i, 3) % 1000 AS c,
                      hash(i, 4) % 1000 AS d, hash(i, 5) % 1000000 / 1000000.0 AS luck
               FROM range({count}) t(i)),
     made AS (SELECT i, luck, 'sha256:' || (a %% 200) AS key, 'p' || (b %% 7) AS provider,
                     'model-' || (c %% 40) AS model, 'm' || (d %% 500) AS machine, 'tool' || (a %% 9) AS tool
              FROM drawn)
SELECT TIMESTAMPTZ '2026-11-01' + to_seconds(i %% 2592000) AS time, machine, tool, '1.0' AS tool_version,
       '1.1' AS http, 'openrouter.ai' AS host, '/api/v1/chat/completions' AS path, 'openrouter' AS vendor,
       'authorization' AS carrier, key, 'OPENROUTER_API_KEY' AS key_source, model, i %% 2 = 0 AS stream,
       provider, i %% 50 = 0 AS retry, false AS probe, luck < CASE WHEN {planted} THEN 0.97 ELSE 0.02 END AS failed
FROM made;
"""


def view(name, sql):
    """The statement of duckdb.sql that makes NAME."""
    at = sql.index(" %s AS\n" % name) if " %s AS\n" % name in sql else sql.index(" %s(" % name)
    start = sql.rindex("CREATE", 0, at)
    return sql[start:sql.index(";", at) + 1]


def count(engine, planted, exchanges=COUNT):
    """Makes the exchanges and their roll-up."""
    sql = read("duckdb.sql")
    made = EXCHANGES.replace("%%", "%").replace("{count}", str(exchanges)).replace("{planted}", planted)
    rest = "\n".join(view(name, sql) for name in ("rollup", "entropy"))
    engine.query(made + rest + "CREATE TABLE counted AS FROM rollup; DROP VIEW rollup;"
                 "ALTER TABLE counted RENAME TO rollup; SELECT 1", prepare=False)


def separate(engine):
    """What separates the refusals, of the roll-up: rows, and seconds, with the start of the engine."""
    sql = read("duckdb.sql")
    start = time.monotonic()
    rows = engine.query("\n".join(view(name, sql) for name in ("splits", "rollup_counts")) + "SELECT * FROM splits",
                        prepare=False)
    return rows, time.monotonic() - start


def one(engine, planted, wanted):
    sql = read("duckdb.sql")
    count(engine, planted)
    rows, seconds = separate(engine)
    print("# %s: what separates, over the roll-up, with the start of the engine: %.2f s" % (planted, seconds))
    check(sum(int(r["n"]) for r in rows if r["attribute"] == "key") == COUNT, "%d exchanges are in the roll-up" % COUNT,
          rows[:3])
    counts = engine.query(view("attribute_of", sql) + view("pair_counts", sql) + "FROM rollup_counts UNION ALL FROM pair_counts", prepare=False)
    said = subprocess.run([engines.ORSHIM, "report", "--rollup", "-", "--json"], input=rollup_csv(counts), text=True,
                          stdout=subprocess.PIPE, check=False).stdout
    found = json.loads(said)["rollup"][0]["outcome_splits_on"]
    check(sorted(found["attributes"]) == sorted(wanted) and found["also"] == [] and found["strength"] == "strong",
          "planted, and found: " + " and ".join(wanted), found)


def main():
    for planted, wanted in (("provider = 'p3'", ["provider"]),
                            ("provider = 'p1' AND model = 'model-7'", ["provider", "model"])):
        engine = DuckDB()
        try:
            one(engine, planted, wanted)
        finally:
            engine.close()
    sys.exit(finish())


if __name__ == "__main__":
    main()
