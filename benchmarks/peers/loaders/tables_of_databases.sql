SELECT s.database_id AS parent, t.id AS key, t.schema_name AS "schemaName",
       t.table_name AS "tableName", t.size_bytes AS "sizeBytes", t.index_bytes AS "indexBytes",
       t.row_count AS "rowCount", s.collected_at AS "collectedAt"
  FROM table_snapshots AS s, LATERAL (
        SELECT id, schema_name, table_name, size_bytes, index_bytes, row_count
          FROM database_table_size_stats
         WHERE database_id = s.database_id
         ORDER BY size_bytes DESC NULLS LAST, id DESC
         LIMIT $2) AS t
 WHERE s.database_id = ANY ($1::bigint[])
