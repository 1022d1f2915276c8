SELECT json_build_object('data', json_build_object('databases', json_build_object('nodes',
           coalesce(json_agg(json_build_object(
               'id', encode(convert_to('Database:' || id, 'UTF8'), 'base64'),
               'name', name, 'sizeBytes', size_bytes, 'dataBytes', data_bytes,
               'logBytes', log_bytes, 'sizeQuality', size_quality, 'sizeReason', size_reason,
               'instance', json_build_object(
                   'id', encode(convert_to('Instance:' || instance_id, 'UTF8'), 'base64'),
                   'name', instance_name, 'engine', engine, 'host', host)
           ) ORDER BY instance_name, name, id), '[]'))))
  FROM (SELECT d.*, i.name AS instance_name, i.engine, i.host
          FROM instance_databases AS d JOIN instances AS i ON i.id = d.instance_id
         WHERE d.is_active AND i.is_active AND i.deleted_at IS NULL
         ORDER BY i.name, d.name, d.id
         LIMIT 20) AS page
