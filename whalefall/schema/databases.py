"""The ledger."""

from typing import TYPE_CHECKING, Annotated

import strawberry

from whalefall.resolvers.databases import DATABASES, GROWTH, DatabaseRow
from whalefall.schema.capacity import Growth, SizePoint, growth, size_history
from whalefall.schema.connections import Connection
from whalefall.schema.fields import to_one, to_page
from whalefall.schema.nodes import Node, noun_type
from whalefall.schema.reconciliation import SizeReconciliation
from whalefall.schema.table_sizes import TableSize, TableSnapshot

if TYPE_CHECKING:
    from whalefall.schema.instances import Instance


OF_ITS_INSTANCE = ("instance_id", "instance_name", "engine", "host", "tag_names")


PRIVATE = (*OF_ITS_INSTANCE, *filter(None, GROWTH.members.values()), "reconciliation")


@noun_type(DATABASES, private=PRIVATE)
class Database(DatabaseRow, Node):
    instance: Annotated["Instance", strawberry.lazy("whalefall.schema.instances")] = to_one(
        DATABASES, "instance", "The instance it belongs to."
    )
    growth: Growth | None = growth(GROWTH)

    @strawberry.field(
        description="Where the bytes of its size are; null where the engine tells it only of a"
        " database that is entered: see tableSnapshot."
    )
    def size_reconciliation(self) -> SizeReconciliation | None:
        return SizeReconciliation.of(self.reconciliation)

    size_history: list[SizePoint] = size_history(DATABASES)
    table_sizes: Connection[TableSize] = to_page(
        DATABASES, "table_sizes", "Its tables as of the latest snapshot, largest first."
    )
    table_snapshot: TableSnapshot | None = to_one(
        DATABASES,
        "table_snapshot",
        "When and how completely its tables were read; null if nobody ever asked for them.",
    )
