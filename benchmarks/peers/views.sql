-- What PostGraphile shows: the inventory without the recycle bin, ordered as the questions ask.

DROP SCHEMA IF EXISTS postgraphile CASCADE;
CREATE SCHEMA postgraphile;

CREATE VIEW postgraphile.instance AS
SELECT id AS key, name, engine, host FROM public.instances WHERE deleted_at IS NULL;

CREATE VIEW postgraphile.database AS
SELECT d.id AS key, d.name, d.size_bytes, d.size_collected_at, d.size_quality, d.instance_id,
       i.name AS instance_name, i.host AS instance_host
  FROM public.instance_databases AS d JOIN public.instances AS i ON i.id = d.instance_id
 WHERE d.is_active AND i.is_active AND i.deleted_at IS NULL;

CREATE VIEW postgraphile.table_size AS
SELECT id AS key, database_id, schema_name, table_name, size_bytes, index_bytes, row_count
  FROM public.database_table_size_stats;

CREATE VIEW postgraphile.tag AS
SELECT it.instance_id, it.tag_id, t.name
  FROM public.instance_tags AS it JOIN public.tags AS t ON t.id = it.tag_id;

COMMENT ON VIEW postgraphile.instance IS '@primaryKey key';
COMMENT ON VIEW postgraphile.database IS E'@primaryKey key
@foreignKey (instance_id) references postgraphile.instance (key)|@fieldName instance|@foreignFieldName databases';
COMMENT ON VIEW postgraphile.table_size IS E'@primaryKey key
@foreignKey (database_id) references postgraphile.database (key)|@fieldName database|@foreignFieldName tableSizes';
COMMENT ON VIEW postgraphile.tag IS E'@primaryKey instance_id,tag_id
@foreignKey (instance_id) references postgraphile.instance (key)|@fieldName instance|@foreignFieldName tags';
