"""Mutations that collect: they begin or join a sync session, and may wait for it."""

from dataclasses import dataclass
from typing import Any

import strawberry

from whalefall.auth import Permission
from whalefall.domain.paging import PageRequest
from whalefall.domain.states import TERMINAL, SyncStatus, SyncTrigger
from whalefall.errors import BadInput, Code, Problem
from whalefall.resolvers.databases import get_database
from whalefall.resolvers.instances import INSTANCES, InstanceFilter, get_instance
from whalefall.resolvers.sessions import (
    cancel_sync_session,
    start_capacity,
    start_capacity_of_many,
    start_table_sizes,
    wait_for_session,
)
from whalefall.resolvers.sync import (
    SyncRecordFilter,
    SyncRecordRow,
    SyncSessionRow,
    get_sync_session,
    list_sync_records,
)
from whalefall.schema.context import Context, Info
from whalefall.schema.databases import Database
from whalefall.schema.ids import row_id
from whalefall.schema.inputs import filter_input, plain
from whalefall.schema.instances import Instance
from whalefall.schema.problems import UserError, errors_field, mutation
from whalefall.schema.sync.types import SyncSession, error_of

MAX_WAIT_SECONDS = 60
WAIT = "How long to wait for the result, 0 to 60 seconds."
SESSION = "The session, begun or joined; follow it by its id."
NOT_YET = "null while it runs, and when it failed."


@strawberry.input(description="Which instance to collect.")
class SyncInstanceCapacityInput:
    instance_id: strawberry.ID = strawberry.field(description="The id of the instance.")
    wait_seconds: int = strawberry.field(description=WAIT, default=20)


@strawberry.input(description="Which instances to collect.")
class SyncCapacityInput:
    filter: filter_input(INSTANCES) | None = strawberry.field(  # type: ignore[valid-type]
        description="Only instances that match; all active ones if not given.", default=None
    )


@strawberry.input(description="Which database's tables to read.")
class RefreshTableSizesInput:
    database_id: strawberry.ID = strawberry.field(description="The id of the database.")
    wait_seconds: int = strawberry.field(description=WAIT, default=20)


@strawberry.input(description="Which session to stop.")
class CancelSyncSessionInput:
    session_id: strawberry.ID = strawberry.field(description="The id of the session.")


@strawberry.type(description="What became of one instance's databases and their sizes.")
class SyncInstanceCapacityPayload:
    session: SyncSession | None = strawberry.field(description=SESSION, default=None)
    instance: Instance | None = strawberry.field(description="As it is now.", default=None)
    created: int | None = strawberry.field(description=f"New databases; {NOT_YET}", default=None)
    refreshed: int | None = strawberry.field(
        description=f"Databases seen again; {NOT_YET}", default=None
    )
    reactivated: int | None = strawberry.field(
        description=f"Databases that came back; {NOT_YET}", default=None
    )
    deactivated: int | None = strawberry.field(
        description=f"Databases that are gone; {NOT_YET}", default=None
    )
    saved_count: int | None = strawberry.field(
        description=f"Databases whose size was saved; {NOT_YET}", default=None
    )
    errors: list[UserError] = errors_field()


@strawberry.type(description="The session that collects many instances.")
class SyncCapacityPayload:
    session: SyncSession | None = strawberry.field(description=SESSION, default=None)
    errors: list[UserError] = errors_field()


@strawberry.type(description="What became of a database's tables.")
class RefreshTableSizesPayload:
    session: SyncSession | None = strawberry.field(description=SESSION, default=None)
    database: Database | None = strawberry.field(description="As it is now.", default=None)
    saved_count: int | None = strawberry.field(
        description=f"Tables now in the snapshot; {NOT_YET}", default=None
    )
    deleted_count: int | None = strawberry.field(
        description=f"Tables that vanished from it; {NOT_YET}", default=None
    )
    elapsed_ms: int | None = strawberry.field(
        description=f"Milliseconds that reading took; {NOT_YET}", default=None
    )
    errors: list[UserError] = errors_field()


@strawberry.type(description="The session that was told to stop.")
class CancelSyncSessionPayload:
    session: SyncSession | None = strawberry.field(description="As it is now.", default=None)
    errors: list[UserError] = errors_field()


