SELECT i.id AS parent, d.id AS key, d.name, d.size_bytes AS "sizeBytes",
       d.size_collected_at AS "sizeCollectedAt", d.size_quality AS "sizeQuality",
       i.id AS "instanceKey", i.name AS "instanceName"
  FROM instances AS i, LATERAL (
        SELECT id, name, size_bytes, size_collected_at, size_quality
          FROM instance_databases
         WHERE instance_id = i.id AND is_active
         ORDER BY name, id
         LIMIT $2) AS d
 WHERE i.id = ANY ($1::bigint[]) AND i.is_active AND i.deleted_at IS NULL
