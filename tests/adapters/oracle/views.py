"""What Oracle documents of the views that are read (Database Reference, 19c): their columns, the
type of each, and the release that it came with (0: before 12.2). CDB_ views have CON_ID beside
them; USER_ views lack OWNER, and where a segment's header lies. Not all columns stand here: those
that are read, and enough of their neighbours that a name which is wrong in one letter is not found.
"""

from collections.abc import Iterator, Mapping

import sqlglot
from sqlglot import exp
from sqlglot.errors import OptimizeError
from sqlglot.optimizer.qualify import qualify

Columns = Mapping[str, tuple[str, int]]


def _since(release: int, texts: str, numbers: str = "") -> dict[str, tuple[str, int]]:
    named = dict.fromkeys(texts.split(), ("text", release))
    return named | dict.fromkeys(numbers.split(), ("numeric", release))


FAMILY: Mapping[str, Columns] = {
    "tablespaces": _since(
        0,
        "tablespace_name status contents logging extent_management allocation_type bigfile"
        " segment_space_management encrypted",
        "block_size initial_extent next_extent min_extents max_extents",
    ),
    "data_files": _since(
        0,
        "file_name tablespace_name status autoextensible online_status",
        "file_id bytes blocks relative_fno maxbytes maxblocks increment_by user_bytes user_blocks",
    ),
    "temp_files": _since(
        0,
        "file_name tablespace_name status autoextensible shared",
        "file_id bytes blocks relative_fno maxbytes maxblocks increment_by user_bytes user_blocks"
        " inst_id",
    ),
    "free_space": _since(0, "tablespace_name", "file_id block_id bytes blocks relative_fno"),
    "temp_free_space": _since(
        0, "tablespace_name shared", "tablespace_size allocated_space free_space inst_id"
    ),
    "segments": _since(
        0,
        "owner segment_name partition_name segment_type segment_subtype tablespace_name",
        "header_file header_block bytes blocks extents",
    ),
    "tables": _since(
        0,
        "owner table_name tablespace_name cluster_name iot_name status partitioned iot_type"
        " temporary secondary nested segment_created dropped",
        "num_rows blocks avg_row_len",
    ),
    "indexes": _since(
        0,
        "owner index_name index_type table_owner table_name table_type uniqueness"
        " tablespace_name partitioned",
        "num_rows leaf_blocks",
    ),
    "lobs": _since(
        0,
        "owner table_name column_name segment_name tablespace_name index_name partitioned"
        " securefile",
        "chunk",
    ),
    "nested_tables": _since(
        0, "owner table_name table_type_owner table_type_name parent_table_name parent_table_column"
    ),
    "mviews": _since(0, "owner mview_name container_name refresh_mode refresh_method staleness"),
    "recyclebin": _since(
        0, "owner object_name original_name operation type ts_name can_undrop", "space related"
    ),
    "users": _since(0, "username account_status common oracle_maintained", "user_id"),
}
PLAIN: Mapping[str, Columns] = {
    "v$containers": _since(0, "name open_mode restricted", "con_id dbid total_size"),
    "session_privs": _since(0, "privilege"),
    "session_roles": _since(0, "role"),
    "dual": _since(0, "dummy"),
}
OF_OWNERS = frozenset({"owner", "header_file", "header_block"})
OF_USER = frozenset(FAMILY) - {"data_files", "temp_files", "temp_free_space"}


class UnknownColumn(Exception):
    """A column that the view has not, or did not have in that release."""


def columns_of(view: str, release: int) -> Iterator[tuple[str, str]]:
    """The columns of a view of any family in a release, with their types. Raises UnknownColumn for
    a view that there is not."""
    family, _, name = view.partition("_")
    if view in PLAIN:
        columns: Columns = PLAIN[view]
    elif family in ("dba", "cdb", "user") and name in FAMILY:
        if family == "user" and name not in OF_USER:
            raise UnknownColumn(view)
        columns = FAMILY[name]
    else:
        raise UnknownColumn(view)
    for column, (type_, since) in columns.items():
        if since <= release and not (family == "user" and column in OF_OWNERS):
            yield column, type_
    if family == "cdb":
        yield "con_id", "numeric"


def check_columns(statement: str, release: int) -> None:
    """Raises UnknownColumn, also for a view that is not among those above."""
    tree = sqlglot.parse_one(statement, read="oracle")
    schema: dict[str, object] = {
        table.name: dict(columns_of(table.name.lower(), release))
        for table in tree.find_all(exp.Table)
    }
    for column in list(tree.find_all(exp.Column)):
        if column.name.upper() == "USER" and not column.table:
            column.replace(exp.Literal.string("USER"))  # a function without brackets
    try:
        qualify(tree, schema=schema, dialect="oracle", validate_qualify_columns=True)
    except OptimizeError as error:
        raise UnknownColumn(str(error)) from error
