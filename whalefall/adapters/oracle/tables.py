"""The arithmetic of tables: each segment of a tablespace to the table whose bytes it holds.

A table is many segments: its heap (or, index-organized, the index that is the table, and what flows
over), LOBs with their indexes, indexes, nested tables, partitions of each. They are found through
the catalog's views, never by their names, and added up one by one: joined, they would multiply.
Parts in other tablespaces are listed there.
"""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from whalefall.adapters.oracle.wire import Row
from whalefall.domain.facts import TableFact, TableKind
from whalefall.domain.reconciliation import BucketKind, Reconciliation, reconcile
from whalefall.domain.sizes import Bytes, Count

Name = tuple[str, str]  # owner, object
_HEAP = frozenset({"TABLE", "TABLE PARTITION", "TABLE SUBPARTITION", "NESTED TABLE"})
_LOB = frozenset({"LOBSEGMENT", "LOB PARTITION", "LOB SUBPARTITION", "LOBINDEX"})
_INDEX = frozenset({"INDEX", "INDEX PARTITION", "INDEX SUBPARTITION"})
_UNDO = frozenset({"ROLLBACK", "DEFERRED ROLLBACK", "TYPE2 UNDO"})


@dataclass(kw_only=True)
class Space:
    """What one table takes in one tablespace, in bytes."""

    data: int = 0
    lob: int = 0
    index: int = 0


@dataclass(kw_only=True)
class Catalog:
    """What belongs to what, from the views of one container."""

    tables: Mapping[Name, Row]
    overflows: Mapping[Name, Name]  # overflow segment -> index-organized table
    nested: Mapping[Name, Name]  # nested table -> the table that it is a column of
    lobs: Mapping[Name, Name]  # LOB segment or its index -> table
    indexes: Mapping[Name, tuple[Name, bool]]  # index -> table, and whether it is the table itself
    views: frozenset[Name]  # tables that hold a materialized view
    dropped: frozenset[Name]
    maintained: frozenset[str]

    @classmethod
    def of(cls, rows: Mapping[str, Sequence[Row]]) -> "Catalog":
        tables = {(row["owner"], row["table_name"]): row for row in rows["tables"]}
        overflows = {
            name: (name[0], row["iot_name"])
            for name, row in tables.items()
            if row["iot_type"] == "IOT_OVERFLOW" and row["iot_name"]
        }
        lobs: dict[Name, Name] = {}
        for row in rows["lobs"]:
            table = (row["owner"], row["table_name"])
            for part in (row["segment_name"], row["index_name"]):
                lobs[row["owner"], part] = table
        return cls(
            tables=tables,
            overflows=overflows,
            nested={
                (row["owner"], row["table_name"]): (row["owner"], row["parent_table_name"])
                for row in rows["nested_tables"]
            },
            lobs=lobs,
            indexes={
                (row["owner"], row["index_name"]): (
                    (row["table_owner"], row["table_name"]),
                    row["index_type"] == "IOT - TOP",
                )
                for row in rows["indexes"]
            },
            views=frozenset((row["owner"], row["container_name"]) for row in rows["mviews"]),
            dropped=frozenset((row["owner"], row["object_name"]) for row in rows["recyclebin"]),
            maintained=frozenset(row["username"] for row in rows["users"]),
        )

    def top(self, name: Name) -> Name:
        """The table that a nested table or an overflow is shown with."""
        for _ in range(len(self.nested) + len(self.overflows) + 1):
            above = self.nested.get(name) or self.overflows.get(name)
            if above is None:
                return name
            name = above
        return name


