SELECT d.name AS database, i.name AS instance, i.host, i.engine,
       (SELECT coalesce(string_agg(t.name, ';' ORDER BY t.name), '')
          FROM instance_tags AS it JOIN tags AS t ON t.id = it.tag_id
         WHERE it.instance_id = i.id AND t.is_active) AS tags,
       d.size_bytes,
       CASE WHEN d.size_bytes < 1024 THEN d.size_bytes || ' B'
            WHEN d.size_bytes < 1024 ^ 2 THEN round(d.size_bytes / 1024.0, 1) || ' KiB'
            WHEN d.size_bytes < 1024 ^ 3 THEN round(d.size_bytes / 1048576.0, 1) || ' MiB'
            WHEN d.size_bytes < 1024 ^ 4 THEN round(d.size_bytes / 1073741824.0, 1) || ' GiB'
            ELSE round(d.size_bytes / 1099511627776.0, 1) || ' TiB' END AS size,
       to_char(d.size_collected_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"')
           AS collected_at,
       CASE WHEN d.size_collected_at IS NULL THEN 'NEVER'
            WHEN d.size_collected_at >= now() - interval '26 hours' THEN 'FRESH'
            WHEN d.size_collected_at >= now() - interval '50 hours' THEN 'LATE'
            ELSE 'OVERDUE' END AS freshness
  FROM instance_databases AS d JOIN instances AS i ON i.id = d.instance_id
 WHERE d.is_active AND i.is_active AND i.deleted_at IS NULL
 ORDER BY i.name, d.name, d.id
