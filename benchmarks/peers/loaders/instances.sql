SELECT id AS key, name, engine, host
  FROM instances
 WHERE deleted_at IS NULL
 ORDER BY name, id
 LIMIT $1
