SELECT json_build_object('data', json_build_object(
    'instances', json_build_object('nodes', (
        SELECT coalesce(json_agg(json_build_object('name', name, 'engine', engine)
                                 ORDER BY name, id), '[]')
          FROM (SELECT id, name, engine FROM instances
                 WHERE deleted_at IS NULL ORDER BY name, id LIMIT 5) AS page)),
    'databases', json_build_object('nodes', (
        SELECT coalesce(json_agg(json_build_object('name', name, 'sizeBytes', size_bytes)
                                 ORDER BY instance_name, name, id), '[]')
          FROM (SELECT d.id, d.name, d.size_bytes, i.name AS instance_name
                  FROM instance_databases AS d JOIN instances AS i ON i.id = d.instance_id
                 WHERE d.is_active AND i.is_active AND i.deleted_at IS NULL
                 ORDER BY i.name, d.name, d.id
                 LIMIT 5) AS page)),
    'tags', json_build_object('nodes', (
        SELECT coalesce(json_agg(json_build_object(
                   'id', encode(convert_to('Tag:' || id, 'UTF8'), 'base64'),
                   'name', name, 'displayName', display_name, 'category', category
               ) ORDER BY name, id), '[]')
          FROM (SELECT id, name, display_name, category FROM tags
                 ORDER BY name, id LIMIT 10) AS page)),
    'database', (
        SELECT json_build_object('name', d.name, 'isSystem', d.is_system)
          FROM instance_databases AS d JOIN instances AS i ON i.id = d.instance_id
         WHERE d.id = $1::bigint AND i.deleted_at IS NULL)))
