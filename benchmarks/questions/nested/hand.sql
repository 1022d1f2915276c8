WITH page AS (
    SELECT id, name, engine, is_active, row_number() OVER (ORDER BY name, id) AS number
      FROM instances
     WHERE deleted_at IS NULL
     ORDER BY name, id
     LIMIT 21)
SELECT json_build_object('data', json_build_object('instances', json_build_object(
    'edges', (
        SELECT coalesce(json_agg(json_build_object(
                   'cursor', replace(encode(convert_to(json_build_array(
                       1, 'Instance:NAME:ASC', NULL, i.name, i.id)::text,
                       'UTF8'), 'base64'), E'\n', ''),
                   'node', json_build_object(
                       'id', encode(convert_to('Instance:' || i.id, 'UTF8'), 'base64'),
                       'name', i.name,
                       'engine', i.engine,
                       'databases', databases)
               ) ORDER BY i.number), '[]')
          FROM page AS i, LATERAL (
            SELECT json_build_object(
                       'edges', coalesce(json_agg(json_build_object(
                           'cursor', replace(encode(convert_to(json_build_array(
                               1, 'Database:INSTANCE:ASC', NULL, i.name, d.name, d.id)::text,
                               'UTF8'), 'base64'), E'\n', ''),
                           'node', json_build_object(
                               'id', encode(convert_to('Database:' || d.id, 'UTF8'), 'base64'),
                               'name', d.name,
                               'sizeBytes', d.size_bytes,
                               'tableSizes', table_sizes)
                           ) ORDER BY d.number) FILTER (WHERE d.number <= 20), '[]'),
                       'pageInfo', json_build_object('hasNextPage', count(*) > 20)) AS databases
              FROM (SELECT id, name, size_bytes, row_number() OVER (ORDER BY name, id) AS number
                      FROM instance_databases
                     WHERE instance_id = i.id AND is_active AND i.is_active
                     ORDER BY name, id
                     LIMIT 21) AS d, LATERAL (
                SELECT json_build_object(
                           'edges', coalesce(json_agg(json_build_object(
                               'cursor', replace(encode(convert_to(json_build_array(
                                   1, 'TableSize:SIZE:DESC', t.collected_at, t.size_bytes,
                                   t.id)::text, 'UTF8'), 'base64'), E'\n', ''),
                               'node', json_build_object(
                                   'id', encode(convert_to('TableSize:' || t.id, 'UTF8'), 'base64'),
                                   'schemaName', t.schema_name,
                                   'tableName', t.table_name,
                                   'sizeBytes', t.size_bytes,
                                   'indexBytes', t.index_bytes,
                                   'rowCount', t.row_count)
                               ) ORDER BY t.number) FILTER (WHERE t.number <= 10), '[]'),
                           'pageInfo', json_build_object('hasNextPage', count(*) > 10)
                       ) AS table_sizes
                  FROM (SELECT t.id, t.schema_name, t.table_name, t.size_bytes, t.index_bytes,
                               t.row_count, s.collected_at,
                               row_number() OVER (ORDER BY t.size_bytes DESC NULLS LAST, t.id DESC)
                                   AS number
                          FROM database_table_size_stats AS t
                          JOIN table_snapshots AS s ON s.database_id = t.database_id
                         WHERE t.database_id = d.id
                         ORDER BY t.size_bytes DESC NULLS LAST, t.id DESC
                         LIMIT 11) AS t) AS tables) AS databases
         WHERE i.number <= 20),
    'pageInfo', json_build_object(
        'hasNextPage', (SELECT count(*) > 20 FROM page),
        'endCursor', (
            SELECT replace(encode(convert_to(json_build_array(
                       1, 'Instance:NAME:ASC', NULL, name, id)::text,
                       'UTF8'), 'base64'), E'\n', '')
              FROM page WHERE number <= 20 ORDER BY number DESC LIMIT 1)))))
