"""The statements a PostgreSQL server is asked. They lean on the session's search_path, which is
pg_catalog alone, so that nothing in a customer's schema can stand in for a system function.

Names travel as bytes (`namesend`): databases of one server may differ in encoding, and a single
name that is no valid text here must not cost us all the others.
"""

# The server looks every two seconds whether we are still there (from 14 on, not on Windows): else
# it would finish the statement of a worker that died, and PostgreSQL drops a cancellation that
# comes before the statement has been read.
HELLO = """
    SELECT version()                                      AS banner,
           current_setting('server_version')              AS version,
           current_setting('server_version_num')::integer AS number,
           namesend(current_database())                   AS database,
           CASE
               WHEN current_setting('server_version_num')::integer >= 140000
                AND version() !~* 'windows|mingw|visual c'
               THEN set_config('client_connection_check_interval', '2s', false)
           END                                            AS interval_of_checks
"""

# datconnlimit = -2 marks what an interrupted DROP DATABASE left behind. The databases named in $1
# belong to a cloud provider, whose pg_hba.conf keeps everybody out.
INVENTORY = """
    SELECT namesend(datname) AS name,
           datistemplate OR datname = 'postgres' OR datname = ANY ($1::name[]) AS is_system,
           CASE
               WHEN NOT datallowconn OR datconnlimit = -2 OR datname = ANY ($1::name[])
               THEN 'NOT_CONNECTABLE'
               WHEN NOT has_database_privilege(oid, 'CONNECT')
               THEN 'PERMISSION'
           END AS reason
      FROM pg_database
     ORDER BY datname
"""

# pg_database_size raises for a database that the account may not see, and with it the whole
# statement would be lost: so the same question is asked first. It is NULL for one just dropped.
DATABASE_SIZES = """
    SELECT namesend(datname) AS name,
           is_readable,
           CASE WHEN is_readable THEN pg_database_size(oid) END AS size_bytes
      FROM (SELECT oid,
                   datname,
                   has_database_privilege(oid, 'CONNECT')
                   OR pg_has_role('pg_read_all_stats', 'USAGE') AS is_readable
              FROM pg_database
             WHERE NOT namesend(datname) = ANY ($1::bytea[])
            OFFSET 0) AS database
     ORDER BY datname
"""

# Every table with storage and every partition, beside the table it belongs to. Old-style
# inheritance is not a partition: its children are tables of their own.
# reltuples tells "never analysed" from "empty" only since 14; before, both are 0 rows, 0 pages.
TABLES = """
    WITH RECURSIVE member (oid, root) AS (
        SELECT c.oid, c.oid
          FROM pg_class AS c
          JOIN pg_namespace AS n ON n.oid = c.relnamespace
         WHERE c.relkind IN ('r', 'm', 'p')
           AND c.relpersistence <> 't'
           AND NOT c.relispartition
           AND n.nspname NOT IN ('pg_catalog', 'information_schema', 'pg_toast')
         UNION ALL
        SELECT c.oid, m.root
          FROM member AS m
          JOIN pg_inherits AS i ON i.inhparent = m.oid
          JOIN pg_class AS c ON c.oid = i.inhrelid
         WHERE c.relispartition
           AND c.relkind IN ('r', 'p')
    )
    SELECT m.oid,
           m.root,
           namesend(n.nspname) AS schema_name,
           namesend(c.relname) AS table_name,
           c.relkind::text     AS relkind,
           CASE
               WHEN c.reltuples < 0 THEN NULL
               WHEN c.reltuples = 0 AND c.relpages = 0
                AND current_setting('server_version_num')::integer < 140000 THEN NULL
               ELSE c.reltuples::bigint
           END                 AS row_count
      FROM member AS m
      JOIN pg_class AS c ON c.oid = m.oid
      JOIN pg_namespace AS n ON n.oid = c.relnamespace
"""

# By oid, because by name the account would need USAGE on the schema. The size functions open the
# table, its TOAST table and all indexes, and wait where one of them is locked: such tables are
# told apart before. A waiting exclusive lock counts too, as we would have to queue behind it.
# A table dropped meanwhile is missing here, or its sizes are NULL.
TABLE_SIZES = """
    WITH locked AS (
        SELECT relation AS oid
          FROM pg_locks
         WHERE locktype = 'relation'
           AND mode = 'AccessExclusiveLock'
           AND database = (SELECT oid FROM pg_database WHERE datname = current_database())
    ), held AS (
        SELECT oid FROM locked
         UNION
        SELECT indrelid FROM pg_index WHERE indexrelid IN (SELECT oid FROM locked)
    ), wanted AS (
        SELECT c.oid,
               c.relkind,
               c.reltoastrelid,
               c.oid IN (SELECT oid FROM held)
               OR c.reltoastrelid IN (SELECT oid FROM held) AS is_locked
          FROM pg_class AS c
         WHERE c.oid = ANY ($1::oid[])
        OFFSET 0
    )
    SELECT oid,
           is_locked AND relkind <> 'p' AS is_locked,
           CASE WHEN relkind = 'p' THEN 0
                WHEN NOT is_locked THEN pg_table_size(oid) END   AS data_bytes,
           CASE WHEN relkind = 'p' OR reltoastrelid = 0 THEN 0
                WHEN NOT is_locked THEN pg_total_relation_size(reltoastrelid) END AS lob_bytes,
           CASE WHEN relkind = 'p' THEN 0
                WHEN NOT is_locked THEN pg_indexes_size(oid) END AS index_bytes
      FROM wanted
"""


def text(name: bytes) -> str:
    """A name as text; bytes that are none are shown as \\xHH."""
    return name.decode(errors="backslashreplace")


def quoted(name: str) -> str:
    """A name as it stands in a statement."""
    return '"' + name.replace('"', '""') + '"'
