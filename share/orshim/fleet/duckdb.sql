-- SPDX-License-Identifier: MIT
-- DuckDB (1.1 or newer) over orshim's logs as they are: nothing is loaded first.
--   SET VARIABLE logs = '/var/log/orshim/*.log';   -- or *.log.gz; a list of patterns, too
--   .read duckdb.sql
--   SELECT * FROM causes_by_hour;
-- Run in `make test-fleet`: all captures, 20 million synthetic exchanges.

-- A shipper may bring a line twice.
CREATE OR REPLACE VIEW records AS
SELECT DISTINCT json FROM read_ndjson_objects(getvariable('logs'), maximum_object_size = 1048576,
                                     ignore_errors = true);

CREATE OR REPLACE VIEW exchanges AS
SELECT CAST(json->>'$.ts' AS TIMESTAMPTZ) AS time,
       coalesce(json->>'$.machine', '') AS machine,
       CAST(json->>'$.pid' AS BIGINT) AS pid,
       coalesce(json->>'$.start', '') AS start,
       coalesce(json->>'$.tool', '') AS tool,
       coalesce(json->>'$.tool_version', '') AS tool_version,
       coalesce(json->>'$.http', '') AS http,
       coalesce(json->>'$.method', '') AS method,
       coalesce(json->>'$.host', '') AS host,
       coalesce(json->>'$.path', '') AS path,
       coalesce(json->>'$.vendor', '') AS vendor,
       coalesce(json->>'$.auth.carriers[0]', '') AS carrier,
       coalesce(json->>'$.auth.scheme', '') AS scheme,
       coalesce(json->>'$.auth.fingerprint', '') AS key,
       coalesce(json->>'$.auth.token', '') AS key_label,
       coalesce(json->>'$.auth.source[0]', '') AS key_source,
       coalesce(json->>'$.request.body.model', '') AS model,
       coalesce(json->>'$.request.body.stream', 'false') = 'true' AS stream,
       CAST(coalesce(json->>'$.status', '0') AS INTEGER) AS status,
       CAST(coalesce(json->>'$.ms', '0') AS BIGINT) AS ms,
       json_exists(json, '$.retry') AS retry,
       coalesce(json->>'$.response.error.provider_name', json->>'$.response.provider', '') AS provider,
       json->>'$.verdict.refused_by' IS NOT NULL AS failed,
       json_type(json, '$.verdict') = 'NULL' AS probe,
       coalesce(json->>'$.verdict.refused_by', '') AS refused_by,
       coalesce(json->>'$.verdict.category', '') AS category,
       coalesce(json->>'$.verdict.cause', '') AS cause
FROM records
WHERE json->>'$.record' = 'exchange';

CREATE OR REPLACE VIEW processes AS
SELECT CAST(json->>'$.ts' AS TIMESTAMPTZ) AS time,
       coalesce(json->>'$.machine.id', '') AS machine,
       CAST(json->>'$.pid' AS BIGINT) AS pid,
       coalesce(json->>'$.start', '') AS start,
       coalesce(json->>'$.exe', '') AS exe,
       json->>'$.unfollowed' AS not_followed,
       json->'$.tls' AS tls
FROM records
WHERE json->>'$.record' = 'process';

-- hour, vendor, attribute, value → how many exchanges, how many refused.
CREATE OR REPLACE VIEW rollup AS
WITH e AS MATERIALIZED
     (SELECT date_trunc('hour', time) AS hour, vendor, failed, key, carrier, host,
             split_part(path, '?', 1) AS path, model, provider, CAST(stream AS VARCHAR) AS stream, http,
             tool, tool || ' ' || tool_version AS tool_version, key_source, machine,
             CAST(retry AS VARCHAR) AS retry
      FROM exchanges WHERE NOT probe)
SELECT hour, vendor, 'key' AS attribute, key AS value, count(*) AS n, count(*) FILTER (failed) AS refused FROM e GROUP BY ALL
UNION ALL SELECT hour, vendor, 'carrier', carrier, count(*), count(*) FILTER (failed) FROM e GROUP BY ALL
UNION ALL SELECT hour, vendor, 'host', host, count(*), count(*) FILTER (failed) FROM e GROUP BY ALL
UNION ALL SELECT hour, vendor, 'path', path, count(*), count(*) FILTER (failed) FROM e GROUP BY ALL
UNION ALL SELECT hour, vendor, 'model', model, count(*), count(*) FILTER (failed) FROM e GROUP BY ALL
UNION ALL SELECT hour, vendor, 'provider', provider, count(*), count(*) FILTER (failed) FROM e GROUP BY ALL
UNION ALL SELECT hour, vendor, 'stream', stream, count(*), count(*) FILTER (failed) FROM e GROUP BY ALL
UNION ALL SELECT hour, vendor, 'http', http, count(*), count(*) FILTER (failed) FROM e GROUP BY ALL
UNION ALL SELECT hour, vendor, 'tool', tool, count(*), count(*) FILTER (failed) FROM e GROUP BY ALL
UNION ALL SELECT hour, vendor, 'tool_version', tool_version, count(*), count(*) FILTER (failed) FROM e GROUP BY ALL
UNION ALL SELECT hour, vendor, 'key_source', key_source, count(*), count(*) FILTER (failed) FROM e GROUP BY ALL
UNION ALL SELECT hour, vendor, 'machine', machine, count(*), count(*) FILTER (failed) FROM e GROUP BY ALL
UNION ALL SELECT hour, vendor, 'retry', retry, count(*), count(*) FILTER (failed) FROM e GROUP BY ALL;

