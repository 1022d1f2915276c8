"""Where the bytes of a database are."""

from collections.abc import Mapping
from typing import Any

import strawberry

from whalefall.domain.reconciliation import BucketKind, Reconciliation
from whalefall.domain.sizes import Bytes
from whalefall.schema.cost import Size, priced


@strawberry.type(description="A part of a database's space.")
class SizeBucket:
    kind: BucketKind = strawberry.field(description="What it is for.")
    bytes: Bytes = strawberry.field(
        description="Its bytes; negative only where UNATTRIBUTED makes up for parts that, read one"
        " after the other, came to more than the whole."
    )


@strawberry.type(
    description="Three sizes that ought to agree, and the parts that explain the difference."
)
class SizeReconciliation:
    objects_bytes: Bytes | None = strawberry.field(
        description="The sum of the objects that were read, in bytes; null: none were."
    )
    database_bytes: Bytes | None = strawberry.field(
        description="What the engine calls the database's size, in bytes; null: it does not say."
    )
    allocated_bytes: Bytes | None = strawberry.field(
        description="What the database's files take, in bytes; null: unknown."
    )
    whole_bytes: Bytes = strawberry.field(description="What the buckets add up to, in bytes.")
    unattributed_bytes: Bytes = strawberry.field(
        description="What nothing explains, in bytes: the bucket UNATTRIBUTED, or 0 without it."
    )
    buckets: list[SizeBucket] = strawberry.field(
        description="The parts that are not empty, in the order of BucketKind.",
        metadata=priced(1, Size((), lambda: len(BucketKind))),
    )

    @classmethod
    def of(cls, stored: Mapping[str, Any] | None) -> "SizeReconciliation | None":
        if stored is None:
            return None
        parts = Reconciliation.of_json(stored)
        return cls(
            objects_bytes=parts.objects_bytes,
            database_bytes=parts.database_bytes,
            allocated_bytes=parts.allocated_bytes,
            whole_bytes=parts.whole_bytes,
            unattributed_bytes=parts.unattributed_bytes,
            buckets=[SizeBucket(kind=kind, bytes=size) for kind, size in parts.buckets.items()],
        )
