"""The arithmetic of tables, as sp_spaceused does it: pages into facts and into buckets.

Of a table, data is what index 0 or 1 (the heap or the clustered index) holds, LOBs and overflow
included; index is all other pages in use, with those of the internal tables that hang on it. Rows
are those of index 0 or 1: the others count them again. What is reserved and not used is free.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from whalefall.adapters.sqlserver.databases import PAGE_BYTES, Row
from whalefall.domain.facts import Quality, SkipReason, TableFact, TableKind
from whalefall.domain.reconciliation import BucketKind, Reconciliation, reconcile
from whalefall.domain.sizes import Bytes, Count

KILOBYTE = 1024
BASE = (0, 1)  # the indexes that hold the rows
CLUSTERED_COLUMNSTORE = 5  # all of its pages are counted as LOB
FULL_TEXT = frozenset({204, 211, 212, 213, 214, 215, 216})
# Internal tables whose pages belong to their parent: XML and spatial indexes, semantic search.
ATTACHED = FULL_TEXT | {202, 207, 221, 222, 236}


@dataclass(frozen=True, kw_only=True)
class Part:
    """Pages of one index of one object, over all its partitions."""

    is_base: bool
    partitions: int
    reserved: int
    used: int
    data: int
    lob: int
    rows: int

    @classmethod
    def of(cls, row: Row) -> "Part":
        is_columnstore = row["index_type"] == CLUSTERED_COLUMNSTORE
        return cls(
            is_base=row["index_id"] in BASE,
            partitions=int(row["partitions"]),
            reserved=int(row["reserved"]),
            used=int(row["used"]),
            data=int(row["data"]),
            lob=0 if is_columnstore else int(row["lob"]),
            rows=int(row["row_count"]),
        )


@dataclass(kw_only=True)
class Space:
    """What one table or view takes, in pages; `full_text` is a part of what is not data."""

    partitions: int = 0
    reserved: int = 0
    used: int = 0
    data: int = 0
    lob: int = 0
    rows: int = 0
    full_text: int = 0

    def add(self, parts: Iterable[Part]) -> None:
        for part in parts:
            self.reserved += part.reserved
            self.used += part.used
            if part.is_base:
                self.partitions = max(self.partitions, part.partitions)
                self.data += part.data
                self.lob += part.lob
                self.rows += part.rows

    def attach(self, parts: Iterable[Part], internal_type: int) -> None:
        """Pages of an internal table that hangs on this one."""
        for part in parts:
            self.reserved += part.reserved
            self.used += part.used
            self.full_text += part.used if internal_type in FULL_TEXT else 0


@dataclass(kw_only=True)
class Reading:
    """Everything of one database: objects that may hold pages, pages by object, memory by table."""

    objects: Mapping[int, Row]
    parts: Mapping[int, list[Part]]
    memory: Mapping[int, Row] | None  # None: it could not be read
    spaces: dict[int, Space] = field(default_factory=dict)

    @classmethod
    def of(
        cls, objects: Sequence[Row], pages: Iterable[Row], memory: Sequence[Row] | None
    ) -> "Reading":
        parts: defaultdict[int, list[Part]] = defaultdict(list)
        for row in pages:
            parts[row["object_id"]].append(Part.of(row))
        reading = cls(
            objects={row["object_id"]: row for row in objects},
            parts=parts,
            memory=None if memory is None else {row["object_id"]: row for row in memory},
        )
        reading._attribute()
        return reading

    @property
    def hidden(self) -> list[int]:
        """Objects that have pages, but that the account may not see."""
        return sorted(self.parts.keys() - self.objects.keys())

    @property
    def is_unlikely(self) -> bool:
        """Whether no object is there for any of the pages: tables that were dropped between both
        statements leave the engine's own behind."""
        return bool(self.parts) and not self.parts.keys() & self.objects.keys()

    def facts(self) -> list[TableFact]:
        """Tables and indexed views, the largest first."""
        made = [self._fact(object_id, row) for object_id, row in self.objects.items()]
        facts = [fact for fact in made if fact is not None]
        return sorted(facts, key=lambda fact: (-(fact.size_bytes or 0), fact.table_name))

    def catalog_pages(self) -> int:
        """Pages of the engine's own objects."""
        return sum(
            part.reserved
            for object_id, parts in self.parts.items()
            if object_id in self.objects and self._owner(object_id) is None
            for part in parts
        )

    def _attribute(self) -> None:
        for object_id in self.objects:
            owner = self._owner(object_id)
            if owner is None:
                continue
            space = self.spaces.setdefault(owner, Space())
            if owner == object_id:
                space.add(self.parts.get(object_id, []))
            else:
                kind = self.objects[object_id]["internal_type"]
                space.attach(self.parts.get(object_id, []), kind)

    def _owner(self, object_id: int) -> int | None:
        """The user's table or view that an object's pages are shown with; None: the engine's."""
        row = self.objects[object_id]
        kind = row["type"].rstrip()
        if kind in ("U", "V"):
            return None if row["is_ms_shipped"] else object_id
        parent = row["parent_id"]
        attached = kind == "IT" and row["internal_type"] in ATTACHED and parent in self.objects
        return parent if attached and self._owner(parent) == parent else None

    def _fact(self, object_id: int, row: Row) -> TableFact | None:
        if self._owner(object_id) != object_id:
            return None
        is_view = row["type"].rstrip() == "V"
        if row["is_memory_optimized"]:
            return self._memory_fact(object_id, row)
        if is_view and object_id not in self.parts:
            return None  # a view without an index takes no space
        space = self.spaces[object_id]
        kind = TableKind.PARTITIONED_TABLE if space.partitions > 1 else TableKind.TABLE
        return TableFact(
            schema_name=row["schema_name"],
            table_name=row["name"],
            kind=TableKind.INDEXED_VIEW if is_view else kind,
            size_bytes=Bytes(space.used * PAGE_BYTES),
            data_bytes=Bytes(space.data * PAGE_BYTES),
            index_bytes=Bytes((space.used - space.data) * PAGE_BYTES),
            lob_bytes=Bytes(space.lob * PAGE_BYTES),
            allocated_bytes=Bytes(space.reserved * PAGE_BYTES),
            row_count=Count(space.rows),
        )

    def _memory_fact(self, object_id: int, row: Row) -> TableFact:
        """What it takes of memory: on disk such tables are together in checkpoint files."""
        known = None if self.memory is None else self.memory.get(object_id)
        if known is None:
            return TableFact(
                schema_name=row["schema_name"],
                table_name=row["name"],
                kind=TableKind.MEMORY_OPTIMIZED,
                size_bytes=None,
                quality=Quality.UNAVAILABLE,
                reason=SkipReason.PERMISSION if self.memory is None else SkipReason.DROPPED,
            )
        data = int(known["memory_used_by_table_kb"] or 0) * KILOBYTE
        index = int(known["memory_used_by_indexes_kb"] or 0) * KILOBYTE
        allocated = (known["memory_allocated_for_table_kb"] or 0) + (
            known["memory_allocated_for_indexes_kb"] or 0
        )
        return TableFact(
            schema_name=row["schema_name"],
            table_name=row["name"],
            kind=TableKind.MEMORY_OPTIMIZED,
            size_bytes=Bytes(data + index),
            data_bytes=Bytes(data),
            index_bytes=Bytes(index),
            allocated_bytes=Bytes(int(allocated) * KILOBYTE),
            quality=Quality.ESTIMATED,
        )


