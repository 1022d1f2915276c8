SELECT d.id AS key, d.name, d.size_bytes AS "sizeBytes", d.size_collected_at AS "sizeCollectedAt",
       d.size_quality AS "sizeQuality", d.instance_id AS "instanceKey", i.name AS "instanceName"
  FROM instance_databases AS d JOIN instances AS i ON i.id = d.instance_id
 WHERE d.id = $1 AND i.deleted_at IS NULL
