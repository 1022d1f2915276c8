"""Schedules: when WhaleFall does what by itself, and what changes that."""

from datetime import UTC, datetime

import strawberry

from whalefall.auth import Permission
from whalefall.domain.states import SyncTrigger
from whalefall.resolvers.schedules import (
    SCHEDULES,
    SchedulePatch,
    ScheduleRow,
    pause_schedule,
    resume_schedule,
    run_schedule,
    upcoming,
    update_schedule,
    words_of,
)
from whalefall.schema.context import Info
from whalefall.schema.fields import to_one
from whalefall.schema.ids import row_id
from whalefall.schema.nodes import Node, noun_type
from whalefall.schema.patches import absent, given
from whalefall.schema.problems import UserError, errors_field, mutation
from whalefall.schema.sync.mutations import session_of
from whalefall.schema.sync.types import SyncSession

ID = "The id of the schedule."
AS_IT_IS = "As it is now."


@noun_type(SCHEDULES, private=("last_session_id",))
class Schedule(ScheduleRow, Node):
    last_session: SyncSession | None = to_one(
        SCHEDULES,
        "last_session",
        "The session of its last run; null: none began, or it went.",
    )

    @strawberry.field(description="The expression for people, in English; null: none is simpler.")
    def words(self, info: Info) -> str | None:
        return words_of(self, info.context.db.settings.zone)

    @strawberry.field(description="Its next five times, also while it is paused.")
    def upcoming(self, info: Info) -> list[datetime]:
        return upcoming(self, info.context.db.settings.zone, datetime.now(UTC))


@strawberry.input(description="Changes to a schedule; what is left out stays as it is.")
class UpdateScheduleInput:
    id: strawberry.ID = strawberry.field(description=ID)
    expected_updated_at: datetime | None = absent(
        "Refuse with STALE_OBJECT if it has changed since this `updatedAt`."
    )
    cron: str | None = absent("Minute, hour, day of the month, month, day of the week.")
    time_zone: str | None = absent("As in Asia/Shanghai; null: the business time zone.")


@strawberry.input(description="Which schedule to pause.")
class PauseScheduleInput:
    id: strawberry.ID = strawberry.field(description=ID)


@strawberry.input(description="Which schedule to resume.")
class ResumeScheduleInput:
    id: strawberry.ID = strawberry.field(description=ID)


@strawberry.input(description="Which schedule's task to begin now.")
class RunScheduleInput:
    id: strawberry.ID = strawberry.field(description=ID)


@strawberry.type
class _SchedulePayload:
    schedule: Schedule | None = strawberry.field(description=AS_IT_IS, default=None)
    errors: list[UserError] = errors_field()


@strawberry.type(description="The changed schedule, or why it stayed as it was.")
class UpdateSchedulePayload(_SchedulePayload):
    pass


@strawberry.type(description="The paused schedule.")
class PauseSchedulePayload(_SchedulePayload):
    pass


@strawberry.type(description="The schedule that runs by itself again.")
class ResumeSchedulePayload(_SchedulePayload):
    pass


@strawberry.type(description="The session that was begun, or why none was.")
class RunSchedulePayload:
    session: SyncSession | None = strawberry.field(description="Follow it by its id.", default=None)
    errors: list[UserError] = errors_field()


@strawberry.type
class ScheduleMutations:
    @mutation("Change when a task is done; paused stays paused.", needs=Permission.ADMIN)
    async def update_schedule(
        self, info: Info, input: UpdateScheduleInput
    ) -> UpdateSchedulePayload:
        values = given(input)
        schedule_id = row_id(values.pop("id"), SCHEDULES.name, field="id")
        expected = values.pop("expected_updated_at", None)
        db = info.context.db
        async with db.write() as session:
            row = await update_schedule(
                session,
                info.context.actor,
                schedule_id,
                SchedulePatch(**values),
                business_zone=db.settings.zone,
                expected_updated_at=expected,
            )
        return UpdateSchedulePayload(schedule=Schedule.of(row))

    @mutation("Keep a task from running by itself; what runs goes on.", needs=Permission.ADMIN)
    async def pause_schedule(self, info: Info, input: PauseScheduleInput) -> PauseSchedulePayload:
        schedule_id = row_id(input.id, SCHEDULES.name, field="id")
        async with info.context.db.write() as session:
            row = await pause_schedule(session, info.context.actor, schedule_id)
        return PauseSchedulePayload(schedule=Schedule.of(row))

    @mutation("Let a task run by itself again, from its next time on.", needs=Permission.ADMIN)
    async def resume_schedule(
        self, info: Info, input: ResumeScheduleInput
    ) -> ResumeSchedulePayload:
        db, schedule_id = info.context.db, row_id(input.id, SCHEDULES.name, field="id")
        async with db.write() as session:
            row = await resume_schedule(
                session, info.context.actor, schedule_id, business_zone=db.settings.zone
            )
        return ResumeSchedulePayload(schedule=Schedule.of(row))

    @mutation(
        "Begin a task now, also a paused one; refused with CONFLICT while it is running.",
        needs=Permission.ADMIN,
    )
    async def run_schedule(self, info: Info, input: RunScheduleInput) -> RunSchedulePayload:
        context, schedule_id = info.context, row_id(input.id, SCHEDULES.name, field="id")
        async with context.db.write() as session:
            session_id = await run_schedule(
                session, context.actor, schedule_id, trigger=SyncTrigger.API
            )
        return RunSchedulePayload(session=await session_of(context, session_id))
