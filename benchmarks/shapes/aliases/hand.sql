SELECT json_build_object('data', json_build_object(
    'biggest', json_build_object('rows', (
        SELECT coalesce(json_agg(json_build_object(
                   'title', name, 'bytes', size_bytes,
                   'on', json_build_object('title', instance_name)
               ) ORDER BY size_bytes DESC NULLS LAST, id DESC), '[]')
          FROM (SELECT d.id, d.name, d.size_bytes, i.name AS instance_name
                  FROM instance_databases AS d JOIN instances AS i ON i.id = d.instance_id
                 WHERE d.is_active AND i.is_active AND i.deleted_at IS NULL
                 ORDER BY d.size_bytes DESC NULLS LAST, d.id DESC
                 LIMIT 10) AS page)),
    'latest', json_build_object('rows', (
        SELECT coalesce(json_agg(json_build_object('title', name, 'at', size_collected_at)
                                 ORDER BY size_collected_at DESC NULLS LAST, id DESC), '[]')
          FROM (SELECT d.id, d.name, d.size_collected_at
                  FROM instance_databases AS d JOIN instances AS i ON i.id = d.instance_id
                 WHERE d.is_active AND i.is_active AND i.deleted_at IS NULL
                 ORDER BY d.size_collected_at DESC NULLS LAST, d.id DESC
                 LIMIT 10) AS page))))
