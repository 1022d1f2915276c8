"""Sizes by day, week, month and quarter."""

import strawberry

from whalefall.auth import Permission
from whalefall.domain.states import ScheduleTask, SyncTrigger
from whalefall.resolvers.aggregation.reading import (
    DATABASE_AGGREGATIONS,
    INSTANCE_AGGREGATIONS,
    DatabaseAggregationRow,
    InstanceAggregationRow,
)
from whalefall.resolvers.sessions import start_task, wait_for_session
from whalefall.schema.context import Info
from whalefall.schema.databases import Database
from whalefall.schema.fields import to_one
from whalefall.schema.instances import Instance
from whalefall.schema.nodes import Node, noun_type
from whalefall.schema.problems import UserError, errors_field, mutation
from whalefall.schema.sync.mutations import WAIT, seconds_of, session_of
from whalefall.schema.sync.types import SyncSession

PRIVATE = ("instance_id", "instance_name", "engine")


@noun_type(DATABASE_AGGREGATIONS, private=(*PRIVATE, "database_id", "database_name"))
class DatabaseAggregation(DatabaseAggregationRow, Node):
    database: Database = to_one(DATABASE_AGGREGATIONS, "database", "The database.")
    instance: Instance = to_one(DATABASE_AGGREGATIONS, "instance", "The instance it is on.")


@noun_type(INSTANCE_AGGREGATIONS, private=PRIVATE)
class InstanceAggregation(InstanceAggregationRow, Node):
    instance: Instance = to_one(INSTANCE_AGGREGATIONS, "instance", "The instance.")


@strawberry.input(description="How long to wait for the sums.")
class AggregateCapacityInput:
    wait_seconds: int = strawberry.field(description=WAIT, default=0)


@strawberry.type(description="The session that sums sizes up.")
class AggregateCapacityPayload:
    session: SyncSession | None = strawberry.field(
        description="The session, begun or joined; follow it by its id.", default=None
    )
    errors: list[UserError] = errors_field()


@strawberry.type
class AggregationMutations:
    @mutation(
        "Bring all sums of sizes up to date now; the schedule does it every night.",
        needs=Permission.ADMIN,
    )
    async def aggregate_capacity(
        self, info: Info, input: AggregateCapacityInput | None = None
    ) -> AggregateCapacityPayload:
        context, seconds = info.context, seconds_of(0 if input is None else input.wait_seconds)
        async with context.db.write() as session:
            session_id = await start_task(
                session, context.actor, ScheduleTask.AGGREGATION, trigger=SyncTrigger.API
            )
        if seconds:
            async with context.waiting(seconds):
                await wait_for_session(context.db, session_id, seconds)
        return AggregateCapacityPayload(session=await session_of(context, session_id))
