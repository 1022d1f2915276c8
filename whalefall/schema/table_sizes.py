"""The tables of a database, and the head of the snapshot they come from."""

from typing import TYPE_CHECKING, Annotated

import strawberry

from whalefall.domain.facts import SkipReason
from whalefall.errors import BadInput, Problem
from whalefall.resolvers.table_sizes import (
    TABLE_SIZES,
    TABLE_SNAPSHOTS,
    TableSizeRow,
    TableSnapshotRow,
)
from whalefall.schema.fields import to_one
from whalefall.schema.nodes import Node, RowType, noun_type
from whalefall.schema.problems import UserError

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


@noun_type(TABLE_SNAPSHOTS, private=("skipped", "last_error_code", "last_error_message"))
class TableSnapshot(TableSnapshotRow, RowType):
    @strawberry.field(name="skipped", description="Objects that were not read, and why.")
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

    @strawberry.field(description="Why the last attempt failed; null when it did not.")
    def last_error(self) -> UserError | None:
        if self.last_error_code is None:
            return None
        problem = Problem(self.last_error_message or "", code=self.last_error_code)
        return UserError.of(problem)
