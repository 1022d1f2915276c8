"""The statements a SQL Server is asked. They read catalog views and dynamic management views only,
take no parameters, and name nothing of the customer's but the database that is entered.

HAS_PERMS_BY_NAME is NULL for a permission that a version does not know, so all names are asked of
all versions.
"""

from whalefall.adapters.base import Limits

HELLO = """
    SELECT CAST(SERVERPROPERTY('ProductVersion') AS nvarchar(128)) AS version,
           @@VERSION AS banner
"""
INVENTORY = """
    SELECT d.name, d.database_id, d.state_desc, d.user_access_desc, d.source_database_id,
           d.replica_id, HAS_DBACCESS(d.name) AS has_access
      FROM sys.databases AS d
"""
# What of this server's availability groups can be read; only who sees the server's state may ask.
REPLICAS = """
    SELECT r.replica_id, s.role_desc, r.secondary_role_allow_connections_desc
      FROM sys.availability_replicas AS r
      JOIN sys.dm_hadr_availability_replica_states AS s ON s.replica_id = r.replica_id
     WHERE s.is_local = 1
"""
PERMISSIONS = """
    SELECT HAS_PERMS_BY_NAME(NULL, NULL, 'VIEW ANY DATABASE') AS view_any_database,
           HAS_PERMS_BY_NAME(NULL, NULL, 'VIEW ANY DEFINITION') AS view_any_definition,
           HAS_PERMS_BY_NAME(NULL, NULL, 'CONNECT ANY DATABASE') AS connect_any_database,
           HAS_PERMS_BY_NAME(NULL, NULL, 'VIEW SERVER STATE') AS view_server_state,
           HAS_PERMS_BY_NAME(NULL, NULL, 'VIEW SERVER PERFORMANCE STATE')
               AS view_server_performance_state,
           HAS_PERMS_BY_NAME(NULL, NULL, 'CONTROL SERVER') AS control_server,
           HAS_PERMS_BY_NAME(NULL, NULL, 'SELECT ALL USER SECURABLES')
               AS select_all_user_securables,
           HAS_PERMS_BY_NAME(DB_NAME(), 'DATABASE', 'SELECT') AS select_here
"""
# In pages of 8 KB. They are known of databases that are offline, restoring or closed, too.
FILES = """
    SELECT f.database_id, f.type_desc, CAST(f.size AS bigint) AS pages, f.max_size, f.growth
      FROM sys.master_files AS f
"""
# What tempdb has grown to; master_files knows what it starts with.
TEMPDB_FILES = """
    SELECT f.type_desc, CAST(f.size AS bigint) AS pages, f.max_size, f.growth
      FROM tempdb.sys.database_files AS f
"""
# Everything that may hold pages: tables, views, system tables and internal tables. What the account
# may not see is missing here, but not among the pages: that is how it shows.
OBJECTS = """
    SELECT o.object_id, s.name AS schema_name, o.name, o.type, o.is_ms_shipped,
           t.is_memory_optimized, i.parent_id, i.internal_type
      FROM sys.objects AS o
      JOIN sys.schemas AS s ON s.schema_id = o.schema_id
      LEFT JOIN sys.tables AS t ON t.object_id = o.object_id
      LEFT JOIN sys.internal_tables AS i ON i.object_id = o.object_id
     WHERE o.type IN ('U', 'V', 'S', 'IT')
"""
PAGES = """
    SELECT p.object_id, p.index_id, i.type AS index_type, COUNT(*) AS partitions,
           SUM(p.reserved_page_count) AS reserved,
           SUM(p.used_page_count) AS used,
           SUM(p.in_row_data_page_count + p.lob_used_page_count + p.row_overflow_used_page_count)
               AS data,
           SUM(p.lob_used_page_count) AS lob,
           SUM(p.row_count) AS row_count
      FROM sys.dm_db_partition_stats AS p
      LEFT JOIN sys.indexes AS i ON i.object_id = p.object_id AND i.index_id = p.index_id
     GROUP BY p.object_id, p.index_id, i.type
"""
MEMORY = """
    SELECT m.object_id, m.memory_used_by_table_kb, m.memory_used_by_indexes_kb,
           m.memory_allocated_for_table_kb, m.memory_allocated_for_indexes_kb
      FROM sys.dm_db_xtp_table_memory_stats AS m
"""
DATABASE_FILES = """
    SELECT f.type_desc, g.type AS filegroup_type, CAST(f.size AS bigint) AS pages, f.max_size,
           f.growth
      FROM sys.database_files AS f
      LEFT JOIN sys.filegroups AS g ON g.data_space_id = f.data_space_id
"""
FREE = """
    SELECT SUM(u.unallocated_extent_page_count) AS pages
      FROM sys.dm_db_file_space_usage AS u
"""
DATABASE_PERMISSIONS = """
    SELECT HAS_PERMS_BY_NAME(DB_NAME(), 'DATABASE', 'VIEW DEFINITION') AS view_definition,
           HAS_PERMS_BY_NAME(DB_NAME(), 'DATABASE', 'VIEW DATABASE STATE') AS view_state,
           HAS_PERMS_BY_NAME(DB_NAME(), 'DATABASE', 'VIEW DATABASE PERFORMANCE STATE')
               AS view_performance_state
"""
STATEMENTS = {
    "HELLO": HELLO,
    "INVENTORY": INVENTORY,
    "REPLICAS": REPLICAS,
    "PERMISSIONS": PERMISSIONS,
    "FILES": FILES,
    "TEMPDB_FILES": TEMPDB_FILES,
    "OBJECTS": OBJECTS,
    "PAGES": PAGES,
    "MEMORY": MEMORY,
    "DATABASE_FILES": DATABASE_FILES,
    "FREE": FREE,
    "DATABASE_PERMISSIONS": DATABASE_PERMISSIONS,
}


def settings(limits: Limits) -> str:
    """What makes a session harmless: it never waits long for a lock, loses every deadlock, and
    leaves no transaction open."""
    milliseconds = max(1, round(limits.lock_seconds * 1000))
    return f"""
        SET LOCK_TIMEOUT {milliseconds:d};
        SET DEADLOCK_PRIORITY LOW;
        SET IMPLICIT_TRANSACTIONS OFF;
    """


def entering(database: str) -> str:
    """The statement that enters a database; its errors say why one cannot."""
    return f"USE {quoted(database)}"


def quoted(name: str) -> str:
    """A name as it stands in a statement."""
    return "[" + name.replace("]", "]]") + "]"
