"""Adding, changing and removing tags."""

from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import delete, func, insert, select, update

from whalefall.auth import Actor, Permission
from whalefall.db import WriteSession
from whalefall.domain import checks
from whalefall.domain.checks import checked
from whalefall.domain.patch import UNSET, Unset, given
from whalefall.errors import Code, Conflict, counted, said
from whalefall.models.instances import Instance, InstanceTag, Tag
from whalefall.resolvers.audit import audit
from whalefall.resolvers.nouns import reading
from whalefall.resolvers.nouns.writing import changes, require_unchanged, unique
from whalefall.resolvers.tags.reading import TAGS, TagRow


@dataclass(kw_only=True)
class TagInput:
    """A new tag."""

    name: str
    display_name: str
    category: str
    is_active: bool = True


@dataclass(kw_only=True)
class TagPatch:
    """What changes on a tag."""

    name: str | Unset | None = UNSET
    display_name: str | Unset | None = UNSET
    category: str | Unset | None = UNSET
    is_active: bool | Unset | None = UNSET


def _category(field: str, text: str | None) -> str:
    """A key that people type: trimmed, and the same in any case."""
    return checks.line(50)(field, text).lower()


CHECKS: dict[str, checks.Check] = {
    "name": checks.tag_name,
    "display_name": checks.line(100),
    "category": _category,
    "is_active": checks.flag,
}


async def create_tag(session: WriteSession, actor: Actor, tag: TagInput) -> TagRow:
    """Add a tag. Raises BadInput, Conflict NAME_EXISTS."""
    actor.require(Permission.CREATE)
    values = checked(vars(tag), CHECKS)
    async with unique(session, _taken(values["name"])):
        tag_id = (await session.execute(insert(Tag).values(values).returning(Tag.id))).scalar_one()
    await audit(session, actor, "tag.created", "Tag", tag_id, None, values)
    return await reading.get_row(session, actor, TAGS, tag_id)


async def update_tag(
    session: WriteSession,
    actor: Actor,
    tag_id: int,
    patch: TagPatch,
    *,
    expected_updated_at: datetime | None = None,
) -> TagRow:
    """Change a tag.

    Raises NotFound, BadInput, NAME_EXISTS, and STALE_OBJECT if the tag has changed since
    `expected_updated_at`.
    """
    actor.require(Permission.UPDATE)
    await _lock(session, tag_id)
    row = await reading.get_row(session, actor, TAGS, tag_id)
    stale = said("Somebody changed this tag in the meantime.")
    require_unchanged(row.updated_at, expected_updated_at, stale)
    before, after = changes(asdict(row), checked(given(patch), CHECKS))
    if not after:
        return row
    statement = update(Tag).where(Tag.id == tag_id)
    async with unique(session, _taken(after.get("name"))):
        await session.execute(statement.values(**after, updated_at=func.clock_timestamp()))
    await audit(session, actor, "tag.updated", "Tag", tag_id, before, after)
    return await reading.get_row(session, actor, TAGS, tag_id)


async def delete_tag(session: WriteSession, actor: Actor, tag_id: int) -> None:
    """Remove a tag that is on no instance. Raises NotFound, Conflict TAG_IN_USE."""
    actor.require(Permission.DELETE)
    await _lock(session, tag_id)
    row = await reading.get_row(session, actor, TAGS, tag_id)
    await _refuse_used(session, tag_id)
    await session.execute(delete(Tag).where(Tag.id == tag_id))
    before: dict[str, Any] = {name: value for name, value in vars(row).items() if name in CHECKS}
    await audit(session, actor, "tag.deleted", "Tag", tag_id, before, None)


def _taken(name: str | None) -> str:
    return said("There is already a tag %(name)s.", name=name)


async def _lock(session: WriteSession, tag_id: int) -> None:
    """Hold the row, so that nobody puts the tag on an instance while it changes or goes."""
    await session.execute(select(Tag.id).where(Tag.id == tag_id).with_for_update())


async def _refuse_used(session: WriteSession, tag_id: int) -> None:
    recycled = func.count().filter(Instance.deleted_at.is_not(None))
    uses = select(func.count(), recycled).join(Instance).where(InstanceTag.tag_id == tag_id)
    count, in_bin = (await session.execute(uses.select_from(InstanceTag))).one()
    if count:
        message = counted(
            "The tag is on %(count)s instance.", "The tag is on %(count)s instances.", count
        )
        hint = said("Take it off them first.")
        if in_bin:
            message = counted(
                "The tag is on %(count)s instance, %(recycled)s of them in the recycle bin.",
                "The tag is on %(count)s instances, %(recycled)s of them in the recycle bin.",
                count,
                recycled=in_bin,
            )
            hint = said("Take it off them first; restore or purge the recycled ones.")
        raise Conflict(message, code=Code.TAG_IN_USE, hint=hint)
