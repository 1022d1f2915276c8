"""The arithmetic of databases: rows of the server's catalogs into facts."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from whalefall.domain.facts import DatabaseFact, DatabaseSizeFact, Quality, SkipReason
from whalefall.domain.reconciliation import BucketKind, reconcile
from whalefall.domain.sizes import Bytes

PAGE_BYTES = 8192
SYSTEM_IDS = range(1, 5)
SYSTEM_NAMES = frozenset({"distribution", "rdsadmin"})
TEMPDB_ID = 2
RESOURCE_ID = 32767  # holds the engine's own objects, and is listed nowhere
# What max_size says where the file may grow until the disk is full.
UNLIMITED = -1  # a log is then ended by its 2 TB, which max_size says as a number
Row = Mapping[str, Any]


@dataclass(frozen=True, kw_only=True)
class Replicas:
    """The roles of this server's own replicas by their id; empty where they could not be read."""

    roles: Mapping[str, tuple[str, str]]

    @classmethod
    def of(cls, rows: Iterable[Row]) -> "Replicas":
        return cls(
            roles={
                str(row["replica_id"]): (
                    row["role_desc"] or "",
                    row["secondary_role_allow_connections_desc"] or "",
                )
                for row in rows
            }
        )

    def shut(self, replica_id: object, *, reads_only: bool) -> bool:
        """Whether the database is a secondary that lets nobody like us in."""
        role, allows = self.roles.get(str(replica_id), ("", ""))
        if role != "SECONDARY":
            return False
        return allows == "NO" or (allows == "READ_ONLY" and not reads_only)


def database_fact(row: Row, replicas: Replicas, *, reads_only: bool) -> DatabaseFact:
    """A database with the reason why it cannot be entered, if so. ONLINE alone is not enough."""
    reason = None
    if row["state_desc"] != "ONLINE":
        reason = SkipReason.OFFLINE
    elif replicas.shut(row["replica_id"], reads_only=reads_only):
        reason = SkipReason.NOT_CONNECTABLE
    elif not row["has_access"]:
        single = row["user_access_desc"] == "SINGLE_USER"
        reason = SkipReason.NOT_CONNECTABLE if single else SkipReason.PERMISSION
    return DatabaseFact(name=row["name"], is_system=_is_system(row), reason=reason)


def is_snapshot(row: Row) -> bool:
    """Whether it is a view of another database at a moment: it has no size of its own."""
    return row["source_database_id"] is not None


def hidden_ids(databases: Iterable[Row], files: Iterable[Row]) -> list[int]:
    """Databases that have files and are not among those that can be seen."""
    seen = {row["database_id"] for row in databases} | {RESOURCE_ID}
    return sorted({row["database_id"] for row in files} - seen)


def blind_ids(files: Iterable[Row]) -> set[int]:
    """Databases with a container of FILESTREAM: master knows what it holds as 0 pages."""
    return {row["database_id"] for row in files if _is_blind(row)}


def size_facts(
    databases: Sequence[Row], files: Iterable[Row], told: Mapping[int, Sequence[Row]]
) -> list[DatabaseSizeFact]:
    """The allocated files of every database; one without a file to be seen is unknown, not empty.

    `told` are files as the databases themselves tell of them, where master knows too little.
    """
    by_database: defaultdict[int, Sequence[Row]] = defaultdict(list)
    for row in files:
        by_database[row["database_id"]] = [*by_database[row["database_id"]], row]
    by_database.update(told)
    return [
        _size_fact(
            row["name"],
            by_database.get(row["database_id"], []),
            is_told=row["database_id"] in told,
        )
        for row in databases
    ]


def _size_fact(name: str, files: Sequence[Row], *, is_told: bool) -> DatabaseSizeFact:
    if not files:
        return DatabaseSizeFact(
            name=name,
            size_bytes=None,
            quality=Quality.UNAVAILABLE,
            reason=SkipReason.PERMISSION,
        )
    blind = not is_told and any(_is_blind(row) for row in files)
    log = sum(row["pages"] for row in files if row["type_desc"] == "LOG") * PAGE_BYTES
    size = sum(row["pages"] for row in files) * PAGE_BYTES
    ceilings = [_ceiling(row) for row in files if row["type_desc"] in ("ROWS", "LOG")]
    return DatabaseSizeFact(
        name=name,
        size_bytes=Bytes(size),
        data_bytes=Bytes(size - log),
        log_bytes=Bytes(log),
        ceiling_bytes=None if None in ceilings else Bytes(sum(filter(None, ceilings))),
        quality=Quality.PARTIAL if blind else Quality.EXACT,
        reason=SkipReason.NOT_COLLECTED if blind else None,
        reconciliation=reconcile(
            {BucketKind.LOG: log, BucketKind.DATA: size - log},
            database_bytes=size,
            allocated_bytes=size,
        ),
    )


def _is_blind(file: Row) -> bool:
    return file["type_desc"] == "FILESTREAM" and not file["pages"]


def _ceiling(file: Row) -> int | None:
    """How large a file may become, in bytes; None: until the disk is full."""
    if file["growth"] == 0 or 0 <= file["max_size"] <= file["pages"]:
        return int(file["pages"]) * PAGE_BYTES
    return None if file["max_size"] == UNLIMITED else int(file["max_size"]) * PAGE_BYTES


def _is_system(row: Row) -> bool:
    return row["database_id"] in SYSTEM_IDS or row["name"] in SYSTEM_NAMES
