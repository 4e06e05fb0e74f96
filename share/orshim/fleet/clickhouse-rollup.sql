-- SPDX-License-Identifier: MIT
-- Adds the exchanges of [{since}, {until}) to the roll-up; each hour once, when it is over:
--   sed -e "s/{since}/$(date -u -d '1 hour ago' +%F' '%H:00:00)/" -e "s/{until}/$(date -u +%F' '%H:00:00)/" \
--       clickhouse-rollup.sql | clickhouse-client
-- A materialized view would do it by itself on today's versions; on 18.16 one with arrayJoin
-- makes each INSERT into its source fail.
INSERT INTO rollup
SELECT toStartOfHour(time) AS hour, vendor, pair.1 AS attribute, pair.2 AS value, count() AS n,
       sum(failed) AS refused
FROM (SELECT time, vendor, failed,
             arrayJoin([('key', key), ('carrier', carrier), ('host', host),
                        ('path', splitByChar('?', path)[1]), ('model', model),
                        ('provider', provider), ('stream', if(stream = 1, 'true', 'false')),
                        ('http', http), ('tool', tool),
                        ('tool_version', concat(tool, ' ', tool_version)),
                        ('key_source', key_source), ('machine', machine),
                        ('retry', if(retry > 0, 'true', 'false'))]) AS pair
      FROM exchanges
      WHERE probe = 0 AND time >= toDateTime('{since}', 'UTC') AND time < toDateTime('{until}', 'UTC'))
GROUP BY hour, vendor, attribute, value
