-- For the values that are asked: no tags, but tables.
SELECT json_build_object('data', json_build_object('databases', json_build_object('nodes',
           coalesce(json_agg(json_build_object(
               'name', name,
               'instance', json_build_object('name', instance_name),
               'tableSizes', json_build_object('nodes', (
                   SELECT coalesce(json_agg(json_build_object(
                              'tableName', table_name, 'rowCount', row_count
                          ) ORDER BY size_bytes DESC NULLS LAST, id DESC), '[]')
                     FROM (SELECT t.id, t.table_name, t.row_count, t.size_bytes
                             FROM database_table_size_stats AS t
                             JOIN table_snapshots AS s ON s.database_id = t.database_id
                            WHERE t.database_id = page.id
                            ORDER BY t.size_bytes DESC NULLS LAST, t.id DESC
                            LIMIT 3) AS tables))
           ) ORDER BY instance_name, name, id), '[]'))))
  FROM (SELECT d.id, d.name, i.name AS instance_name
          FROM instance_databases AS d JOIN instances AS i ON i.id = d.instance_id
         WHERE d.is_active AND i.is_active AND i.deleted_at IS NULL
           AND NOT $1::boolean AND NOT $2::boolean
         ORDER BY i.name, d.name, d.id
         LIMIT 20) AS page
