WITH page AS (
    SELECT d.id, d.name, i.name AS instance_name,
           row_number() OVER (ORDER BY i.name DESC, d.name DESC, d.id DESC) AS number
      FROM instance_databases AS d JOIN instances AS i ON i.id = d.instance_id
     WHERE d.is_active AND i.is_active AND i.deleted_at IS NULL
     ORDER BY i.name DESC, d.name DESC, d.id DESC
     LIMIT $1::integer + 1)
SELECT json_build_object('data', json_build_object('databases', json_build_object(
    'edges', (
        SELECT coalesce(json_agg(json_build_object(
                   'cursor', replace(encode(convert_to(json_build_array(
                       1, 'Database:INSTANCE:ASC', NULL, instance_name, name, id)::text,
                       'UTF8'), 'base64'), E'\n', ''),
                   'node', json_build_object(
                       'id', encode(convert_to('Database:' || id, 'UTF8'), 'base64'),
                       'name', name)
               ) ORDER BY number DESC), '[]')
          FROM page WHERE number <= $1),
    'pageInfo', json_build_object(
        'hasNextPage', false,
        'hasPreviousPage', (SELECT count(*) > $1 FROM page)))))
