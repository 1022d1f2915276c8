SELECT id AS key, name, engine, host FROM instances WHERE id = ANY ($1::bigint[])
