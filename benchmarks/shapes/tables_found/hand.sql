SELECT json_build_object('data', json_build_object('database', (
    SELECT json_build_object('tableSizes', json_build_object(
               'totalCount', (
                   SELECT count(*)
                     FROM database_table_size_stats AS t
                     JOIN table_snapshots AS s ON s.database_id = t.database_id
                    WHERE t.database_id = d.id
                      AND (t.schema_name ILIKE $2 OR t.table_name ILIKE $2)),
               'nodes', (
                   SELECT coalesce(json_agg(json_build_object(
                              'schemaName', schema_name, 'tableName', table_name, 'kind', kind,
                              'sizeBytes', size_bytes, 'dataBytes', data_bytes,
                              'lobBytes', lob_bytes
                          ) ORDER BY table_name, schema_name, id), '[]')
                     FROM (SELECT t.*
                             FROM database_table_size_stats AS t
                             JOIN table_snapshots AS s ON s.database_id = t.database_id
                            WHERE t.database_id = d.id
                              AND (t.schema_name ILIKE $2 OR t.table_name ILIKE $2)
                            ORDER BY t.table_name, t.schema_name, t.id
                            LIMIT 100) AS page)))
      FROM instance_databases AS d JOIN instances AS i ON i.id = d.instance_id
     WHERE d.id = $1::bigint AND i.deleted_at IS NULL)))