@strawberry.type
class SyncMutations:
    @mutation("Read an instance's databases and their sizes.", needs=Permission.EXECUTE)
    async def sync_instance_capacity(
        self, info: Info, input: SyncInstanceCapacityInput
    ) -> SyncInstanceCapacityPayload:
        context = info.context
        instance_id = row_id(input.instance_id, "Instance", field="instance_id")
        seconds = seconds_of(input.wait_seconds)
        async with context.db.write() as session:
            session_id = await start_capacity(
                session, context.actor, instance_id, trigger=SyncTrigger.API
            )
        run = await _run(context, session_id, seconds, SyncRecordFilter(instance_id=instance_id))
        async with context.db.read() as session:
            instance = await get_instance(session, context.actor, instance_id)
        return SyncInstanceCapacityPayload(
            session=SyncSession.of(run.session),
            instance=Instance.of(instance),
            created=run.count("items_created"),
            refreshed=run.count("items_updated"),
            reactivated=run.count("items_reactivated"),
            deactivated=run.count("items_removed"),
            saved_count=run.count("items_seen"),
            errors=run.errors,
        )

    @mutation(
        "Read the databases and sizes of many instances; never waits.", needs=Permission.EXECUTE
    )
    async def sync_capacity(self, info: Info, input: SyncCapacityInput) -> SyncCapacityPayload:
        context = info.context
        filter = InstanceFilter() if input.filter is None else plain(input.filter)
        async with context.db.write() as session:
            session_id = await start_capacity_of_many(
                session, context.actor, filter, trigger=SyncTrigger.API
            )
        return SyncCapacityPayload(session=await session_of(context, session_id))

    @mutation("Read the tables of a database.", needs=Permission.EXECUTE)
    async def refresh_table_sizes(
        self, info: Info, input: RefreshTableSizesInput
    ) -> RefreshTableSizesPayload:
        context = info.context
        database_id = row_id(input.database_id, "Database", field="database_id")
        seconds = seconds_of(input.wait_seconds)
        async with context.db.write() as session:
            session_id = await start_table_sizes(
                session, context.actor, database_id, trigger=SyncTrigger.API
            )
        run = await _run(context, session_id, seconds, SyncRecordFilter())
        async with context.db.read() as session:
            database = await get_database(session, context.actor, database_id)
        return RefreshTableSizesPayload(
            session=SyncSession.of(run.session),
            database=Database.of(database),
            saved_count=run.count("items_seen"),
            deleted_count=run.count("items_removed"),
            elapsed_ms=run.count("elapsed_ms"),
            errors=run.errors,
        )

    @mutation("Stop a session that has not finished.", needs=Permission.ADMIN)
    async def cancel_sync_session(
        self, info: Info, input: CancelSyncSessionInput
    ) -> CancelSyncSessionPayload:
        context = info.context
        session_id = row_id(input.session_id, "SyncSession", field="session_id")
        async with context.db.write() as session:
            await cancel_sync_session(session, context.actor, session_id)
        return CancelSyncSessionPayload(session=await session_of(context, session_id))


@dataclass(frozen=True)
class Run:
    """A session as it stands, and the record that the caller asked for."""

    session: SyncSessionRow
    record: SyncRecordRow | None

    def count(self, name: str) -> Any:
        """A number of the record, once there is one: what failed has none."""
        done = (SyncStatus.COMPLETED, SyncStatus.COMPLETED_WITH_ERRORS)
        if self.record is None or self.record.status not in done:
            return None
        return getattr(self.record, name)

    @property
    def errors(self) -> list[UserError]:
        if self.record is None or self.record.status not in TERMINAL:
            return []
        error = error_of(self.record)
        if error is None and self.record.status == SyncStatus.CANCELLED:
            error = UserError.of(Problem("It was cancelled.", code=Code.CONFLICT))
        return [] if error is None else [error]


async def _run(context: Context, session_id: int, seconds: int, filter: SyncRecordFilter) -> Run:
    """The session once it is terminal, or after so many seconds as it stands then."""
    if seconds:
        async with context.waiting(seconds):
            await wait_for_session(context.db, session_id, seconds)
    async with context.db.read() as session:
        row = await get_sync_session(session, context.actor, session_id)
        page = PageRequest(first=1)
        records = await list_sync_records(session, context.actor, session_id, filter, page=page)
    return Run(row, records.rows[0] if records.rows else None)


async def session_of(context: Context, session_id: int) -> SyncSession:
    """A session as it stands now."""
    async with context.db.read() as session:
        return SyncSession.of(await get_sync_session(session, context.actor, session_id))


def seconds_of(seconds: int) -> int:
    if not 0 <= seconds <= MAX_WAIT_SECONDS:
        raise BadInput("Wait for 0 to 60 seconds.", field="wait_seconds")
    return seconds
