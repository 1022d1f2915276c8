WITH page AS (
    SELECT d.id, d.name, d.size_bytes, d.size_collected_at, d.size_quality,
           i.id AS instance_id, i.name AS instance_name, i.engine, i.host,
           row_number() OVER (ORDER BY i.name, d.name, d.id) AS number
      FROM instance_databases AS d JOIN instances AS i ON i.id = d.instance_id
     WHERE d.is_active AND i.is_active AND i.deleted_at IS NULL
       AND (d.name ILIKE $1 OR i.name ILIKE $1 OR i.host ILIKE $1)
     ORDER BY i.name, d.name, d.id
     LIMIT 51)
SELECT json_build_object('data', json_build_object('databases', json_build_object(
    'totalCount', (
        SELECT count(*)
          FROM instance_databases AS d JOIN instances AS i ON i.id = d.instance_id
         WHERE d.is_active AND i.is_active AND i.deleted_at IS NULL
           AND (d.name ILIKE $1 OR i.name ILIKE $1 OR i.host ILIKE $1)),
    'nodes', (
        SELECT coalesce(json_agg(json_build_object(
                   'id', encode(convert_to('Database:' || id, 'UTF8'), 'base64'),
                   'name', name,
                   'sizeBytes', size_bytes,
                   'sizeCollectedAt', size_collected_at,
                   'sizeQuality', size_quality,
                   'instance', json_build_object(
                       'name', instance_name,
                       'engine', engine,
                       'host', host,
                       'tags', (
                           SELECT coalesce(json_agg(json_build_object('name', t.name)
                                                    ORDER BY t.name), '[]')
                             FROM instance_tags AS it JOIN tags AS t ON t.id = it.tag_id
                            WHERE it.instance_id = page.instance_id))
               ) ORDER BY number), '[]')
          FROM page WHERE number <= 50),
    'pageInfo', json_build_object(
        'hasNextPage', (SELECT count(*) > 50 FROM page),
        'endCursor', (
            SELECT replace(encode(convert_to(json_build_array(
                       1, 'Database:INSTANCE:ASC', NULL, instance_name, name, id)::text,
                       'UTF8'), 'base64'), E'\n', '')
              FROM page WHERE number <= 50 ORDER BY number DESC LIMIT 1)))))
