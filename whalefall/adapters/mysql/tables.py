"""The arithmetic of sizes: rows of information_schema into facts.

A table's logical size is what its engine reports (data and indexes) and its full-text files, which
no row of TABLES counts. Its allocated size is that of its tablespaces: its own or its partitions',
and the full-text ones, found through InnoDB's ids. Neither can be told from the other: deleted rows
keep their space, compressed pages take less than they hold.
"""

import re
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field

from whalefall.adapters.mysql.dialect import Dialect
from whalefall.adapters.mysql.problems import driver_problems
from whalefall.adapters.mysql.wire import Rows
from whalefall.domain.facts import Quality, SkipReason, TableFact, TableKind
from whalefall.domain.sizes import Bytes, Count

# {key} spells a name as InnoDB's views do. One schema at a time: each table of it gets opened.
TABLES = """
    SELECT table_schema, table_type, table_name, {key} AS file_name, engine,
           table_rows AS row_count,             -- an estimate for InnoDB
           data_length AS data_bytes, index_length AS index_bytes, create_options, table_comment
      FROM information_schema.tables
     WHERE table_schema = %s
"""
INNODB_TABLES = """
    SELECT table_id, name, space
      FROM information_schema.{view}
     WHERE name LIKE '%%/%%' AND LEFT(name, CHAR_LENGTH(%s)) = %s
"""
INNODB_SPACES = """
    SELECT space, name, file_size AS file_bytes, allocated_size AS allocated_bytes
      FROM information_schema.{view}
     WHERE name LIKE '%%/%%' AND LEFT(name, CHAR_LENGTH(%s)) = %s
"""
ENCODED = "CAST(CONVERT({column} USING filename) AS BINARY)"
DECODED = "CONVERT(CONVERT(CAST(%s AS BINARY) USING filename) USING utf8mb4)"

_VIEWS = frozenset({"VIEW", "SYSTEM VIEW", "TEMPORARY"})
_TABLE_TYPES = frozenset({"BASE TABLE", "SYSTEM VERSIONED"})
_FILE_ENGINES = frozenset({"MyISAM", "Aria"})  # their lengths are those of their files
_LOCKED = re.compile(r"lock wait|concurrent DDL", re.IGNORECASE)
_PARTITION = re.compile(r"#p#", re.IGNORECASE)
_FULL_TEXT = re.compile(r"FTS_([0-9a-f]{16})_", re.IGNORECASE)
_LARGEST = 2**63 - 1


@dataclass(frozen=True, kw_only=True)
class TableRow:
    """A table as TABLES lists it; `file_name` is its name in InnoDB's spelling."""

    name: str
    file_name: str
    kind: TableKind
    engine: str | None
    row_count: int | None
    data_bytes: int | None
    index_bytes: int | None
    comment: str


@dataclass(frozen=True, kw_only=True)
class Space:
    """A table, partition or full-text index inside InnoDB. `file_bytes` and `allocated_bytes` are
    None where it shares its tablespace (`is_shared`) or the server has not opened the file yet."""

    table_id: int
    schema: str
    name: str  # without partition
    file_bytes: int | None
    allocated_bytes: int | None
    is_shared: bool = False


@dataclass(frozen=True, kw_only=True)
class Spaces:
    """The tablespaces of one schema: by table, and those that no visible table owns."""

    own: dict[str, list[Space]] = field(default_factory=lambda: defaultdict(list))
    full_text: dict[str, list[Space]] = field(default_factory=lambda: defaultdict(list))
    hidden: list[Space] = field(default_factory=list)  # of tables the account cannot see
    temporary: list[Space] = field(default_factory=list)  # of an ALTER TABLE under way


def table_rows(rows: Rows, schema: str) -> list[TableRow]:
    """The tables and sequences of `schema`; views take no space. The server compares schemas
    loosely, so that rows of a namesake in other letters can be among them."""
    return [
        _table_row(table_type, *columns)
        for row_schema, table_type, *columns in rows
        if row_schema == schema and table_type not in _VIEWS
    ]


def innodb_spaces(tables: Rows, spaces: Rows, dialect: Dialect) -> dict[str, list[Space]]:
    """InnoDB's tables with the tablespaces they lie in, by schema in InnoDB's spelling.

    A tablespace that MariaDB has not opened since its start is not listed: its size is unknown.
    """
    listed = {space: (name, *sizes) for space, name, *sizes in spaces}
    found: dict[str, list[Space]] = defaultdict(list)
    for table_id, table_name, space in tables:
        space_name, file_bytes, allocated_bytes = listed.get(space, ("", None, None))
        is_shared = space == 0 or (bool(space_name) and "/" not in space_name)
        name = table_name if dialect.encodes_names or "/" not in space_name else space_name
        schema, _, name = name.partition("/")
        found[schema].append(
            Space(
                table_id=table_id,
                schema=schema,
                # The suffix keeps names like `aux` from meaning a device on Windows.
                name=_PARTITION.split(name)[0].removesuffix("@@@"),
                file_bytes=None if is_shared else _number(file_bytes),
                allocated_bytes=None if is_shared else _number(allocated_bytes),
                is_shared=is_shared,
            )
        )
    return found


