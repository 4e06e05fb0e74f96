-- SPDX-License-Identifier: MIT
-- ClickHouse (18.16 or newer): what `orshim export --flat` and `--processes` write.
--   clickhouse-client --multiquery <clickhouse.sql
--   sort -u orshim.log | orshim export --flat - | clickhouse-client --query 'INSERT INTO exchanges FORMAT JSONEachRow'
--   sort -u orshim.log | orshim export --processes - | clickhouse-client --query 'INSERT INTO processes FORMAT JSONEachRow'
-- The roll-up is filled hour by hour: clickhouse-rollup.sql.
-- Run in `make test-fleet` with Debian's 18.16: all captures.

CREATE TABLE IF NOT EXISTS exchanges (
	ts String, machine String, container String, boot String, ci String, orshim String,
	pid Int64, start String, tool String, tool_version String, exe String, conn Int64,
	seq Int64, http String, method String, host String, port Int64, path String,
	vendor String, operation String, user_agent String, carrier String, scheme String,
	key String, key_label String, key_vendor String, key_length Int64, key_source String,
	base_source String, model String, stream UInt8, messages Int64, tools Int64,
	request_bytes Int64, status Int64, ms Int64, retry Int64, retry_by String,
	response_bytes Int64,
	response_model String, response_id String, input_tokens Int64, output_tokens Int64,
	provider String, request_id String, failed UInt8, probe UInt8, refused_by String,
	category String, cause String, rules String, error_code String, error_type String,
	error_message String, ended String,
	time DateTime MATERIALIZED toDateTime(concat(substring(ts, 1, 10), ' ', substring(ts, 12, 8)), 'UTC')
) ENGINE = MergeTree PARTITION BY toYYYYMM(time) ORDER BY (vendor, time);

CREATE TABLE IF NOT EXISTS processes (
	ts String, machine String, container String, boot String, ci String, orshim String,
	start String, tool String, exe String, pid Int64, ppid Int64, tapped UInt8,
	library String, library_version String, reason String,
	time DateTime MATERIALIZED toDateTime(concat(substring(ts, 1, 10), ' ', substring(ts, 12, 8)), 'UTC')
) ENGINE = MergeTree PARTITION BY toYYYYMM(time) ORDER BY (machine, time);

CREATE TABLE IF NOT EXISTS rollup (
	hour DateTime, vendor String, attribute String, value String, n UInt64, refused UInt64
) ENGINE = SummingMergeTree PARTITION BY toYYYYMM(hour) ORDER BY (hour, vendor, attribute, value);

CREATE VIEW IF NOT EXISTS causes_by_hour AS
SELECT toStartOfHour(time) AS hour, vendor, cause, refused_by, count() AS n, uniq(machine) AS machines
FROM exchanges WHERE failed = 1 GROUP BY hour, vendor, cause, refused_by ORDER BY hour, n DESC;

CREATE VIEW IF NOT EXISTS keys AS
SELECT vendor, host, key, max(key_label) AS label,
       countIf(status >= 200 AND status < 400) AS accepted,
       countIf(category LIKE 'account%') AS refused,
       maxIf(time, status >= 200 AND status < 400) AS last_accepted,
       maxIf(time, category LIKE 'account%') AS last_refused,
       uniq(machine) AS machines
FROM exchanges WHERE probe = 0 AND key != '' GROUP BY vendor, host, key ORDER BY refused DESC;

CREATE VIEW IF NOT EXISTS refusers AS
SELECT vendor, refused_by, provider, count() AS n, uniq(cause) AS causes
FROM exchanges WHERE failed = 1 GROUP BY vendor, refused_by, provider ORDER BY n DESC;

CREATE VIEW IF NOT EXISTS untapped AS
SELECT machine, exe, library, reason, count() AS n, max(time) AS last
FROM processes WHERE tapped = 0 GROUP BY machine, exe, library, reason ORDER BY n DESC;

CREATE VIEW IF NOT EXISTS rollup_counts AS
SELECT vendor, attribute, value, sum(n) AS n, sum(refused) AS refused
FROM rollup GROUP BY vendor, attribute, value;

-- What tells most of the outcome; `orshim report --rollup` says what of it is more than chance.
-- A request refused before a provider was chosen names none: that lack explains nothing,
-- nor does a retry, which is the result of a refusal.
CREATE VIEW IF NOT EXISTS splits AS
SELECT vendor, attribute, count() AS values, sum(count) AS n, sum(bad) AS refused,
       if(refused = 0 OR refused = n, 0,
          -(refused / n * log2(refused / n) + (1 - refused / n) * log2(1 - refused / n)))
       - sum(if(bad = 0 OR bad = count, 0,
                -(bad * log2(bad / count) + (count - bad) * log2(1 - bad / count)))) / n AS gain_bits
FROM (SELECT vendor, attribute, value, sum(n) AS count, sum(refused) AS bad
      FROM rollup WHERE attribute != 'retry' AND NOT (attribute = 'provider' AND value = '')
      GROUP BY vendor, attribute, value)
GROUP BY vendor, attribute ORDER BY vendor, gain_bits DESC;

-- Pairs of the three attributes that tell most of a vendor's outcomes, counted over the exchanges:
--   clickhouse-client --query 'SELECT * FROM rollup_counts UNION ALL SELECT * FROM pair_counts FORMAT CSVWithNames'
CREATE VIEW IF NOT EXISTS pair_counts AS
SELECT vendor, concat(pair.1, '+', pair.2) AS attribute,
       concat(cells[indexOf(names, pair.1)], '+', cells[indexOf(names, pair.2)]) AS value,
       count() AS n, sum(failed) AS refused
FROM (SELECT vendor, failed, names, cells,
             arrayJoin(arrayFilter(p -> p.2 != '', [(best[1], best[2]), (best[1], best[3]), (best[2], best[3])])) AS pair
      FROM (SELECT vendor, failed,
                   ['key', 'carrier', 'host', 'path', 'model', 'provider', 'stream', 'http', 'tool',
                    'tool_version', 'key_source', 'machine'] AS names,
                   [key, carrier, host, splitByChar('?', path)[1], model, provider,
                    if(stream = 1, 'true', 'false'), http, tool, concat(tool, ' ', tool_version), key_source,
                    machine] AS cells
            FROM exchanges WHERE probe = 0)
      ANY INNER JOIN (SELECT vendor, groupArray(3)(attribute) AS best FROM splits GROUP BY vendor) USING vendor)
GROUP BY vendor, attribute, value;
