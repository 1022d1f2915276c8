SELECT json_build_object('data', json_build_object('database', (
    SELECT json_build_object(
               'id', encode(convert_to('Database:' || d.id, 'UTF8'), 'base64'),
               'name', d.name, 'isActive', d.is_active, 'isSystem', d.is_system,
               'firstSeenOn', d.first_seen_on, 'lastSeenOn', d.last_seen_on,
               'deletedAt', d.deleted_at, 'sizeBytes', d.size_bytes, 'dataBytes', d.data_bytes,
               'logBytes', d.log_bytes, 'sizeCollectedAt', d.size_collected_at,
               'sizeQuality', d.size_quality, 'sizeReason', d.size_reason,
               'instance', json_build_object(
                   'id', encode(convert_to('Instance:' || i.id, 'UTF8'), 'base64'),
                   'name', i.name, 'host', i.host,
                   'tags', (
                       SELECT coalesce(json_agg(json_build_object(
                                  'id', encode(convert_to('Tag:' || t.id, 'UTF8'), 'base64'),
                                  'displayName', t.display_name, 'category', t.category
                              ) ORDER BY t.name, t.id), '[]')
                         FROM instance_tags AS it JOIN tags AS t ON t.id = it.tag_id
                        WHERE it.instance_id = i.id)),
               'tableSnapshot', (
                   SELECT json_build_object(
                              'collectedAt', s.collected_at, 'elapsedMs', s.elapsed_ms,
                              'tableCount', s.table_count, 'source', s.source,
                              'complete', s.complete)
                     FROM table_snapshots AS s WHERE s.database_id = d.id))
      FROM instance_databases AS d JOIN instances AS i ON i.id = d.instance_id
     WHERE d.id = $1::bigint AND i.deleted_at IS NULL)))
