-- One row for each instance: the pieces are joined by the server, so nothing large is copied here.
-- The cursors of a database's tables begin alike: that part is encoded once, as far as it fills
-- groups of three bytes, and the rest is too short for base64 to break its line.
WITH page AS (
    SELECT id, name, engine, is_active,
           row_number() OVER () AS number,
           lead(id) OVER () IS NULL OR row_number() OVER () = 20 AS is_last,
           lead(id) OVER () IS NOT NULL AS has_next
      FROM (SELECT id, name, engine, is_active
              FROM instances
             WHERE deleted_at IS NULL
             ORDER BY name, id
             LIMIT 21) AS i)
SELECT CASE WHEN i.number = 1 THEN '{"data":{"instances":{"edges":[' ELSE ',' END,
       '{"cursor":"' || replace(encode(convert_to(
           '[1, "Instance:NAME:ASC", null, ' || to_json(i.name) || ', ' || i.id || ']', 'UTF8'),
           'base64'), E'\n', '')
       || '","node":{"id":"' || encode(convert_to('Instance:' || i.id, 'UTF8'), 'base64')
       || '","name":' || to_json(i.name) || ',"engine":"' || i.engine
       || '","databases":{"edges":[',
       databases.edges,
       '],"pageInfo":{"hasNextPage":' || databases.has_next || '}}}}',
       CASE WHEN is_last
            THEN '],"pageInfo":{"hasNextPage":' || i.has_next || ',"endCursor":"'
                 || replace(encode(convert_to(
                     '[1, "Instance:NAME:ASC", null, ' || to_json(i.name) || ', ' || i.id || ']',
                     'UTF8'), 'base64'), E'\n', '') || '"}}}}' END
  FROM page AS i, LATERAL (
    SELECT string_agg(
               '{"cursor":"' || replace(encode(convert_to(
                   '[1, "Database:INSTANCE:ASC", null, ' || to_json(i.name) || ', '
                   || to_json(d.name) || ', ' || d.id || ']', 'UTF8'), 'base64'), E'\n', '')
               || '","node":{"id":"' || encode(convert_to('Database:' || d.id, 'UTF8'), 'base64')
               || '","name":' || to_json(d.name)
               || ',"sizeBytes":' || coalesce(d.size_bytes::text, 'null')
               || ',"tableSizes":{"edges":[' || coalesce(tables.edges, '')
               || '],"pageInfo":{"hasNextPage":' || tables.has_next || '}}}}', ','
           ) FILTER (WHERE d.number <= 20) AS edges,
           count(*) > 20 AS has_next
      FROM (SELECT id, name, size_bytes, row_number() OVER () AS number
              FROM (SELECT id, name, size_bytes
                      FROM instance_databases
                     WHERE instance_id = i.id AND is_active AND i.is_active
                     ORDER BY name, id
                     LIMIT 21) AS d) AS d, LATERAL (
        SELECT string_agg(
                   '{"cursor":"' || s.head || encode(convert_to(
                       s.rest || coalesce(t.size_bytes::text, 'null') || ', ' || t.id || ']',
                       'UTF8'), 'base64')
                   || '","node":{"id":"' || encode(convert_to('TableSize:' || t.id, 'UTF8'), 'base64')
                   || '","schemaName":' || to_json(t.schema_name)
                   || ',"tableName":' || to_json(t.table_name)
                   || ',"sizeBytes":' || coalesce(t.size_bytes::text, 'null')
                   || ',"indexBytes":' || coalesce(t.index_bytes::text, 'null')
                   || ',"rowCount":' || coalesce(t.row_count::text, 'null')
                   || '}}', ',') FILTER (WHERE t.number <= 10) AS edges,
               count(*) > 10 AS has_next
          FROM (SELECT database_id, right(cursor, length(cursor) % 3) AS rest,
                       replace(encode(convert_to(
                           left(cursor, length(cursor) - length(cursor) % 3), 'UTF8'),
                           'base64'), E'\n', '') AS head
                  FROM (SELECT database_id,
                               '[1, "TableSize:SIZE:DESC", ' || to_json(collected_at) || ', '
                                   AS cursor
                          FROM table_snapshots
                         WHERE database_id = d.id
                        OFFSET 0) AS s
                OFFSET 0) AS s,  -- computed once for a database
               LATERAL (SELECT t.*, row_number() OVER () AS number
                          FROM (SELECT id, schema_name, table_name, size_bytes, index_bytes,
                                       row_count
                                  FROM database_table_size_stats
                                 WHERE database_id = s.database_id
                                 ORDER BY size_bytes DESC NULLS LAST, id DESC
                                 LIMIT 11) AS t) AS t
        ) AS tables) AS databases
 WHERE i.number <= 20
 ORDER BY i.number
