-- An estate in an empty database, as large as the one row of the temporary table `wanted` says:
-- (instances, databases, tables, history, engines text[]). The same numbers give the same rows.

CREATE FUNCTION pg_temp.chance(number bigint, salt bigint) RETURNS double precision
    IMMUTABLE LANGUAGE sql
    RETURN (hashint8extended(number, salt) & 4294967295) / 4294967296.0;

CREATE FUNCTION pg_temp.pick(words text[], number bigint, salt bigint) RETURNS text
    IMMUTABLE LANGUAGE sql
    RETURN words[1 + floor(pg_temp.chance(number, salt) * array_length(words, 1))::integer];

INSERT INTO tags (name, display_name, category, is_active)
SELECT word, initcap(replace(word, '-', ' ')), category, word NOT IN ('legacy', 'pilot')
  FROM (VALUES ('environment', '{production,staging,development,disaster-recovery}'::text[]),
               ('team', '{billing,search,identity,logistics,reporting,platform,mobile}'),
               ('tier', '{gold,silver,bronze}'),
               ('site', '{shanghai,frankfurt,virginia,singapore}'),
               ('state', '{legacy,pilot,frozen,audited,encrypted,replicated}'))
       AS kinds (category, words),
       unnest(words) AS word;

INSERT INTO instances (name, engine, host, port, description, is_active, deleted_at, created_at,
                       updated_at, version, main_version, last_success_at, latency_ms)
SELECT concat_ws('-', pg_temp.pick('{prod,prod,prod,stage,dev,dr}', n, 1),
                 pg_temp.pick('{billing,search,identity,ledger,orders,stock,crm,media}', n, 2),
                 lpad(n::text, 4, '0')),
       pg_temp.pick(engines, n, 3),
       format('db%s.%s.example.com', n, pg_temp.pick('{sha,fra,iad,sin}', n, 4)),
       3306 + floor(pg_temp.chance(n, 5) * 100),
       CASE WHEN pg_temp.chance(n, 6) < 0.4 THEN 'Primary of cluster ' || n % 37 END,
       pg_temp.chance(n, 7) >= 0.04,
       CASE WHEN pg_temp.chance(n, 8) < 0.02 THEN now() - interval '9 days' END,
       now() - n * interval '7 hours',
       now() - n * interval '3 hours',
       'Server ' || 8 + n % 11,
       (8 + n % 11)::text,
       now() - pg_temp.chance(n, 9) * interval '2 days',
       1 + floor(pg_temp.chance(n, 10) * 80)
  FROM wanted, generate_series(1, instances) AS n
 ORDER BY n;

-- The first page of instances is one where every connection below is full.
CREATE TEMPORARY TABLE rich AS SELECT id FROM instances ORDER BY name, id LIMIT 20;
UPDATE instances SET is_active = true, deleted_at = NULL WHERE id IN (SELECT id FROM rich);

INSERT INTO instance_tags (instance_id, tag_id)
SELECT i.id, t.id
  FROM instances AS i, tags AS t
 WHERE pg_temp.chance(i.id * 1000 + t.id, 11) < 0.12;

-- Shares of a total become whole numbers by rounding what has been given out so far.
CREATE TEMPORARY TABLE database_counts AS
WITH shares AS (
    SELECT id, CASE WHEN id IN (SELECT id FROM rich) THEN 1 + 0.5 * pg_temp.chance(id, 12)
                    ELSE 0.3 + 1.4 * pg_temp.chance(id, 13) END AS share
      FROM instances),
sums AS (
    SELECT id, share, sum(share) OVER (ORDER BY id) AS given, sum(share) OVER () AS total
      FROM shares)
SELECT id, round(databases * given / total) - round(databases * (given - share) / total) AS count
  FROM sums, wanted;

INSERT INTO instance_databases (instance_id, name, is_active, is_system, first_seen_on,
                                last_seen_on, deleted_at, size_bytes, data_bytes, log_bytes,
                                size_quality, size_reason, size_collected_at)
SELECT instance_id, name, is_active, is_system, first_seen_on, CURRENT_DATE, deleted_at,
       data_bytes + coalesce(log_bytes, 0), data_bytes, log_bytes,
       CASE WHEN data_bytes IS NULL THEN 'UNAVAILABLE' WHEN n % 7 = 0 THEN 'ESTIMATED'
            ELSE 'EXACT' END,
       CASE WHEN data_bytes IS NULL THEN 'PERMISSION' END,
       CASE WHEN data_bytes IS NOT NULL
            THEN now() - pg_temp.chance(key, 14) * interval '40 hours' END
  FROM (SELECT c.id AS instance_id, n, key,
               concat_ws('_', pg_temp.pick('{app,core,shop,data,mart,etl,web,ops}', key, 15),
                         pg_temp.pick('{orders,users,stock,events,audit,cache,prices,mail,geo,'
                                      'invoices,sessions,metrics}', key, 16), n) AS name,
               n = 1 AS is_system,
               n = 1 OR pg_temp.chance(key, 17) >= 0.05 AS is_active,
               CURRENT_DATE - (30 + floor(pg_temp.chance(key, 18) * 700))::integer AS first_seen_on,
               CASE WHEN n > 1 AND pg_temp.chance(key, 17) < 0.05
                    THEN now() - interval '3 days' END AS deleted_at,
               CASE WHEN pg_temp.chance(key, 19) >= 0.04
                    THEN 8192 * floor(power(10, 2 + 5 * pg_temp.chance(key, 20)))::bigint
                    END AS data_bytes,
               CASE WHEN n % 2 = 0
                    THEN 8192 * floor(1000 * pg_temp.chance(key, 21))::bigint END AS log_bytes
          FROM database_counts AS c, generate_series(1, c.count::bigint) AS n,
               LATERAL (SELECT c.id * 100000 + n AS key) AS keys) AS made
 ORDER BY instance_id, n;

