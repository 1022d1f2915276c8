"""The tables of a database, and the head of the snapshot they come from."""

from typing import TYPE_CHECKING, Annotated

import strawberry

from whalefall.domain.facts import SkipReason
from whalefall.errors import BadInput
from whalefall.resolvers.table_sizes import (
    TABLE_SIZES,
    TABLE_SNAPSHOTS,
    TableSizeRow,
    TableSnapshotRow,
)
from whalefall.schema.cost import capped, priced
from whalefall.schema.fields import to_one, to_part
from whalefall.schema.nodes import Node, RowType, noun_type
from whalefall.schema.problems import UserError, error_part
from whalefall.schema.reconciliation import SizeReconciliation

if TYPE_CHECKING:
    from whalefall.schema.databases import Database

MAX_SKIPPED = 2000


@noun_type(TABLE_SIZES, private=("database_id",))
class TableSize(TableSizeRow, Node):
    database: Annotated["Database", strawberry.lazy("whalefall.schema.databases")] = to_one(
        TABLE_SIZES, "database", "The database it belongs to."
    )


@strawberry.type(description="An object that exists but was not read.")
class SkippedObject:
    schema_name: str | None = strawberry.field(description="Its schema; null when it has none.")
    name: str = strawberry.field(description="Its name.")
    reason: SkipReason = strawberry.field(description="Why it was not read.")


PRIVATE = ("skipped", "reconciliation", "last_error_code", "last_error_message")


@noun_type(TABLE_SNAPSHOTS, private=PRIVATE)
class TableSnapshot(TableSnapshotRow, RowType):
    @strawberry.field(
        name="skipped",
        description="Objects that were not read, and why.",
        metadata=priced(1, capped("first", MAX_SKIPPED)),
    )
    def skipped_objects(
        self,
        first: Annotated[
            int | None, strawberry.argument(description=f"At most this many, up to {MAX_SKIPPED}.")
        ] = 50,
    ) -> list[SkippedObject]:
        first = MAX_SKIPPED if first is None else first
        if not 0 <= first <= MAX_SKIPPED:
            raise BadInput(f"first must be between 0 and {MAX_SKIPPED}", field="first")
        return [
            SkippedObject(
                schema_name=skipped.get("schema_name"),
                name=skipped["name"],
                reason=skipped["reason"],
            )
            for skipped in self.skipped[:first]
        ]

    @strawberry.field(
        name="reconciliation",
        description="Where all bytes of the database are; null without a snapshot, or where the"
        " parts could not be read.",
    )
    def size_reconciliation(self) -> SizeReconciliation | None:
        return SizeReconciliation.of(self.reconciliation)

    last_error: UserError | None = to_part(
        UserError,
        error_part("last_error_code", "last_error_message"),
        "Why the last attempt failed; null when it did not.",
    )
