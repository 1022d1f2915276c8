SELECT json_build_object('data', json_build_object('instances', json_build_object(
    'totalCount', (SELECT count(*) FROM instances WHERE deleted_at IS NULL),
    'nodes', (
        SELECT coalesce(json_agg(json_build_object(
                   'name', i.name,
                   'databases', json_build_object(
                       'totalCount', (SELECT count(*) FROM instance_databases
                                       WHERE instance_id = i.id AND is_active AND i.is_active),
                       'nodes', databases)
               ) ORDER BY i.name, i.id), '[]')
          FROM (SELECT id, name, is_active FROM instances
                 WHERE deleted_at IS NULL ORDER BY name, id LIMIT 20) AS i, LATERAL (
            SELECT coalesce(json_agg(json_build_object(
                       'name', d.name,
                       'tableSizes', json_build_object(
                           'totalCount', (SELECT count(*) FROM database_table_size_stats AS t
                                           WHERE t.database_id = d.id
                                             AND EXISTS (SELECT FROM table_snapshots AS s
                                                          WHERE s.database_id = d.id)),
                           'nodes', tables)
                   ) ORDER BY d.name, d.id), '[]') AS databases
              FROM (SELECT id, name FROM instance_databases
                     WHERE instance_id = i.id AND is_active AND i.is_active
                     ORDER BY name, id LIMIT 3) AS d, LATERAL (
                SELECT coalesce(json_agg(json_build_object(
                           'tableName', t.table_name, 'sizeBytes', t.size_bytes)), '[]') AS tables
                  FROM (SELECT t.table_name, t.size_bytes
                          FROM database_table_size_stats AS t
                          JOIN table_snapshots AS s ON s.database_id = t.database_id
                         WHERE t.database_id = d.id
                         ORDER BY t.size_bytes DESC NULLS LAST, t.id DESC
                         LIMIT 1) AS t) AS tables) AS databases))))
