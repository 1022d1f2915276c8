"""Adding, changing and removing tags, and putting them on many instances at once."""

from datetime import datetime
from typing import Any

import strawberry

from whalefall.auth import Permission
from whalefall.domain.checks import Problems
from whalefall.errors import BadInput
from whalefall.resolvers.instances.choosing import rows_of
from whalefall.resolvers.tags import TAGS, TagInput, TagPatch, create_tag, delete_tag, update_tag
from whalefall.resolvers.tags.assigning import (
    MAX_INSTANCES,
    MAX_TAGS,
    TagChange,
    TagOutcome,
    assign_tags,
    preview_tags,
    remove_tags,
)
from whalefall.schema.context import Info
from whalefall.schema.cost import Size, priced
from whalefall.schema.ids import row_id
from whalefall.schema.instances.types import Instance
from whalefall.schema.patches import absent, given
from whalefall.schema.problems import UserError, errors_field, mutation
from whalefall.schema.tags.types import Tag

NAME = "The code by which filters name it: 1 to 50 of A-Z a-z 0-9 _ and -; unique in any case."
DISPLAY_NAME = "What people read. 1 to 100 characters."
CATEGORY = "Groups tags; kept in lower case. 1 to 50 characters."
ACTIVE = "Whether filters know it."
ID = "The id of the tag."
DRY_RUN = "Only say what would change."


@strawberry.input(description="A new tag.")
class CreateTagInput:
    name: str = strawberry.field(description=NAME)
    display_name: str = strawberry.field(description=DISPLAY_NAME)
    category: str = strawberry.field(description=CATEGORY)
    is_active: bool = strawberry.field(description=ACTIVE, default=True)


@strawberry.input(description="Changes to a tag; what is left out stays as it is.")
class UpdateTagInput:
    id: strawberry.ID = strawberry.field(description=ID)
    expected_updated_at: datetime | None = absent(
        "Refuse with STALE_OBJECT if it has changed since this `updatedAt`."
    )
    name: str | None = absent(NAME)
    display_name: str | None = absent(DISPLAY_NAME)
    category: str | None = absent(CATEGORY)
    is_active: bool | None = absent(ACTIVE)


@strawberry.input(description="Which tag to delete.")
class DeleteTagInput:
    id: strawberry.ID = strawberry.field(description=ID)


@strawberry.input
class _PairsInput:
    instance_ids: list[strawberry.ID] = strawberry.field(
        description=f"The ids of 1 to {MAX_INSTANCES:,} instances, none of them recycled."
    )
    tag_ids: list[strawberry.ID] = strawberry.field(description=f"The ids of 1 to {MAX_TAGS} tags.")
    dry_run: bool = strawberry.field(description=DRY_RUN, default=False)


@strawberry.input(description="Which tags to put on which instances.")
class AssignTagsInput(_PairsInput):
    pass


@strawberry.input(description="Which tags to take off which instances.")
class RemoveTagsInput(_PairsInput):
    pass


@strawberry.type(description="The new tag, or why there is none.")
class CreateTagPayload:
    tag: Tag | None = strawberry.field(description="As stored.", default=None)
    errors: list[UserError] = errors_field()


@strawberry.type(description="The changed tag, or why it stayed as it was.")
class UpdateTagPayload:
    tag: Tag | None = strawberry.field(description="As it is now.", default=None)
    errors: list[UserError] = errors_field()


@strawberry.type(description="What was deleted, or why nothing was.")
class DeleteTagPayload:
    deleted_id: strawberry.ID | None = strawberry.field(
        description="The id of the tag that is gone.", default=None
    )
    errors: list[UserError] = errors_field()


@strawberry.type
class _PairsPayload:
    changed_count: int | None = strawberry.field(
        description="Pairs of instance and tag that changed, or would; null when refused.",
        default=None,
    )
    instances: list[Instance] | None = strawberry.field(
        description="The instances they concern, as they are now; null when refused.",
        default=None,
        metadata=priced(1, Size((), lambda: MAX_INSTANCES)),
    )
    errors: list[UserError] = errors_field()


@strawberry.type(description="What was put on instances, or why nothing was.")
class AssignTagsPayload(_PairsPayload):
    pass


@strawberry.type(description="What was taken off instances, or why nothing was.")
class RemoveTagsPayload(_PairsPayload):
    pass


@strawberry.type
class TagMutations:
    @mutation("Add a tag.", needs=Permission.CREATE)
    async def create_tag(self, info: Info, input: CreateTagInput) -> CreateTagPayload:
        async with info.context.db.write() as session:
            row = await create_tag(session, info.context.actor, TagInput(**vars(input)))
        return CreateTagPayload(tag=Tag.of(row))

    @mutation("Change a tag.", needs=Permission.UPDATE)
    async def update_tag(self, info: Info, input: UpdateTagInput) -> UpdateTagPayload:
        values = given(input)
        tag_id = row_id(values.pop("id"), TAGS.name, field="id")
        expected = values.pop("expected_updated_at", None)
        async with info.context.db.write() as session:
            row = await update_tag(
                session,
                info.context.actor,
                tag_id,
                TagPatch(**values),
                expected_updated_at=expected,
            )
        return UpdateTagPayload(tag=Tag.of(row))

    @mutation("Delete a tag that is on no instance.", needs=Permission.DELETE)
    async def delete_tag(self, info: Info, input: DeleteTagInput) -> DeleteTagPayload:
        tag_id = row_id(input.id, TAGS.name, field="id")
        async with info.context.db.write() as session:
            await delete_tag(session, info.context.actor, tag_id)
        return DeleteTagPayload(deleted_id=input.id)

    @mutation("Put tags on instances, all or nothing.", needs=Permission.UPDATE)
    async def assign_tags(self, info: Info, input: AssignTagsInput) -> AssignTagsPayload:
        return AssignTagsPayload(**await _change(info, TagChange.ASSIGN, input))

    @mutation("Take tags off instances, all or nothing.", needs=Permission.UPDATE)
    async def remove_tags(self, info: Info, input: RemoveTagsInput) -> RemoveTagsPayload:
        return RemoveTagsPayload(**await _change(info, TagChange.REMOVE, input))


async def _change(info: Info, change: TagChange, input: _PairsInput) -> dict[str, Any]:
    """What came of it, as both payloads say it."""
    db, actor = info.context.db, info.context.actor
    pairs = _row_ids(input)
    outcome: TagOutcome
    if input.dry_run:
        async with db.read() as session:
            outcome = await preview_tags(session, actor, change, *pairs)
            rows = await rows_of(session, actor, outcome.instance_ids)
    else:
        deed = assign_tags if change is TagChange.ASSIGN else remove_tags
        async with db.write() as writing:
            outcome = await deed(writing, actor, *pairs)
            rows = await rows_of(writing, actor, outcome.instance_ids)
    instances = [Instance.of(row) for row in rows]
    return {"changed_count": outcome.changed_count, "instances": instances}


def _row_ids(input: _PairsInput) -> tuple[list[int], list[int]]:
    """The row ids of instances and of tags. Raises Problems with every id that is none."""
    problems: list[BadInput] = []

    def read(ids: list[strawberry.ID], type_name: str, field: str) -> list[int]:
        found = []
        for place, each in enumerate(ids):
            try:
                found.append(row_id(each, type_name, field=(field, str(place))))
            except BadInput as problem:
                problems.append(problem)
        return found

    pairs = (
        read(input.instance_ids, "Instance", "instance_ids"),
        read(input.tag_ids, TAGS.name, "tag_ids"),
    )
    if problems:
        raise Problems(problems)
    return pairs
