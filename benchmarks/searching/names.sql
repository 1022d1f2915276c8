-- Instances with 40 databases each, and tables with so many distinct names, as the one row of the
-- temporary table `wanted` says: (instances, tables, names). The same numbers give the same rows.

INSERT INTO instances (name, engine, host, port)
SELECT format('prod-%s-%s',
              (ARRAY['billing', 'search', 'identity', 'ledger', 'orders', 'stock'])[1 + n % 6],
              lpad(n::text, 4, '0')),
       'POSTGRESQL',
       format('db%s.%s.example.com', n, (ARRAY['sha', 'fra', 'iad'])[1 + n % 3]),
       5432
  FROM wanted, generate_series(1, instances) AS n;

INSERT INTO instance_databases (instance_id, name, first_seen_on, last_seen_on)
SELECT i.id,
       concat_ws('_',
                 (ARRAY['app', 'core', 'shop', 'data', 'mart', 'etl', 'web', 'ops'])[1 + n % 8],
                 (ARRAY['orders', 'users', 'stock', 'events', 'audit', 'cache', 'prices', 'mail',
                        'geo', 'invoices'])[1 + (n * 7 + i.id) % 10], n),
       CURRENT_DATE, CURRENT_DATE
  FROM instances AS i, generate_series(1, 40) AS n;

CREATE TEMPORARY TABLE words AS
SELECT n, concat_ws('_',
                    (ARRAY['fact', 'dim', 'log', 'tmp', 'ref', 'map', 'hist', 'agg'])[1 + n % 8],
                    (ARRAY['order', 'user', 'item', 'price', 'event', 'visit', 'device', 'invoice',
                           'payment', 'address', 'stock', 'batch', 'mail', 'ticket', 'region',
                           'quota'])[1 + n / 8 % 16],
                    (ARRAY['line', 'state', 'note', 'key', 'day', 'link', 'head', 'part'])
                          [1 + n / 128 % 8],
                    n / 1024) AS name
  FROM wanted, generate_series(0, names - 1) AS n;

-- 7919 is a prime: neighbours get distant names.
INSERT INTO database_table_size_stats (database_id, schema_name, table_name, kind, quality)
SELECT d.id, 's' || made.round, w.name, 'TABLE', 'EXACT'
  FROM (SELECT n * 7919 % names AS word, n % (instances * 40) AS place,
               n / (instances * 40) AS round
          FROM wanted, generate_series(0::bigint, tables - 1) AS n) AS made
  JOIN words AS w ON w.n = made.word
  JOIN (SELECT id, row_number() OVER (ORDER BY id) - 1 AS place FROM instance_databases) AS d
    ON d.place = made.place;

INSERT INTO table_names SELECT DISTINCT table_name FROM database_table_size_stats;
