WITH page AS (
    SELECT t.id, t.schema_name, t.table_name, t.size_bytes, t.index_bytes, t.row_count,
           s.collected_at,
           row_number() OVER (ORDER BY t.size_bytes DESC NULLS LAST, t.id DESC) AS number
      FROM database_table_size_stats AS t
      JOIN table_snapshots AS s ON s.database_id = t.database_id
     WHERE t.database_id = $1::bigint
     ORDER BY t.size_bytes DESC NULLS LAST, t.id DESC
     LIMIT 2001)
SELECT json_build_object('data', json_build_object('database', (
    SELECT json_build_object(
               'name', d.name,
               'tableSizes', json_build_object(
                   'nodes', (
                       SELECT coalesce(json_agg(json_build_object(
                                  'id', encode(convert_to('TableSize:' || id, 'UTF8'), 'base64'),
                                  'schemaName', schema_name,
                                  'tableName', table_name,
                                  'sizeBytes', size_bytes,
                                  'indexBytes', index_bytes,
                                  'rowCount', row_count
                              ) ORDER BY number), '[]')
                         FROM page WHERE number <= 2000),
                   'pageInfo', json_build_object(
                       'hasNextPage', (SELECT count(*) > 2000 FROM page),
                       'endCursor', (
                           SELECT replace(encode(convert_to(json_build_array(
                                      1, 'TableSize:SIZE:DESC', collected_at, size_bytes, id)::text,
                                      'UTF8'), 'base64'), E'\n', '')
                             FROM page WHERE number <= 2000 ORDER BY number DESC LIMIT 1))))
      FROM instance_databases AS d JOIN instances AS i ON i.id = d.instance_id
     WHERE d.id = $1::bigint AND i.deleted_at IS NULL)))