@dataclass(kw_only=True)
class Reading:
    """The segments of one tablespace, attributed."""

    tablespace: str
    catalog: Catalog
    spaces: dict[Name, Space] = field(default_factory=dict)
    clusters: Counter[Name] = field(default_factory=Counter)
    others: Counter[BucketKind] = field(default_factory=Counter)
    unknown: list[Name] = field(default_factory=list)

    def add(self, segments: Iterable[Row]) -> None:
        for row in segments:
            self._add((row["owner"], row["segment_name"]), row["segment_type"], int(row["bytes"]))

    def facts(self) -> list[TableFact]:
        """Tables with a part here, or that would begin here, the largest first."""
        for name, row in self.catalog.tables.items():
            if self._is_deferred(name, row):
                self.spaces.setdefault(name, Space())
        facts = [self._fact(name, space) for name, space in self.spaces.items()]
        facts += [_cluster(name, size) for name, size in self.clusters.items()]
        return sorted(facts, key=lambda fact: (-(fact.size_bytes or 0), fact.table_name))

    def missing(self) -> list[Name]:
        """Tables that are said to have a segment here of which there is none: the segments were
        not all told, or the table was made since."""
        return sorted(
            name
            for name, row in self.catalog.tables.items()
            if row["segment_created"] == "YES"
            and row["tablespace_name"] == self.tablespace
            and row["temporary"] != "Y"
            and self.catalog.top(name) not in self.spaces
            and name[0] not in self.catalog.maintained
            and name not in self.catalog.dropped
        )

    def _add(self, name: Name, kind: str, size: int) -> None:
        catalog = self.catalog
        if name in catalog.dropped:
            self.others[BucketKind.RECYCLE_BIN] += size
        elif kind in _UNDO or kind == "TEMPORARY":
            self.others[BucketKind.UNDO if kind in _UNDO else BucketKind.TEMP] += size
        elif name[0] in catalog.maintained:
            self.others[BucketKind.CATALOG] += size
        elif kind == "CLUSTER":
            self.clusters[name] += size
        elif name in catalog.lobs and kind in _LOB | _INDEX:
            self._of(catalog.lobs[name]).lob += size
        elif kind in _INDEX and name in catalog.indexes:
            table, is_table = catalog.indexes[name]
            space = self._of(table)
            space.data += size if is_table else 0
            space.index += 0 if is_table else size
        elif kind in _HEAP and name in catalog.tables:
            self._of(name).data += size
        else:
            self.unknown.append(name)

    def _of(self, table: Name) -> Space:
        return self.spaces.setdefault(self.catalog.top(table), Space())

    def _is_deferred(self, name: Name, row: Row) -> bool:
        """A table that has no segment yet: it takes nothing, exactly, and would begin here."""
        return (
            row["segment_created"] == "NO"
            and row["tablespace_name"] == self.tablespace
            and row["temporary"] != "Y"
            and name == self.catalog.top(name)
            and name[0] not in self.catalog.maintained
            and name not in self.catalog.dropped
        )

    def _fact(self, name: Name, space: Space) -> TableFact:
        row = self.catalog.tables.get(name)
        rows = row["num_rows"] if row is not None else None
        return TableFact(
            schema_name=name[0],
            table_name=name[1],
            kind=self._kind(name, row),
            size_bytes=Bytes(space.data + space.lob + space.index),
            data_bytes=Bytes(space.data + space.lob),
            index_bytes=Bytes(space.index),
            lob_bytes=Bytes(space.lob),
            allocated_bytes=Bytes(space.data + space.lob + space.index),
            row_count=None if rows is None else Count(int(rows)),
        )

    def _kind(self, name: Name, row: Row | None) -> TableKind:
        if row is None:
            return TableKind.OTHER
        if name in self.catalog.views:
            return TableKind.MATERIALIZED_VIEW
        if row["iot_type"] == "IOT":
            return TableKind.INDEX_ORGANIZED
        is_parted = row["partitioned"] == "YES"
        return TableKind.PARTITIONED_TABLE if is_parted else TableKind.TABLE


def reconciled(
    reading: Reading, facts: Sequence[TableFact], files: int | None, header: int, free: int
) -> Reconciliation | None:
    """Where all bytes of the tablespace's files are; where files cannot be seen, its segments.

    `free` counts what is in the recycle bin, too.
    """
    spaces = reading.spaces.values()
    buckets = Counter(reading.others)
    buckets[BucketKind.DATA] += sum(one.data for one in spaces) + reading.clusters.total()
    buckets[BucketKind.LOB] += sum(one.lob for one in spaces)
    buckets[BucketKind.INDEX] += sum(one.index for one in spaces)
    buckets[BucketKind.CATALOG] += header
    buckets[BucketKind.FREE] += max(0, free - reading.others[BucketKind.RECYCLE_BIN])
    return reconcile(
        buckets,
        objects_bytes=sum(fact.size_bytes or 0 for fact in facts),
        database_bytes=files,
        allocated_bytes=files,
    )


def _cluster(name: Name, size: int) -> TableFact:
    """The tables of a cluster share its blocks: nobody can say whose they are."""
    return TableFact(
        schema_name=name[0],
        table_name=name[1],
        kind=TableKind.CLUSTER,
        size_bytes=Bytes(size),
        data_bytes=Bytes(size),
        allocated_bytes=Bytes(size),
    )
