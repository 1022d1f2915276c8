WITH page AS MATERIALIZED (
    SELECT t.id, t.schema_name, t.table_name, t.size_bytes, t.index_bytes, t.row_count,
           row_number() OVER (ORDER BY t.size_bytes DESC NULLS LAST, t.id DESC) AS number
      FROM database_table_size_stats AS t
     WHERE t.database_id = $1::bigint
       AND EXISTS (SELECT FROM table_snapshots AS s WHERE s.database_id = t.database_id)
     ORDER BY t.size_bytes DESC NULLS LAST, t.id DESC
     LIMIT 2001)
SELECT '{"data":{"database":{"name":', to_json(d.name)::text, ',"tableSizes":{"nodes":[', (
    SELECT string_agg(
               '{"id":"' || encode(convert_to('TableSize:' || id, 'UTF8'), 'base64')
               || '","schemaName":' || to_json(schema_name)
               || ',"tableName":' || to_json(table_name)
               || ',"sizeBytes":' || coalesce(size_bytes::text, 'null')
               || ',"indexBytes":' || coalesce(index_bytes::text, 'null')
               || ',"rowCount":' || coalesce(row_count::text, 'null')
               || '}', ',')
      FROM page WHERE number <= 2000),
    '],"pageInfo":{"hasNextPage":',
    CASE WHEN EXISTS (SELECT FROM page WHERE number > 2000) THEN 'true' ELSE 'false' END,
    ',"endCursor":',
    coalesce((
        SELECT '"' || replace(encode(convert_to(
                   '[1, "TableSize:SIZE:DESC", ' || to_json(s.collected_at) || ', '
                   || coalesce(page.size_bytes::text, 'null') || ', ' || page.id || ']',
                   'UTF8'), 'base64'), E'\n', '') || '"'
          FROM page, table_snapshots AS s
         WHERE number <= 2000 AND s.database_id = $1::bigint
         ORDER BY number DESC LIMIT 1), 'null'),
    '}}}}}'
  FROM instance_databases AS d JOIN instances AS i ON i.id = d.instance_id
 WHERE d.id = $1::bigint AND i.deleted_at IS NULL
UNION ALL
SELECT '{"data":{"database":null}}', '', '', '', '', '', '', '', ''
 WHERE NOT EXISTS (
    SELECT FROM instance_databases AS d JOIN instances AS i ON i.id = d.instance_id
     WHERE d.id = $1::bigint AND i.deleted_at IS NULL)
