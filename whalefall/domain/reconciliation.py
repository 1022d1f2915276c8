"""Where a database's bytes are: three numbers that ought to agree, and what lies between them."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Self

from whalefall.domain.sizes import Bytes


class BucketKind(StrEnum):
    """What a part of a database's space is for. UNATTRIBUTED is what nothing else explains."""

    DATA = "DATA"  # rows of tables; with their LOBs where the engine does not tell them apart
    LOB = "LOB"
    INDEX = "INDEX"
    FULL_TEXT = "FULL_TEXT"
    MEMORY_OPTIMIZED = "MEMORY_OPTIMIZED"  # checkpoint files of tables that live in memory
    CATALOG = "CATALOG"
    TEMP = "TEMP"
    LOG = "LOG"
    UNDO = "UNDO"
    RECYCLE_BIN = "RECYCLE_BIN"
    SHARED = "SHARED"  # of objects whose space lies in files of several databases
    FREE = "FREE"
    UNATTRIBUTED = "UNATTRIBUTED"


@dataclass(frozen=True, kw_only=True)
class Reconciliation:
    """`objects_bytes` is the sum of the objects that were read, `database_bytes` what the engine
    calls the database's size, `allocated_bytes` what its files take; null: not told or not read.

    `buckets` add up to `whole_bytes`: the files, else the engine's size, else the objects. Made by
    `reconcile`, which puts the rest under UNATTRIBUTED; that is negative where the parts, read one
    after the other on a living server, came to more than the whole.
    """

    objects_bytes: Bytes | None
    database_bytes: Bytes | None
    allocated_bytes: Bytes | None
    buckets: Mapping[BucketKind, Bytes]

    @property
    def whole_bytes(self) -> Bytes:
        return Bytes(sum(self.buckets.values()))

    @property
    def unattributed_bytes(self) -> Bytes:
        return self.buckets.get(BucketKind.UNATTRIBUTED, Bytes(0))

    def to_json(self) -> dict[str, Any]:
        """As it is stored; `of_json` reads it."""
        return {
            "objects": self.objects_bytes,
            "database": self.database_bytes,
            "allocated": self.allocated_bytes,
            "buckets": {kind.value: size for kind, size in self.buckets.items()},
        }

    @classmethod
    def of_json(cls, stored: Mapping[str, Any]) -> Self:
        """The buckets in the order of BucketKind."""
        sizes = stored["buckets"]
        return cls(
            objects_bytes=stored["objects"],
            database_bytes=stored["database"],
            allocated_bytes=stored["allocated"],
            buckets={kind: sizes[kind] for kind in BucketKind if kind in sizes},
        )


def reconcile(
    buckets: Mapping[BucketKind, int],
    *,
    objects_bytes: int | None = None,
    database_bytes: int | None = None,
    allocated_bytes: int | None = None,
    whole_bytes: int | None = None,
) -> Reconciliation | None:
    """Buckets without what is empty, and with the rest; None where no whole is known.

    `whole_bytes` is given where it is none of the three: where a part lies in others' files.
    """
    wholes = (whole_bytes, allocated_bytes, database_bytes, objects_bytes)
    known = [size for size in wholes if size is not None]
    if not known:
        return None
    parts = {kind: Bytes(size) for kind, size in buckets.items() if size}
    rest = known[0] - sum(parts.values())
    if rest:
        parts[BucketKind.UNATTRIBUTED] = Bytes(rest)
    return Reconciliation(
        objects_bytes=_bytes(objects_bytes),
        database_bytes=_bytes(database_bytes),
        allocated_bytes=_bytes(allocated_bytes),
        buckets=parts,
    )


def _bytes(size: int | None) -> Bytes | None:
    return None if size is None else Bytes(size)
