WITH page AS (
    SELECT d.id, d.name, d.size_bytes, i.name AS instance_name, i.engine,
           row_number() OVER (ORDER BY i.name, d.name, d.id) AS number
      FROM instance_databases AS d JOIN instances AS i ON i.id = d.instance_id
     WHERE d.is_active AND i.is_active AND i.deleted_at IS NULL
       AND i.engine = ANY ($2::text[])
       AND EXISTS (SELECT FROM instance_tags AS it JOIN tags AS t ON t.id = it.tag_id
                    WHERE it.instance_id = i.id AND t.is_active AND t.name = ANY ($3::text[]))
       AND d.size_bytes >= $4::bigint
     ORDER BY i.name, d.name, d.id
     LIMIT $1::integer + 1)
SELECT json_build_object('data', json_build_object('databases', json_build_object(
    'nodes', (
        SELECT coalesce(json_agg(json_build_object(
                   'id', encode(convert_to('Database:' || id, 'UTF8'), 'base64'),
                   'name', name, 'sizeBytes', size_bytes,
                   'instance', json_build_object('name', instance_name, 'engine', engine)
               ) ORDER BY number), '[]')
          FROM page WHERE number <= $1),
    'pageInfo', json_build_object('hasNextPage', (SELECT count(*) > $1 FROM page)))))
