"""What Microsoft documents of the views that are read: their columns, the type of each, and the
major version that it came with (13 is 2016, 15 is 2019, 16 is 2022; 0: before all of them).

Not all columns of each view stand here: those that are read, and enough of their neighbours that a
name which is wrong in one letter is not found.
"""

from collections.abc import Iterator, Mapping

import sqlglot
from sqlglot import exp
from sqlglot.errors import OptimizeError
from sqlglot.optimizer.qualify import qualify

Columns = Mapping[str, tuple[str, int]]


def _since(version: int, **types: str) -> dict[str, tuple[str, int]]:
    return {name: (type_, version) for name, type_ in types.items()}


_OBJECT = _since(
    0,
    name="nvarchar",
    object_id="int",
    principal_id="int",
    schema_id="int",
    parent_object_id="int",
    type="char",
    type_desc="nvarchar",
    create_date="datetime",
    modify_date="datetime",
    is_ms_shipped="bit",
    is_published="bit",
    is_schema_published="bit",
)
_FILE = _since(
    0,
    file_id="int",
    type="tinyint",
    type_desc="nvarchar",
    data_space_id="int",
    name="nvarchar",
    physical_name="nvarchar",
    state="tinyint",
    state_desc="nvarchar",
    size="int",
    max_size="int",
    growth="int",
    is_percent_growth="bit",
    is_read_only="bit",
    is_sparse="bit",
)
OF_SERVER: Mapping[str, Columns] = {
    "sys.databases": {
        **_since(
            0,
            name="nvarchar",
            database_id="int",
            source_database_id="int",
            owner_sid="varbinary",
            create_date="datetime",
            compatibility_level="tinyint",
            collation_name="nvarchar",
            user_access="tinyint",
            user_access_desc="nvarchar",
            is_read_only="bit",
            state="tinyint",
            state_desc="nvarchar",
            is_in_standby="bit",
            recovery_model_desc="nvarchar",
            replica_id="uniqueidentifier",
            group_database_id="uniqueidentifier",
            containment_desc="nvarchar",
        ),
        **_since(15, is_accelerated_database_recovery_on="bit"),
        **_since(16, is_ledger_on="bit"),
    },
    "sys.master_files": {**_since(0, database_id="int"), **_FILE},
    "sys.availability_replicas": {
        **_since(
            0,
            replica_id="uniqueidentifier",
            group_id="uniqueidentifier",
            replica_server_name="nvarchar",
            endpoint_url="nvarchar",
            availability_mode_desc="nvarchar",
            failover_mode_desc="nvarchar",
            primary_role_allow_connections_desc="nvarchar",
            secondary_role_allow_connections_desc="nvarchar",
            read_only_routing_url="nvarchar",
        ),
        **_since(13, seeding_mode_desc="nvarchar"),
    },
    "sys.dm_hadr_availability_replica_states": _since(
        0,
        replica_id="uniqueidentifier",
        group_id="uniqueidentifier",
        is_local="bit",
        role="tinyint",
        role_desc="nvarchar",
        operational_state_desc="nvarchar",
        connected_state_desc="nvarchar",
        synchronization_health_desc="nvarchar",
    ),
}
OF_DATABASE: Mapping[str, Columns] = {
    "sys.objects": _OBJECT,
    "sys.tables": {
        **_OBJECT,
        **_since(0, lob_data_space_id="int", is_filetable="bit", is_memory_optimized="bit"),
        **_since(13, temporal_type="tinyint", is_external="bit"),
        **_since(14, is_node="bit", is_edge="bit"),
        **_since(16, ledger_type="tinyint"),
    },
    "sys.internal_tables": {
        **_OBJECT,
        **_since(
            0,
            internal_type="tinyint",
            internal_type_desc="nvarchar",
            parent_id="int",
            parent_minor_id="int",
        ),
    },
    "sys.schemas": _since(0, name="nvarchar", schema_id="int", principal_id="int"),
    "sys.indexes": _since(
        0,
        object_id="int",
        name="nvarchar",
        index_id="int",
        type="tinyint",
        type_desc="nvarchar",
        is_unique="bit",
        data_space_id="int",
        is_primary_key="bit",
        fill_factor="tinyint",
        is_disabled="bit",
    ),
    "sys.filegroups": _since(
        0, name="nvarchar", data_space_id="int", type="char", type_desc="nvarchar", is_default="bit"
    ),
    "sys.database_files": _FILE,
    "sys.dm_db_partition_stats": _since(
        0,
        partition_id="bigint",
        object_id="int",
        index_id="int",
        partition_number="int",
        in_row_data_page_count="bigint",
        in_row_used_page_count="bigint",
        in_row_reserved_page_count="bigint",
        lob_used_page_count="bigint",
        lob_reserved_page_count="bigint",
        row_overflow_used_page_count="bigint",
        row_overflow_reserved_page_count="bigint",
        used_page_count="bigint",
        reserved_page_count="bigint",
        row_count="bigint",
    ),
    "sys.dm_db_xtp_table_memory_stats": _since(
        0,
        object_id="int",
        memory_allocated_for_table_kb="bigint",
        memory_used_by_table_kb="bigint",
        memory_allocated_for_indexes_kb="bigint",
        memory_used_by_indexes_kb="bigint",
    ),
    "sys.dm_db_file_space_usage": _since(
        0,
        database_id="smallint",
        file_id="smallint",
        filegroup_id="smallint",
        total_page_count="bigint",
        allocated_extent_page_count="bigint",
        unallocated_extent_page_count="bigint",
        version_store_reserved_page_count="bigint",
        user_object_reserved_page_count="bigint",
        internal_object_reserved_page_count="bigint",
        mixed_extent_page_count="bigint",
    ),
}
VIEWS: Mapping[str, Columns] = {**OF_SERVER, **OF_DATABASE}
SQL_TYPES = {
    "nvarchar": "text",
    "char": "text",
    "int": "integer",
    "tinyint": "integer",
    "smallint": "integer",
    "bigint": "bigint",
    "bit": "boolean",
    "datetime": "timestamp",
    "varbinary": "bytea",
    "uniqueidentifier": "uuid",
}


class UnknownColumn(Exception):
    """A column that the view has not, or did not have in that version."""


def columns_of(view: str, version: int) -> Iterator[tuple[str, str]]:
    """The columns that a view has in a major version, with their types."""
    for name, (type_, since) in VIEWS[view].items():
        if since <= version:
            yield name, type_


def check_columns(statement: str, version: int) -> None:
    """Raises UnknownColumn, also for a view that is not among those above."""
    schema: dict[str, object] = {
        "sys": {view.removeprefix("sys."): dict(columns_of(view, version)) for view in VIEWS}
    }
    tree = sqlglot.parse_one(statement, read="tsql")
    for table in tree.find_all(exp.Table):
        if f"{table.db}.{table.name}" not in VIEWS:
            raise UnknownColumn(f"{table.db}.{table.name}")
        table.set("catalog", None)
    try:
        qualify(tree, schema=schema, dialect="tsql", validate_qualify_columns=True)
    except OptimizeError as error:
        raise UnknownColumn(str(error)) from error
