SELECT d.id AS key, d.name, d.size_bytes AS "sizeBytes", d.size_collected_at AS "sizeCollectedAt",
       d.size_quality AS "sizeQuality", d.instance_id AS "instanceKey", i.name AS "instanceName"
  FROM instance_databases AS d JOIN instances AS i ON i.id = d.instance_id
 WHERE d.is_active AND i.is_active AND i.deleted_at IS NULL
   AND i.name >= $2::text
   AND (i.name, d.name, d.id) > ($2::text, $3::text, $4::bigint)
 ORDER BY i.name, d.name, d.id
 LIMIT $1
