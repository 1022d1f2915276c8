WITH page AS (
    SELECT *, row_number() OVER (ORDER BY total_size_bytes DESC NULLS LAST, id DESC) AS number
      FROM instances
     WHERE deleted_at IS NULL
     ORDER BY total_size_bytes DESC NULLS LAST, id DESC
     LIMIT $1::integer + 1)
SELECT json_build_object('data', json_build_object('instances', json_build_object(
    'nodes', (
        SELECT coalesce(json_agg(json_build_object(
                   'id', encode(convert_to('Instance:' || id, 'UTF8'), 'base64'),
                   'name', name, 'engine', engine, 'host', host, 'port', port,
                   'status', CASE WHEN is_active THEN 'ACTIVE' ELSE 'INACTIVE' END,
                   'version', version, 'mainVersion', main_version,
                   'databaseCount', database_count, 'totalSizeBytes', total_size_bytes,
                   'sizeQuality', size_quality, 'sizeCollectedAt', size_collected_at
               ) ORDER BY number), '[]')
          FROM page WHERE number <= $1),
    'pageInfo', json_build_object('hasNextPage', (SELECT count(*) > $1 FROM page)))))
