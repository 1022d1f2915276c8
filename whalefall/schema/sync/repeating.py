"""Mutations that do once more what a session did not do."""

import strawberry

from whalefall.auth import Permission
from whalefall.domain.states import SyncTrigger
from whalefall.resolvers.repeating import accept_inventory, retry_failed_records
from whalefall.schema.context import Info
from whalefall.schema.ids import row_id
from whalefall.schema.problems import UserError, errors_field, mutation
from whalefall.schema.sync.mutations import session_of
from whalefall.schema.sync.types import SyncSession

NEW = "The new session; follow it by its id."


@strawberry.input(description="Which ended session's failures to repeat.")
class RetryFailedRecordsInput:
    session_id: strawberry.ID = strawberry.field(description="The id of the session.")


@strawberry.input(description="Which doubted inventory to believe if it reads the same again.")
class AcceptInventoryInput:
    record_id: strawberry.ID = strawberry.field(description="The id of the record.")


@strawberry.type(description="The session that repeats, or why there is none.")
class RetryFailedRecordsPayload:
    session: SyncSession | None = strawberry.field(description=NEW, default=None)
    errors: list[UserError] = errors_field()


@strawberry.type(description="The session that reads the inventory again, or why there is none.")
class AcceptInventoryPayload:
    session: SyncSession | None = strawberry.field(description=NEW, default=None)
    errors: list[UserError] = errors_field()


@strawberry.type
class RepeatingMutations:
    @mutation(
        "Begin what failed or was cancelled in an ended session once more.",
        needs=Permission.EXECUTE,
    )
    async def retry_failed_records(
        self, info: Info, input: RetryFailedRecordsInput
    ) -> RetryFailedRecordsPayload:
        context = info.context
        session_id = row_id(input.session_id, "SyncSession", field="session_id")
        async with context.db.write() as session:
            started = await retry_failed_records(
                session, context.actor, session_id, trigger=SyncTrigger.API
            )
        return RetryFailedRecordsPayload(session=await session_of(context, started))

    @mutation(
        "Read an inventory that lacked most databases once more, and believe it.",
        needs=Permission.EXECUTE,
    )
    async def accept_inventory(
        self, info: Info, input: AcceptInventoryInput
    ) -> AcceptInventoryPayload:
        context = info.context
        record_id = row_id(input.record_id, "SyncRecord", field="record_id")
        async with context.db.write() as session:
            started = await accept_inventory(
                session, context.actor, record_id, trigger=SyncTrigger.API
            )
        return AcceptInventoryPayload(session=await session_of(context, started))
