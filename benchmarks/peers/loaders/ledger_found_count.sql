SELECT count(*) AS count
  FROM instance_databases AS d JOIN instances AS i ON i.id = d.instance_id
 WHERE d.is_active AND i.is_active AND i.deleted_at IS NULL
   AND (d.name ILIKE $1 OR i.name ILIKE $1 OR i.host ILIKE $1)
