"""Growth events: what grew too much, the rule that says so, and who has seen it."""

from datetime import date

import strawberry

from whalefall.auth import Permission
from whalefall.domain.sizes import Bytes
from whalefall.errors import BadInput
from whalefall.resolvers.growth_events import (
    GROWTH_EVENTS,
    GrowthEventRow,
    GrowthRulePatch,
    GrowthRuleRow,
    acknowledge_growth_events,
    get_growth_rule,
    mute_growth,
    update_growth_rule,
)
from whalefall.schema.context import Info
from whalefall.schema.databases import Database
from whalefall.schema.fields import to_one
from whalefall.schema.ids import row_id
from whalefall.schema.nodes import Node, RowType, noun_type, row_type
from whalefall.schema.patches import absent, given
from whalefall.schema.problems import UserError, errors_field, mutation

PRIVATE = ("database_id", "database_name", "instance_id", "instance_name")


@noun_type(GROWTH_EVENTS, private=PRIVATE)
class GrowthEvent(GrowthEventRow, Node):
    database: Database = to_one(GROWTH_EVENTS, "database", "The database.")


@row_type(GrowthRuleRow, name="GrowthRule")
class GrowthRule(GrowthRuleRow, RowType):
    pass


@strawberry.type
class GrowthQueries:
    @strawberry.field(description="When growth is an event.")
    async def growth_rule(self, info: Info) -> GrowthRule:
        async with info.context.db.read() as session:
            return GrowthRule.of(await get_growth_rule(session, info.context.actor))


@strawberry.input(description="Changes to the rule; what is left out stays as it is.")
class UpdateGrowthRuleInput:
    is_enabled: bool | None = absent("Whether events are recorded.")
    percent: float | None = absent("From so many per cent on; null: not by this.")
    bytes: Bytes | None = absent("From so many bytes on; null: not by this.")


@strawberry.input(description="Which events were seen.")
class AcknowledgeGrowthEventsInput:
    ids: list[strawberry.ID] = strawberry.field(description="The ids of 1 to 1000 events.")


@strawberry.input(description="Which database's growth is no event for a while.")
class MuteGrowthInput:
    database_id: strawberry.ID = strawberry.field(description="The id of the database.")
    until: date | None = absent("The last day of silence; null: none.")


@strawberry.type(description="The rule as it is now, or why it stayed as it was.")
class UpdateGrowthRulePayload:
    rule: GrowthRule | None = strawberry.field(description="As it is now.", default=None)
    errors: list[UserError] = errors_field()


@strawberry.type(description="What was acknowledged.")
class AcknowledgeGrowthEventsPayload:
    acknowledged_count: int | None = strawberry.field(
        description="Events that were open; null when refused.", default=None
    )
    errors: list[UserError] = errors_field()


@strawberry.type(description="What was muted, or why nothing was.")
class MuteGrowthPayload:
    muted_until: date | None = strawberry.field(
        description="The last day of silence; null: growth is an event again.", default=None
    )
    errors: list[UserError] = errors_field()


@strawberry.type
class GrowthMutations:
    @mutation("Change when growth is an event.", needs=Permission.ADMIN)
    async def update_growth_rule(
        self, info: Info, input: UpdateGrowthRuleInput
    ) -> UpdateGrowthRulePayload:
        patch = GrowthRulePatch(**given(input))
        async with info.context.db.write() as session:
            row = await update_growth_rule(session, info.context.actor, patch)
        return UpdateGrowthRulePayload(rule=GrowthRule.of(row))

    @mutation("Say that growth events were seen.", needs=Permission.UPDATE)
    async def acknowledge_growth_events(
        self, info: Info, input: AcknowledgeGrowthEventsInput
    ) -> AcknowledgeGrowthEventsPayload:
        ids = [row_id(each, GROWTH_EVENTS.name, field="ids") for each in input.ids]
        async with info.context.db.write() as session:
            count = await acknowledge_growth_events(session, info.context.actor, ids)
        return AcknowledgeGrowthEventsPayload(acknowledged_count=count)

    @mutation("Record no growth of a database for a while.", needs=Permission.UPDATE)
    async def mute_growth(self, info: Info, input: MuteGrowthInput) -> MuteGrowthPayload:
        values = given(input)
        if "until" not in values:
            raise BadInput("Say until which day, or null.", field="until")
        until = values["until"]
        key = row_id(input.database_id, "Database", field="database_id")
        async with info.context.db.write() as session:
            await mute_growth(session, info.context.actor, key, until)
        return MuteGrowthPayload(muted_until=until)