-- One database has exactly 2,000 tables; one in seven was never refreshed.
CREATE TEMPORARY TABLE table_counts AS
WITH wide AS (
    SELECT max(d.id) AS id
      FROM instance_databases AS d JOIN instances AS i ON i.id = d.instance_id
     WHERE d.is_active AND i.is_active AND i.deleted_at IS NULL
       AND i.id NOT IN (SELECT id FROM rich)),
shares AS (
    SELECT d.id, CASE WHEN d.id = wide.id THEN 0
                      WHEN d.instance_id IN (SELECT id FROM rich)
                      THEN 0.6 + 0.8 * pg_temp.chance(d.id, 22)
                      WHEN pg_temp.chance(d.id, 23) < 0.14 THEN 0
                      ELSE 0.1 + 2 * pg_temp.chance(d.id, 24) END AS share
      FROM instance_databases AS d, wide),
sums AS (
    SELECT id, share, sum(share) OVER (ORDER BY id) AS given, sum(share) OVER () AS total
      FROM shares)
SELECT sums.id,
       CASE WHEN sums.id = wide.id THEN 2000
            ELSE round((tables - 2000) * given / total)
                 - round((tables - 2000) * (given - share) / total) END AS count
  FROM sums, wide, wanted;

INSERT INTO table_snapshots (database_id, collected_at, elapsed_ms, table_count, source, complete,
                             last_attempt_at)
SELECT id, now() - pg_temp.chance(id, 25) * interval '30 days',
       40 + floor(pg_temp.chance(id, 26) * 900), count, 'pg_class', true, now()
  FROM table_counts
 WHERE count > 0;

INSERT INTO database_table_size_stats (database_id, schema_name, table_name, kind, size_bytes,
                                       data_bytes, index_bytes, lob_bytes, allocated_bytes,
                                       row_count, quality, size_reason)
SELECT database_id, schema_name, table_name, kind, data_bytes + index_bytes, data_bytes,
       index_bytes, CASE WHEN key % 9 = 0 THEN data_bytes / 4 END,
       data_bytes + index_bytes + 65536,
       CASE WHEN key % 23 > 0 THEN data_bytes / (60 + key % 200) END,
       CASE WHEN data_bytes IS NULL THEN 'UNAVAILABLE' ELSE 'EXACT' END,
       CASE WHEN data_bytes IS NULL THEN 'PERMISSION' END
  FROM (SELECT c.id AS database_id, key,
               (ARRAY['public', 'public', 'sales', 'staging', 'archive'])[1 + n % 5] AS schema_name,
               concat_ws('_', (ARRAY['fact', 'dim', 'log', 'tmp', 'ref', 'map', 'hist', 'agg'])
                              [1 + c.id % 8],
                         (ARRAY['order', 'user', 'item', 'price', 'event', 'visit', 'device',
                                'invoice', 'payment', 'address', 'stock', 'batch', 'mail',
                                'ticket', 'region', 'quota'])[1 + n % 16],
                         (ARRAY['line', 'state', 'note', 'key', 'day', 'link', 'head', 'part'])
                              [1 + n / 16 % 8],
                         n / 128) AS table_name,
               CASE WHEN key % 31 = 0 THEN 'MATERIALIZED_VIEW' WHEN key % 29 = 0
                    THEN 'PARTITIONED_TABLE' ELSE 'TABLE' END AS kind,
               CASE WHEN pg_temp.chance(key, 27) >= 0.03
                    THEN 8192 * floor(power(10, 5 * pg_temp.chance(key, 28)))::bigint
                    END AS data_bytes,
               8192 * floor(power(10, 4 * pg_temp.chance(key, 29)))::bigint AS index_bytes
          FROM table_counts AS c, generate_series(0, c.count::integer - 1) AS n,
               LATERAL (SELECT c.id * 10000 + n AS key) AS keys) AS made;

INSERT INTO table_names SELECT DISTINCT table_name FROM database_table_size_stats;

INSERT INTO database_size_stats (database_id, stat_date, instance_id, size_bytes, data_bytes,
                                 log_bytes, quality)
SELECT id, CURRENT_DATE - ago, instance_id, size_bytes * (1 - ago * 0.002), data_bytes, log_bytes,
       size_quality
  FROM (SELECT d.*, history * number / databases - history * (number - 1) / databases AS days
          FROM (SELECT *, row_number() OVER (ORDER BY id) AS number FROM instance_databases) AS d,
               wanted) AS d,
       generate_series(0, d.days::integer - 1) AS ago;

INSERT INTO instance_size_stats (instance_id, stat_date, total_bytes, data_bytes, log_bytes,
                                 database_count, quality)
SELECT instance_id, stat_date, sum(size_bytes), sum(data_bytes), sum(log_bytes), count(*), 'PARTIAL'
  FROM database_size_stats
 GROUP BY instance_id, stat_date;

UPDATE instances AS i
   SET database_count = total.active, inactive_database_count = total.inactive,
       total_size_bytes = total.size_bytes, size_quality = 'PARTIAL', size_collected_at = now()
  FROM (SELECT instance_id, count(*) FILTER (WHERE is_active) AS active,
               count(*) FILTER (WHERE NOT is_active) AS inactive,
               sum(size_bytes) FILTER (WHERE is_active) AS size_bytes
          FROM instance_databases GROUP BY instance_id) AS total
 WHERE total.instance_id = i.id;
