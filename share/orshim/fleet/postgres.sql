-- SPDX-License-Identifier: MIT
-- PostgreSQL (13 or newer): orshim's logs as they are, a line a row.
--   psql -f postgres.sql
--   sort -u orshim.log | psql -c "\copy records (line) FROM STDIN WITH (FORMAT csv, QUOTE E'\x01', DELIMITER E'\x02')"
--   psql -c "SELECT refresh_rollup(now() - interval '2 hours', now())"   -- each hour
-- Run in `make test-fleet` with PostgreSQL 15: all captures.

CREATE TABLE IF NOT EXISTS records (
	line jsonb NOT NULL
);
CREATE INDEX IF NOT EXISTS records_kind ON records ((line->>'record'), (line->>'ts'));

CREATE OR REPLACE VIEW exchanges AS
SELECT (line->>'ts')::timestamptz AS time,
       coalesce(line->>'machine', '') AS machine,
       (line->>'pid')::bigint AS pid,
       coalesce(line->>'start', '') AS start,
       coalesce(line->>'tool', '') AS tool,
       coalesce(line->>'tool_version', '') AS tool_version,
       coalesce(line->>'http', '') AS http,
       coalesce(line->>'method', '') AS method,
       coalesce(line->>'host', '') AS host,
       coalesce(line->>'path', '') AS path,
       coalesce(line->>'vendor', '') AS vendor,
       coalesce(line#>>'{auth,carriers,0}', '') AS carrier,
       coalesce(line#>>'{auth,scheme}', '') AS scheme,
       coalesce(line#>>'{auth,fingerprint}', '') AS key,
       coalesce(line#>>'{auth,token}', '') AS key_label,
       coalesce(line#>>'{auth,source,0}', '') AS key_source,
       coalesce(line#>>'{request,body,model}', '') AS model,
       coalesce(line#>>'{request,body,stream}', 'false') = 'true' AS stream,
       coalesce((line->>'status')::int, 0) AS status,
       coalesce((line->>'ms')::bigint, 0) AS ms,
       line ? 'retry' AS retry,
       coalesce(line#>>'{response,error,provider_name}', line#>>'{response,provider}', '') AS provider,
       line#>>'{verdict,refused_by}' IS NOT NULL AS failed,
       jsonb_typeof(line->'verdict') = 'null' AS probe,
       coalesce(line#>>'{verdict,refused_by}', '') AS refused_by,
       coalesce(line#>>'{verdict,category}', '') AS category,
       coalesce(line#>>'{verdict,cause}', '') AS cause
FROM records
WHERE line->>'record' = 'exchange';

CREATE TABLE IF NOT EXISTS rollup (
	hour timestamptz NOT NULL,
	vendor text NOT NULL,
	attribute text NOT NULL,
	value text NOT NULL,
	n bigint NOT NULL,
	refused bigint NOT NULL,
	PRIMARY KEY (hour, vendor, attribute, value)
);

-- Counts the hours that begin in [since, until) anew.
CREATE OR REPLACE FUNCTION refresh_rollup(since timestamptz, until timestamptz) RETURNS void
LANGUAGE sql AS $$
DELETE FROM rollup
WHERE hour >= date_trunc('hour', since) AND hour < until;
INSERT INTO rollup
SELECT date_trunc('hour', e.time), e.vendor, p.attribute, p.value, count(*),
       count(*) FILTER (WHERE e.failed)
FROM exchanges e,
     LATERAL (VALUES ('key', e.key), ('carrier', e.carrier), ('host', e.host),
                     ('path', split_part(e.path, '?', 1)), ('model', e.model),
                     ('provider', e.provider), ('stream', e.stream::text), ('http', e.http),
                     ('tool', e.tool), ('tool_version', e.tool || ' ' || e.tool_version),
                     ('key_source', e.key_source), ('machine', e.machine),
                     ('retry', e.retry::text)) AS p (attribute, value)
WHERE NOT e.probe AND e.time >= date_trunc('hour', since) AND e.time < until
GROUP BY 1, 2, 3, 4;
$$;

CREATE OR REPLACE VIEW causes_by_hour AS
SELECT date_trunc('hour', time) AS hour, vendor, cause, refused_by, count(*) AS n,
       count(DISTINCT machine) AS machines
FROM exchanges WHERE failed GROUP BY 1, 2, 3, 4 ORDER BY 1, 5 DESC;

CREATE OR REPLACE VIEW keys AS
SELECT vendor, host, key, max(key_label) AS key_label,
       count(*) FILTER (WHERE status BETWEEN 200 AND 399) AS accepted,
       count(*) FILTER (WHERE category LIKE 'account%') AS refused,
       max(time) FILTER (WHERE status BETWEEN 200 AND 399) AS last_accepted,
       max(time) FILTER (WHERE category LIKE 'account%') AS last_refused,
       count(DISTINCT machine) AS machines
FROM exchanges WHERE NOT probe AND key <> '' GROUP BY 1, 2, 3 ORDER BY refused DESC;

CREATE OR REPLACE VIEW refusers AS
SELECT vendor, refused_by, provider, count(*) AS n, count(DISTINCT cause) AS causes
FROM exchanges WHERE failed GROUP BY 1, 2, 3 ORDER BY 4 DESC;

CREATE OR REPLACE VIEW untapped AS
SELECT coalesce(r.line#>>'{machine,id}', '') AS machine, coalesce(r.line->>'exe', '') AS exe,
       coalesce(t->>'library', '') AS library,
       coalesce(t->>'reason', r.line->>'unfollowed', '') AS reason,
       count(*) AS n, max((r.line->>'ts')::timestamptz) AS last
FROM records r
LEFT JOIN LATERAL jsonb_array_elements(r.line->'tls') AS t ON true
WHERE r.line->>'record' = 'process' AND (t IS NULL OR coalesce(t->>'tap', 'none') = 'none')
GROUP BY 1, 2, 3, 4 ORDER BY 5 DESC;

-- What tells most of the outcome; `orshim report --rollup` says what of it is more than chance.
CREATE OR REPLACE FUNCTION entropy(p double precision) RETURNS double precision
LANGUAGE sql IMMUTABLE AS $$
SELECT CASE WHEN p <= 0 OR p >= 1 THEN 0 ELSE -(p * ln(p) + (1 - p) * ln(1 - p)) / ln(2) END;
$$;

CREATE OR REPLACE VIEW rollup_counts AS
SELECT vendor, attribute, value, sum(n)::bigint AS n, sum(refused)::bigint AS refused
FROM rollup GROUP BY 1, 2, 3;

-- A request refused before a provider was chosen names none: that lack explains nothing,
-- nor does a retry, which is the result of a refusal.
CREATE OR REPLACE VIEW splits AS
SELECT vendor, attribute, count(*) AS values, sum(n)::bigint AS n, sum(refused)::bigint AS refused,
       entropy((sum(refused) / sum(n))::double precision)
       - sum(n * entropy(refused::double precision / n)) / sum(n)::double precision AS gain_bits
FROM rollup_counts WHERE attribute <> 'retry' AND NOT (attribute = 'provider' AND value = '')
GROUP BY 1, 2 ORDER BY 1, 6 DESC;

-- Pairs of the three attributes that tell most of a vendor's outcomes, counted over the exchanges:
--   \copy (SELECT * FROM rollup_counts UNION ALL SELECT * FROM pair_counts) TO 'rollup.csv' WITH (FORMAT csv, HEADER)
CREATE OR REPLACE VIEW pair_counts AS
WITH best AS (SELECT * FROM (SELECT vendor, attribute,
                                    row_number() OVER (PARTITION BY vendor ORDER BY gain_bits DESC) AS place
                             FROM splits) s WHERE place <= 3),
     pairs AS (SELECT a.vendor, a.attribute AS one, b.attribute AS other
               FROM best a JOIN best b ON a.vendor = b.vendor AND a.place < b.place)
SELECT e.vendor, one || '+' || other AS attribute, (cells->>one) || '+' || (cells->>other) AS value,
       count(*) AS n, count(*) FILTER (WHERE failed) AS refused
FROM (SELECT vendor, failed,
             jsonb_build_object('key', key, 'carrier', carrier, 'host', host, 'path', split_part(path, '?', 1),
                                'model', model, 'provider', provider, 'stream', stream::text, 'http', http,
                                'tool', tool, 'tool_version', tool || ' ' || tool_version,
                                'key_source', key_source, 'machine', machine) AS cells
      FROM exchanges WHERE NOT probe) e JOIN pairs USING (vendor)
GROUP BY 1, 2, 3;
