"""The arithmetic of tablespaces: files, what is free in them, and what the segments are for."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from whalefall.adapters.oracle.wire import Row
from whalefall.domain.facts import DatabaseFact, DatabaseSizeFact, Quality, SkipReason
from whalefall.domain.reconciliation import BucketKind, reconcile
from whalefall.domain.sizes import Bytes

ROOT = "CDB$ROOT"
SYSTEM = frozenset({"SYSTEM", "SYSAUX"})
Key = tuple[int, str]  # container, tablespace

_BUCKETS: Mapping[str, BucketKind] = {
    "INDEX": BucketKind.INDEX,
    "INDEX PARTITION": BucketKind.INDEX,
    "INDEX SUBPARTITION": BucketKind.INDEX,
    "LOBSEGMENT": BucketKind.LOB,
    "LOB PARTITION": BucketKind.LOB,
    "LOB SUBPARTITION": BucketKind.LOB,
    "LOBINDEX": BucketKind.LOB,
    "ROLLBACK": BucketKind.UNDO,
    "DEFERRED ROLLBACK": BucketKind.UNDO,
    "TYPE2 UNDO": BucketKind.UNDO,
    "TEMPORARY": BucketKind.TEMP,
}


@dataclass(frozen=True, kw_only=True)
class Containers:
    """The containers that are read, by their id: the pluggable ones lend their tablespaces' names
    a prefix. Empty where there is but one."""

    names: Mapping[int, str] = field(default_factory=dict)
    shut: tuple[str, ...] = ()

    @classmethod
    def of(cls, rows: Iterable[Row]) -> "Containers":
        """`shut` are those that are not open: nothing of theirs can be read."""
        known = list(rows)
        return cls(
            names={int(row["con_id"]): row["name"] for row in known},
            shut=tuple(
                sorted(row["name"] for row in known if not str(row["open_mode"]).startswith("READ"))
            ),
        )

    def name_of(self, key: Key) -> str:
        """What the ledger calls a tablespace."""
        container = self.names.get(key[0], "")
        return key[1] if container in ("", ROOT) else f"{container}/{key[1]}"


@dataclass(kw_only=True)
class Files:
    """The files of one tablespace together; `is_offline` when one of them cannot be measured."""

    size: int = 0
    header: int = 0
    ceiling: int = 0
    is_offline: bool = False

    def add(self, row: Row) -> None:
        if row["bytes"] is None:
            self.is_offline = True
            return
        size = int(row["bytes"])
        grows = row["autoextensible"] == "YES"
        self.size += size
        self.header += size - int(row["user_bytes"] if row["user_bytes"] is not None else size)
        self.ceiling += max(size, int(row["maxbytes"] or 0)) if grows else size


def database_facts(tablespaces: Iterable[Row], containers: Containers) -> list[DatabaseFact]:
    """Every tablespace; one that is offline says so."""
    return [
        DatabaseFact(
            name=containers.name_of(_key(row)),
            is_system=row["tablespace_name"] in SYSTEM or row["contents"] in ("UNDO", "TEMPORARY"),
            reason=SkipReason.OFFLINE if row["status"] == "OFFLINE" else None,
        )
        for row in tablespaces
    ]


def size_facts(
    tablespaces: Sequence[Row],
    files: Iterable[Row],
    free: Iterable[Row],
    segments: Iterable[Row],
    dropped: Iterable[Row],
    maintained: frozenset[tuple[int, str]],
    containers: Containers,
) -> list[DatabaseSizeFact]:
    """Allocated, used and the ceiling of every tablespace, and what its segments are for.

    What is `dropped` is among the segments, and free: Oracle takes it when it needs room.

    A tablespace with no row among the free extents is full; one without a file to be seen is
    unknown, and so is the size of one with a file that is offline.
    """
    by_key: defaultdict[Key, Files] = defaultdict(Files)
    for row in files:
        by_key[_key(row)].add(row)
    free_bytes = {_key(row): int(row["bytes"] or 0) for row in free}
    parts: defaultdict[Key, Counter[BucketKind]] = defaultdict(Counter)
    for row in segments:
        parts[_key(row)][_bucket(row, maintained)] += int(row["bytes"] or 0)
    for row in dropped:
        parts[_key(row)][_bucket(row, maintained)] -= int(row["bytes"] or 0)
        parts[_key(row)][BucketKind.RECYCLE_BIN] += int(row["bytes"] or 0)
    return [
        _size_fact(
            containers.name_of(_key(row)),
            row,
            by_key.get(_key(row)),
            free_bytes.get(_key(row), 0),
            parts[_key(row)],
        )
        for row in tablespaces
    ]


def _size_fact(
    name: str, row: Row, files: Files | None, free: int, segments: Counter[BucketKind]
) -> DatabaseSizeFact:
    if files is None or files.is_offline:
        offline = files is not None or row["status"] == "OFFLINE"
        return DatabaseSizeFact(
            name=name,
            size_bytes=None,
            quality=Quality.UNAVAILABLE,
            reason=SkipReason.OFFLINE if offline else SkipReason.PERMISSION,
        )
    buckets = Counter(segments)
    if row["contents"] == "TEMPORARY":
        buckets = Counter({BucketKind.TEMP: files.size - files.header - free})
    buckets[BucketKind.FREE] += max(0, free - segments[BucketKind.RECYCLE_BIN])
    buckets[BucketKind.CATALOG] += files.header
    return DatabaseSizeFact(
        name=name,
        size_bytes=Bytes(files.size),
        used_bytes=Bytes(files.size - free),
        ceiling_bytes=Bytes(files.ceiling),
        reconciliation=reconcile(
            buckets,
            objects_bytes=segments.total() or None,
            allocated_bytes=files.size,
            database_bytes=files.size,
        ),
    )


def _bucket(row: Row, maintained: frozenset[tuple[int, str]]) -> BucketKind:
    kind = _BUCKETS.get(row["segment_type"], BucketKind.DATA)
    if kind in (BucketKind.UNDO, BucketKind.TEMP):
        return kind
    return BucketKind.CATALOG if (int(row["con_id"]), row["owner"]) in maintained else kind


def _key(row: Row) -> Key:
    return int(row["con_id"]), row["tablespace_name"]