def reconciled(
    reading: Reading, facts: Sequence[TableFact], files: Iterable[Row], free_pages: int | None
) -> Reconciliation | None:
    """Where all pages of the database's files are; what lives in memory is no part of them."""
    pages: Counter[str] = Counter()
    for row in files:
        in_memory = row["type_desc"] == "FILESTREAM" and row["filegroup_type"] == "FX"
        pages["MEMORY" if in_memory else row["type_desc"]] += int(row["pages"])
    spaces = reading.spaces.values()
    buckets = {
        BucketKind.DATA: sum(space.data - space.lob for space in spaces),
        BucketKind.LOB: sum(space.lob for space in spaces) + pages["FILESTREAM"],
        BucketKind.INDEX: sum(space.used - space.data - space.full_text for space in spaces),
        BucketKind.FULL_TEXT: sum(space.full_text for space in spaces) + pages["FULLTEXT"],
        BucketKind.MEMORY_OPTIMIZED: pages["MEMORY"],
        BucketKind.CATALOG: reading.catalog_pages(),
        BucketKind.LOG: pages["LOG"],
        BucketKind.FREE: (free_pages or 0) + sum(space.reserved - space.used for space in spaces),
    }
    size = pages.total() * PAGE_BYTES
    on_disk = [fact for fact in facts if fact.kind is not TableKind.MEMORY_OPTIMIZED]
    return reconcile(
        {kind: count * PAGE_BYTES for kind, count in buckets.items()},
        objects_bytes=sum(fact.size_bytes or 0 for fact in on_disk),
        database_bytes=size or None,
        allocated_bytes=size or None,
    )
