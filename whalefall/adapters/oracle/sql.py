"""The statements an Oracle database is asked, over one of three families of views.

DBA_ views show all of one container, CDB_ views all containers, with CON_ID; USER_ views show what
the account owns, which is a part and is said to be one. There is no ALL_SEGMENTS. Every family has
the same statements: {con} is the container's id, {owner} the owner's name in it.
"""

from dataclasses import dataclass

CONTEXT = """
    SELECT SYS_CONTEXT('USERENV', 'CON_NAME') AS con_name,
           SYS_CONTEXT('USERENV', 'CURRENT_USER') AS username
      FROM dual
"""
CONTAINERS = """
    SELECT c.con_id, c.name, c.open_mode
      FROM v$containers c
"""
TABLESPACES = """
    SELECT {con} AS con_id, t.tablespace_name, t.contents, t.status
      FROM {family}_tablespaces t
"""
# Per file, as one tablespace may have files that grow beside files that do not. BYTES is null for
# a file that is offline; USER_BYTES is less its header.
DATA_FILES = """
    SELECT {con} AS con_id, t.tablespace_name, t.bytes, t.user_bytes, t.maxbytes,
           t.autoextensible
      FROM {family}_data_files t
"""
TEMP_FILES = """
    SELECT {con} AS con_id, t.tablespace_name, t.bytes, t.user_bytes, t.maxbytes,
           t.autoextensible
      FROM {family}_temp_files t
"""
# A tablespace without a free extent has no row here: it is full. What was dropped into the recycle
# bin counts as free, as Oracle takes it when it needs room; it is among the segments all the same.
FREE = """
    SELECT {con} AS con_id, t.tablespace_name, SUM(t.bytes) AS bytes
      FROM {family}_free_space t
     GROUP BY {group}t.tablespace_name
"""
# A local temporary tablespace has a row for every instance of the cluster, and files at each.
TEMP_FREE = """
    SELECT {con} AS con_id, t.tablespace_name, SUM(t.free_space) AS bytes
      FROM {family}_temp_free_space t
     GROUP BY {group}t.tablespace_name
"""
# Of all tablespaces, by what the segments are for.
SEGMENT_TOTALS = """
    SELECT {con} AS con_id, t.tablespace_name, t.segment_type, {owner} AS owner,
           SUM(t.bytes) AS bytes
      FROM {family}_segments t
     GROUP BY {group}t.tablespace_name, t.segment_type, {owner}
"""
# What of that lies in the recycle bin. In a statement of its own: who may not read the bin is told
# the rest.
DROPPED_TOTALS = """
    SELECT {con} AS con_id, t.tablespace_name, t.segment_type, {owner} AS owner,
           SUM(t.bytes) AS bytes
      FROM {family}_segments t
     WHERE EXISTS (SELECT 1 FROM {family}_recyclebin b
                    WHERE {same}b.object_name = t.segment_name)
     GROUP BY {group}t.tablespace_name, t.segment_type, {owner}
"""
SEGMENTS = """
    SELECT {con} AS con_id, {owner} AS owner, t.segment_name, t.segment_type, t.tablespace_name,
           SUM(t.bytes) AS bytes
      FROM {family}_segments t
     WHERE t.tablespace_name = :tablespace AND {con} = :con_id
     GROUP BY {group}{owner}, t.segment_name, t.segment_type, t.tablespace_name
"""
TABLES = """
    SELECT {owner} AS owner, t.table_name, t.tablespace_name, t.num_rows, t.iot_type, t.iot_name,
           t.partitioned, t.nested, t.segment_created, t.temporary
      FROM {family}_tables t
     WHERE {con} = :con_id
"""
INDEXES = """
    SELECT {owner} AS owner, t.index_name, t.table_owner, t.table_name, t.index_type
      FROM {family}_indexes t
     WHERE {con} = :con_id
"""
LOBS = """
    SELECT {owner} AS owner, t.table_name, t.segment_name, t.index_name
      FROM {family}_lobs t
     WHERE {con} = :con_id
"""
NESTED_TABLES = """
    SELECT {owner} AS owner, t.table_name, t.parent_table_name
      FROM {family}_nested_tables t
     WHERE {con} = :con_id
"""
MVIEWS = """
    SELECT {owner} AS owner, t.container_name
      FROM {family}_mviews t
     WHERE {con} = :con_id
"""
RECYCLE_BIN = """
    SELECT {owner} AS owner, t.object_name
      FROM {family}_recyclebin t
     WHERE {con} = :con_id
"""
USERS = """
    SELECT {con} AS con_id, t.username
      FROM {family}_users t
     WHERE t.oracle_maintained = 'Y'
"""
PRIVILEGES = """
    SELECT t.privilege
      FROM session_privs t
"""
ROLES = """
    SELECT t.role
      FROM session_roles t
"""
# What a reading needs, by the name without its family.
OF_SIZES = {
    "tablespaces": TABLESPACES,
    "data_files": DATA_FILES,
    "temp_files": TEMP_FILES,
    "free_space": FREE,
    "temp_free_space": TEMP_FREE,
    "segments": SEGMENT_TOTALS,
    "recyclebin": DROPPED_TOTALS,
    "users": USERS,
}
OF_TABLES = {
    "segments": SEGMENTS,
    "tables": TABLES,
    "indexes": INDEXES,
    "lobs": LOBS,
    "nested_tables": NESTED_TABLES,
    "mviews": MVIEWS,
    "recyclebin": RECYCLE_BIN,
    "users": USERS,
}
PLAIN = {
    "CONTEXT": CONTEXT,
    "CONTAINERS": CONTAINERS,
    "PRIVILEGES": PRIVILEGES,
    "ROLES": ROLES,
}
# USER_ views exist of these only; of files nobody but an administrator is told.
OF_USER = frozenset({"tablespaces", "free_space", *OF_TABLES} - {"users"})


@dataclass(frozen=True, kw_only=True)
class Family:
    """One family of views; `same` says that `b` and `t` are of one owner and container."""

    name: str
    con: str
    owner: str
    same: str

    def says(self, statement: str) -> str:
        """The statement over this family. Names of ours, never of others."""
        owner = "t.username" if "_users t" in statement else self.owner
        group = f"{self.con}, " if self.con.startswith("t.") else ""  # a constant groups nothing
        return statement.format(
            family=self.name, con=self.con, group=group, owner=owner, same=self.same
        )


DBA = Family(name="dba", con="0", owner="t.owner", same="b.owner = t.owner AND ")
CDB = Family(
    name="cdb",
    con="t.con_id",
    owner="t.owner",
    same="b.con_id = t.con_id AND b.owner = t.owner AND ",
)
USER = Family(name="user", con="0", owner="USER", same="")
FAMILIES = (CDB, DBA, USER)
