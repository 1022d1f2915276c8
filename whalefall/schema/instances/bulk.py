"""What is done to many instances at once: recycled, restored, purged, paused and resumed."""

import strawberry

from whalefall.auth import Permission
from whalefall.resolvers.instances import InstanceRow
from whalefall.resolvers.instances.choosing import MAX_IDS
from whalefall.resolvers.instances.purging import purge_instances
from whalefall.resolvers.instances.recycling import (
    recycle_instances,
    restore_instances,
    set_instances_active,
)
from whalefall.schema.context import Info
from whalefall.schema.cost import Size, priced
from whalefall.schema.ids import row_id
from whalefall.schema.instances.types import Instance
from whalefall.schema.problems import UserError, errors_field, mutation

IDS = f"The ids of the instances, 1 to {MAX_IDS:,}; one that does not fit refuses all."


@strawberry.input(description="Which instances go into the recycle bin.")
class RecycleInstancesInput:
    ids: list[strawberry.ID] = strawberry.field(description=IDS)


@strawberry.input(description="Which instances leave the recycle bin.")
class RestoreInstancesInput:
    ids: list[strawberry.ID] = strawberry.field(description=IDS)


@strawberry.input(description="Which instances in the recycle bin are deleted for good.")
class PurgeInstancesInput:
    ids: list[strawberry.ID] = strawberry.field(description=IDS)


@strawberry.input(description="Which instances are collected from now on, or no longer.")
class SetInstancesActiveInput:
    ids: list[strawberry.ID] = strawberry.field(description=IDS)
    is_active: bool = strawberry.field(description="Whether they are collected.")


@strawberry.type
class ChangedInstancesPayload:
    instances: list[Instance] | None = strawberry.field(
        description="As they are now, in the order of the ids; null when refused.",
        default=None,
        metadata=priced(1, Size((), lambda: MAX_IDS)),
    )
    errors: list[UserError] = errors_field()


@strawberry.type(description="The recycled instances, or why none was.")
class RecycleInstancesPayload(ChangedInstancesPayload):
    pass


@strawberry.type(description="The restored instances, or why none was.")
class RestoreInstancesPayload(ChangedInstancesPayload):
    pass


@strawberry.type(description="The paused or resumed instances, or why none was.")
class SetInstancesActivePayload(ChangedInstancesPayload):
    pass


@strawberry.type(description="How many instances are gone, or why none is.")
class PurgeInstancesPayload:
    purged_count: int | None = strawberry.field(
        description="Instances deleted with all that was read from them; null when refused.",
        default=None,
    )
    errors: list[UserError] = errors_field()


@strawberry.type
class InstanceBulkMutations:
    @mutation(
        "Put instances into the recycle bin: nothing reads them, their names stay taken.",
        needs=Permission.DELETE,
    )
    async def recycle_instances(
        self, info: Info, input: RecycleInstancesInput
    ) -> RecycleInstancesPayload:
        async with info.context.db.write() as session:
            rows = await recycle_instances(session, info.context.actor, _row_ids(input.ids))
        return RecycleInstancesPayload(instances=_instances(rows))

    @mutation(
        "Take instances out of the recycle bin, active or paused as they were before.",
        needs=Permission.UPDATE,
    )
    async def restore_instances(
        self, info: Info, input: RestoreInstancesInput
    ) -> RestoreInstancesPayload:
        async with info.context.db.write() as session:
            rows = await restore_instances(session, info.context.actor, _row_ids(input.ids))
        return RestoreInstancesPayload(instances=_instances(rows))

    @mutation(
        "Delete instances in the recycle bin with their databases, sizes and sync records.",
        needs=Permission.ADMIN,
        alone=True,
    )
    async def purge_instances(
        self, info: Info, input: PurgeInstancesInput
    ) -> PurgeInstancesPayload:
        async with info.context.db.write() as session:
            count = await purge_instances(session, info.context.actor, _row_ids(input.ids))
        return PurgeInstancesPayload(purged_count=count)

    @mutation("Pause or resume the collection of instances.", needs=Permission.UPDATE)
    async def set_instances_active(
        self, info: Info, input: SetInstancesActiveInput
    ) -> SetInstancesActivePayload:
        ids, is_active = _row_ids(input.ids), input.is_active
        async with info.context.db.write() as session:
            rows = await set_instances_active(session, info.context.actor, ids, is_active=is_active)
        return SetInstancesActivePayload(instances=_instances(rows))


def _row_ids(ids: list[strawberry.ID]) -> list[int]:
    return [row_id(each, "Instance", field=("ids", str(at))) for at, each in enumerate(ids)]


def _instances(rows: list[InstanceRow]) -> list[Instance]:
    return [Instance.of(row) for row in rows]
