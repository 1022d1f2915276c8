"""The instances summed up."""

import strawberry

from whalefall.auth import Permission
from whalefall.domain.engines import ENGINES
from whalefall.domain.states import ConnectionState
from whalefall.resolvers import instances
from whalefall.resolvers.instances import PORTS, InstanceTotals, instance_statistics
from whalefall.schema.context import Info
from whalefall.schema.cost import COUNT_COST, Size, priced
from whalefall.schema.nodes import RowType, row_type

VERSIONS = 100  # engines and release lines together: a guess, as nothing limits them


@row_type(instances.EngineCount, name="InstanceEngineCount")
class EngineCount(instances.EngineCount, RowType):
    pass


@row_type(instances.VersionCount, name="InstanceVersionCount")
class VersionCount(instances.VersionCount, RowType):
    pass


@row_type(instances.PortCount, name="InstancePortCount")
class PortCount(instances.PortCount, RowType):
    pass


@row_type(instances.ConnectionCount, name="InstanceConnectionCount")
class ConnectionCount(instances.ConnectionCount, RowType):
    pass


@row_type(InstanceTotals, name="InstanceStatistics")
class InstanceStatistics(InstanceTotals, RowType):
    engines: list[EngineCount] = strawberry.field(
        description="By engine, the one with most instances first.",
        metadata=priced(1, Size((), lambda: len(ENGINES))),
    )
    versions: list[VersionCount] = strawberry.field(
        description="By engine and release line, the one with most instances first.",
        metadata=priced(1, Size((), lambda: VERSIONS)),
    )
    ports: list[PortCount] = strawberry.field(
        description=f"The {PORTS} ports with most instances, that one first.",
        metadata=priced(1, Size((), lambda: PORTS)),
    )
    connections: list[ConnectionCount] = strawberry.field(
        description="By the state of the connection, every state named.",
        metadata=priced(1, Size((), lambda: len(ConnectionState))),
    )


@strawberry.type
class InstanceStatisticsQueries:
    @strawberry.field(description="The instances summed up.", metadata=priced(COUNT_COST))
    async def instance_statistics(self, info: Info) -> InstanceStatistics:
        context = info.context
        context.actor.require(Permission.VIEW)  # before a connection is taken from the pool
        async with context.db.read() as session:
            found = vars(await instance_statistics(session, context.actor))
        return InstanceStatistics(
            **{
                **found,
                "engines": [EngineCount.of(row) for row in found["engines"]],
                "versions": [VersionCount.of(row) for row in found["versions"]],
                "ports": [PortCount.of(row) for row in found["ports"]],
                "connections": [ConnectionCount.of(row) for row in found["connections"]],
            }
        )
