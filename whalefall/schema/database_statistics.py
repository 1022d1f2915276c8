"""The ledger summed up."""

from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Annotated, Any, TypeVar

import strawberry
from strawberry.types.private import StrawberryPrivate

from whalefall.auth import Permission
from whalefall.resolvers.databases import (
    DATABASES,
    DatabaseOrderField,
    DatabaseTotals,
    EngineShare,
    FreshnessShare,
    InstanceShare,
    database_totals,
    engine_shares,
    freshness_shares,
    growing_databases,
    instance_shares,
    top_databases,
)
from whalefall.resolvers.databases.statistics import TOP
from whalefall.resolvers.instances import INSTANCES
from whalefall.schema.context import Info
from whalefall.schema.cost import COUNT_COST, Size, priced
from whalefall.schema.databases import Database
from whalefall.schema.nodes import RowType, node_of, row_type

if TYPE_CHECKING:
    from whalefall.schema.instances import Instance

Found = TypeVar("Found")
SUMMED = priced(COUNT_COST, Size((), lambda: TOP))


@row_type(EngineShare, name="EngineShare")
class EngineShareType(EngineShare, RowType):
    pass


@row_type(FreshnessShare, name="FreshnessShare")
class FreshnessShareType(FreshnessShare, RowType):
    pass


@row_type(InstanceShare, name="InstanceShare")
class InstanceShareType(InstanceShare, RowType):
    instance_id: Annotated[int, StrawberryPrivate()]

    @strawberry.field(description="The instance; null when it has gone since.")
    async def instance(
        self, info: Info
    ) -> Annotated["Instance", strawberry.lazy("whalefall.schema.instances")] | None:
        row = await info.context.loaders.node(INSTANCES, self.instance_id)
        found: Instance | None = None if row is None else node_of(info, INSTANCES)(row)
        return found


@row_type(DatabaseTotals, name="DatabaseStatistics")
class DatabaseStatistics(DatabaseTotals, RowType):
    @strawberry.field(description="By engine, the one with most databases first.", metadata=SUMMED)
    async def engines(self, info: Info) -> list[EngineShareType]:
        return [EngineShareType.of(row) for row in await _read(info, engine_shares)]

    @strawberry.field(
        description=f"The {TOP} instances with most databases, that one first.", metadata=SUMMED
    )
    async def instances(self, info: Info) -> list[InstanceShareType]:
        return [InstanceShareType.of(row) for row in await _read(info, instance_shares)]

    @strawberry.field(description="By the age of the size, freshest first.", metadata=SUMMED)
    async def freshness(self, info: Info) -> list[FreshnessShareType]:
        return [FreshnessShareType.of(row) for row in await _read(info, freshness_shares)]

    @strawberry.field(description=f"The {TOP} largest, largest first.", metadata=SUMMED)
    async def largest(self, info: Info) -> list[Database]:
        rows = await _read(info, top_databases, DatabaseOrderField.SIZE)
        return [node_of(info, DATABASES)(row) for row in rows]

    @strawberry.field(
        description=f"The {TOP} that grew most, in bytes; none that did not grow.", metadata=SUMMED
    )
    async def fastest_growing(self, info: Info) -> list[Database]:
        rows = await _read(info, growing_databases)
        return [node_of(info, DATABASES)(row) for row in rows]


@strawberry.type
class StatisticsQueries:
    @strawberry.field(description="The ledger summed up.", metadata=priced(COUNT_COST))
    async def database_statistics(self, info: Info) -> DatabaseStatistics:
        return DatabaseStatistics.of(await _read(info, database_totals))


async def _read(info: Info, operation: Callable[..., Awaitable[Found]], *arguments: Any) -> Found:
    info.context.actor.require(Permission.VIEW)  # before a connection is taken from the pool
    async with info.context.db.read() as session:
        return await operation(session, info.context.actor, *arguments)