def attribute(spaces: Iterable[Space], tables: Iterable[TableRow]) -> Spaces:
    """Say whose each tablespace is."""
    spaces = list(spaces)
    visible = {table.file_name for table in tables}
    names = {space.table_id: space.name for space in spaces}
    found = Spaces()
    for space in spaces:
        full_text = _FULL_TEXT.match(space.name)
        if space.name in visible:
            found.own[space.name].append(space)
        elif full_text:
            owner = names.get(int(full_text[1], 16), "")
            home = found.full_text[owner] if owner in visible else found.temporary
            home.append(space)
        elif space.name.startswith("#"):
            found.temporary.append(space)
        else:
            found.hidden.append(space)
    return found


def table_fact(schema: str, table: TableRow, spaces: Spaces | None) -> TableFact:
    """A table's sizes; `spaces` is None when the account may not read them."""
    own = spaces.own.get(table.file_name, []) if spaces else []
    full_text = spaces.full_text.get(table.file_name, []) if spaces else []
    allocated = _allocated(table, own, full_text)
    if table.data_bytes is None:
        return TableFact(
            schema_name=schema,
            table_name=table.name,
            kind=table.kind,
            size_bytes=None,
            allocated_bytes=allocated,
            quality=Quality.UNAVAILABLE,
            reason=SkipReason.LOCKED if _LOCKED.search(table.comment) else SkipReason.OFFLINE,
        )
    index = (table.index_bytes or 0) + sum(space.file_bytes or 0 for space in full_text)
    quality, reason = _quality(table, allocated, own, spaces)
    return TableFact(
        schema_name=schema,
        table_name=table.name,
        kind=table.kind,
        size_bytes=Bytes(table.data_bytes + index),
        data_bytes=Bytes(table.data_bytes),
        index_bytes=Bytes(index),
        allocated_bytes=allocated,
        row_count=None if table.row_count is None else Count(table.row_count),
        quality=quality,
        reason=reason,
    )


def _allocated(table: TableRow, own: list[Space], full_text: list[Space]) -> Bytes | None:
    if table.engine in _FILE_ENGINES and table.data_bytes is not None:
        return Bytes(table.data_bytes + (table.index_bytes or 0))
    sizes = [space.allocated_bytes for space in (*own, *full_text)]
    known = [size for size in sizes if size is not None]
    return Bytes(sum(known)) if own and len(known) == len(sizes) else None


def _quality(
    table: TableRow, allocated: Bytes | None, own: list[Space], spaces: Spaces | None
) -> tuple[Quality, SkipReason | None]:
    if table.engine in _FILE_ENGINES:
        return Quality.EXACT, None
    if table.engine != "InnoDB" or allocated is not None:
        return Quality.ESTIMATED, None
    if spaces is None:
        return Quality.PARTIAL, SkipReason.PERMISSION
    is_shared = any(space.is_shared for space in own)
    return Quality.PARTIAL, SkipReason.UNSUPPORTED if is_shared else SkipReason.NOT_COLLECTED


def _table_row(
    table_type: str,
    name: str,
    file_name: str | bytes,
    engine: str | None,
    row_count: int | None,
    data_bytes: int | None,
    index_bytes: int | None,
    create_options: str | None,
    comment: str | None,
) -> TableRow:
    return TableRow(
        name=name,
        file_name=text(file_name),
        kind=_kind(table_type, create_options or ""),
        engine=engine,
        row_count=_number(row_count),
        data_bytes=_number(data_bytes),
        index_bytes=_number(index_bytes),
        comment=comment or "",
    )


def _kind(table_type: str, create_options: str) -> TableKind:
    if table_type == "SEQUENCE":
        return TableKind.SEQUENCE
    if table_type not in _TABLE_TYPES:
        return TableKind.OTHER
    partitioned = "partitioned" in create_options.lower().split()
    return TableKind.PARTITIONED_TABLE if partitioned else TableKind.TABLE


def text(name: str | bytes) -> str:
    """A name in InnoDB's spelling. Raises TargetProblem for bytes that no server writes."""
    if isinstance(name, str):
        return name
    with driver_problems():
        return name.decode()


def _number(value: int | None) -> int | None:
    """None also for what engines say when they do not know: the largest unsigned number."""
    return value if value is not None and 0 <= value <= _LARGEST else None
