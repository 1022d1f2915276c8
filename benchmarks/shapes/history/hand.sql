SELECT json_build_object('data', json_build_object('database', (
    SELECT json_build_object(
               'name', d.name,
               'sizeHistory', (
                   SELECT coalesce(json_agg(json_build_object(
                              'date', stat_date, 'sizeBytes', size_bytes,
                              'dataBytes', data_bytes, 'logBytes', log_bytes
                          ) ORDER BY stat_date), '[]')
                     FROM database_size_stats AS h
                    WHERE h.database_id = d.id AND h.stat_date > CURRENT_DATE - 366))
      FROM instance_databases AS d JOIN instances AS i ON i.id = d.instance_id
     WHERE d.id = $1::bigint AND i.deleted_at IS NULL)))
