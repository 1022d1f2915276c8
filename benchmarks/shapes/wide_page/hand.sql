SELECT json_build_object('data', json_build_object('databases', json_build_object('nodes',
           coalesce(json_agg(json_build_object(
               'id', encode(convert_to('Database:' || id, 'UTF8'), 'base64'),
               'name', name, 'isActive', is_active, 'isSystem', is_system,
               'firstSeenOn', first_seen_on, 'lastSeenOn', last_seen_on,
               'sizeBytes', size_bytes, 'dataBytes', data_bytes, 'logBytes', log_bytes,
               'sizeCollectedAt', size_collected_at, 'sizeQuality', size_quality,
               'sizeReason', size_reason
           ) ORDER BY instance_name, name, id), '[]'))))
  FROM (SELECT d.*, i.name AS instance_name
          FROM instance_databases AS d JOIN instances AS i ON i.id = d.instance_id
         WHERE d.is_active AND i.is_active AND i.deleted_at IS NULL
         ORDER BY i.name, d.name, d.id
         LIMIT 200) AS page
