SELECT json_build_object('data', json_build_object('node', (
    SELECT json_build_object(
               'id', encode(convert_to('Database:' || d.id, 'UTF8'), 'base64'),
               'name', d.name, 'sizeBytes', d.size_bytes,
               'instance', json_build_object('name', i.name))
      FROM instance_databases AS d JOIN instances AS i ON i.id = d.instance_id
     WHERE d.id = $1::bigint AND i.deleted_at IS NULL)))
