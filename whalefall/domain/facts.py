"""What an adapter saw on a customer's server, with the proof of how completely it saw it."""

from dataclasses import dataclass, field
from enum import StrEnum
from typing import Generic, TypeVar

from whalefall.domain.reconciliation import Reconciliation
from whalefall.domain.sizes import Bytes, Count

Item = TypeVar("Item")


class Quality(StrEnum):
    """How far a number can be trusted. UNAVAILABLE goes with null and a reason, never with 0."""

    EXACT = "EXACT"
    ESTIMATED = "ESTIMATED"
    PARTIAL = "PARTIAL"
    STALE = "STALE"
    UNAVAILABLE = "UNAVAILABLE"


class SkipReason(StrEnum):
    """Why something was not read."""

    PERMISSION = "PERMISSION"
    LOCKED = "LOCKED"
    NOT_CONNECTABLE = "NOT_CONNECTABLE"
    OFFLINE = "OFFLINE"
    DROPPED = "DROPPED"
    TIMEOUT = "TIMEOUT"
    UNSUPPORTED = "UNSUPPORTED"
    EXCLUDED = "EXCLUDED"
    NOT_COLLECTED = "NOT_COLLECTED"


class TableKind(StrEnum):
    TABLE = "TABLE"
    PARTITIONED_TABLE = "PARTITIONED_TABLE"
    MATERIALIZED_VIEW = "MATERIALIZED_VIEW"
    SEQUENCE = "SEQUENCE"
    INDEXED_VIEW = "INDEXED_VIEW"
    MEMORY_OPTIMIZED = "MEMORY_OPTIMIZED"
    CLUSTER = "CLUSTER"
    INDEX_ORGANIZED = "INDEX_ORGANIZED"
    OTHER = "OTHER"


@dataclass(frozen=True, kw_only=True)
class Skipped:
    """An object that exists but was not read, and why."""

    name: str
    reason: SkipReason
    schema_name: str | None = None


@dataclass(frozen=True, kw_only=True)
class Collected(Generic[Item]):
    """What was read. `complete` is the proof that what is not in `items` is not on the server.

    `source` names the views or functions read; `missing_grants` what the account would need
    for the rest, in the engine's own words. `reconciliation` says, of the tables of a database,
    where all of the database's bytes are.
    """

    items: list[Item]
    complete: bool
    source: str
    skipped: list[Skipped] = field(default_factory=list)
    missing_grants: list[str] = field(default_factory=list)
    reconciliation: Reconciliation | None = None


@dataclass(frozen=True, kw_only=True)
class ServerFact:
    """A server that answered. `version` is what people call it ("PostgreSQL 18.6",
    "MariaDB 10.11.19"), `main_version` the release line ("18", "10.11"), `banner` the raw text."""

    product: str
    version: str
    main_version: str
    banner: str
    latency_ms: int


@dataclass(frozen=True, kw_only=True)
class DatabaseFact:
    """A database in the server's inventory. `reason` says why its tables cannot be read, if so."""

    name: str
    is_system: bool = False
    reason: SkipReason | None = None


@dataclass(frozen=True, kw_only=True)
class DatabaseSizeFact:
    """A database's space. `size_bytes` is what the engine calls the database's size (allocated
    files where it says so); null only with quality UNAVAILABLE and a reason. `data_bytes` and
    `log_bytes` are null where the engine does not tell them apart. `used_bytes` is what of it is
    not free; `ceiling_bytes` how large the files may become by their own settings, null where
    nothing but the disk ends them or the engine does not say."""

    name: str
    size_bytes: Bytes | None
    data_bytes: Bytes | None = None
    log_bytes: Bytes | None = None
    used_bytes: Bytes | None = None
    ceiling_bytes: Bytes | None = None
    quality: Quality = Quality.EXACT
    reason: SkipReason | None = None
    reconciliation: Reconciliation | None = None


@dataclass(frozen=True, kw_only=True)
class TableFact:
    """A table's space. `size_bytes` includes data, indexes and LOBs (`lob_bytes` is a part of
    `data_bytes`, not beside it); `allocated_bytes` is what its files take on disk, where the
    engine knows. `row_count` is the optimiser's estimate, null when it has none."""

    schema_name: str
    table_name: str
    kind: TableKind = TableKind.TABLE
    size_bytes: Bytes | None
    data_bytes: Bytes | None = None
    index_bytes: Bytes | None = None
    lob_bytes: Bytes | None = None
    allocated_bytes: Bytes | None = None
    row_count: Count | None = None
    quality: Quality = Quality.EXACT
    reason: SkipReason | None = None