CREATE OR REPLACE VIEW causes_by_hour AS
SELECT date_trunc('hour', time) AS hour, vendor, cause, refused_by, count(*) AS n,
       count(DISTINCT machine) AS machines
FROM exchanges WHERE failed GROUP BY ALL ORDER BY hour, n DESC;

CREATE OR REPLACE VIEW keys AS
SELECT vendor, host, key, max(key_label) AS key_label,
       count(*) FILTER (status BETWEEN 200 AND 399) AS accepted,
       count(*) FILTER (category LIKE 'account%') AS refused,
       max(time) FILTER (status BETWEEN 200 AND 399) AS last_accepted,
       max(time) FILTER (category LIKE 'account%') AS last_refused,
       count(DISTINCT machine) AS machines
FROM exchanges WHERE NOT probe AND key <> '' GROUP BY ALL ORDER BY refused DESC;

CREATE OR REPLACE VIEW refusers AS
SELECT vendor, refused_by, provider, count(*) AS n, count(DISTINCT cause) AS causes
FROM exchanges WHERE failed GROUP BY ALL ORDER BY n DESC;

CREATE OR REPLACE VIEW untapped AS
SELECT machine, exe, coalesce(library, '') AS library, coalesce(reason, not_followed, '') AS reason,
       count(*) AS n, max(time) AS last
FROM (SELECT machine, exe, time, not_followed, library->>'$.library' AS library,
             library->>'$.reason' AS reason, library->>'$.tap' AS tap
      FROM (SELECT machine, exe, time, not_followed,
                   unnest(coalesce(CAST(nullif(CAST(tls AS VARCHAR), '[]') AS JSON[]), [NULL::JSON])) AS library
            FROM processes))
WHERE tap IS NULL OR tap = 'none'
GROUP BY ALL ORDER BY n DESC;

-- What tells most of the outcome; `orshim report --rollup` says what of it is more than chance.
CREATE OR REPLACE MACRO entropy(p) AS
CASE WHEN p <= 0 OR p >= 1 THEN 0.0 ELSE -(p * log2(p) + (1 - p) * log2(1 - p)) END;

-- A request refused before a provider was chosen names none: that lack explains nothing,
-- nor does a retry, which is the result of a refusal.
CREATE OR REPLACE VIEW splits AS
SELECT vendor, attribute, count(*) AS values, CAST(sum(n) AS BIGINT) AS n,
       CAST(sum(refused) AS BIGINT) AS refused,
       entropy(sum(refused) / sum(n)) - sum(n * entropy(refused / n)) / sum(n) AS gain_bits
FROM (SELECT vendor, attribute, value, sum(n) AS n, sum(refused) AS refused
      FROM rollup WHERE attribute <> 'retry' AND NOT (attribute = 'provider' AND value = '') GROUP BY ALL)
GROUP BY ALL ORDER BY vendor, gain_bits DESC;

-- For `orshim report --rollup -`: counts without the hours.
CREATE OR REPLACE VIEW rollup_counts AS
SELECT vendor, attribute, value, CAST(sum(n) AS BIGINT) AS n, CAST(sum(refused) AS BIGINT) AS refused
FROM rollup GROUP BY ALL;

-- Pairs of the three attributes that tell most of a vendor's outcomes, counted over the exchanges:
--   COPY (FROM rollup_counts UNION ALL FROM pair_counts) TO 'rollup.csv' (HEADER);
CREATE OR REPLACE MACRO attribute_of(e, name) AS
CASE name
     WHEN 'key' THEN e.key
     WHEN 'carrier' THEN e.carrier
     WHEN 'host' THEN e.host
     WHEN 'path' THEN split_part(e.path, '?', 1)
     WHEN 'model' THEN e.model
     WHEN 'provider' THEN e.provider
     WHEN 'stream' THEN CAST(e.stream AS VARCHAR)
     WHEN 'http' THEN e.http
     WHEN 'tool' THEN e.tool
     WHEN 'tool_version' THEN e.tool || ' ' || e.tool_version
     WHEN 'key_source' THEN e.key_source
     WHEN 'machine' THEN e.machine END;

CREATE OR REPLACE VIEW pair_counts AS
WITH best AS (SELECT vendor, attribute, row_number() OVER (PARTITION BY vendor ORDER BY gain_bits DESC) AS place
              FROM splits QUALIFY place <= 3),
     pairs AS (SELECT a.vendor, a.attribute AS one, b.attribute AS other
               FROM best a JOIN best b ON a.vendor = b.vendor AND a.place < b.place)
SELECT e.vendor, one || '+' || other AS attribute, attribute_of(e, one) || '+' || attribute_of(e, other) AS value,
       count(*) AS n, count(*) FILTER (failed) AS refused
FROM exchanges e JOIN pairs ON e.vendor = pairs.vendor
WHERE NOT probe
GROUP BY ALL;
