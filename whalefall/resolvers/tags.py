"""Tags group instances."""

from collections.abc import Iterator
from dataclasses import asdict, dataclass
from enum import StrEnum

from sqlalchemy import (
    ARRAY,
    ColumnElement,
    Subquery,
    Text,
    delete,
    exists,
    func,
    insert,
    or_,
    select,
    update,
)

from whalefall.auth import Actor, Permission
from whalefall.db import Session, WriteSession
from whalefall.domain import checks
from whalefall.domain.checks import checked
from whalefall.domain.paging import OrderBy, Page, PageRequest
from whalefall.domain.patch import UNSET, Unset, given
from whalefall.errors import Code, Conflict
from whalefall.models.instances import InstanceTag, Tag
from whalefall.resolvers.audit import audit
from whalefall.resolvers.nouns import reading
from whalefall.resolvers.nouns.noun import Condition, Noun, described
from whalefall.resolvers.nouns.queries import Listing
from whalefall.resolvers.nouns.text import Column, contains, equals, one_of
from whalefall.resolvers.nouns.writing import changes, unique


@dataclass(kw_only=True)
class TagRow:
    """A label on instances; databases inherit the tags of their instance."""

    id: int = described("The row's id.")
    name: str = described("The code by which filters name the tag; unique.")
    display_name: str = described("What people read.")
    category: str = described("Groups tags, for example by environment.")
    is_active: bool = described("Inactive tags stay on their instances, but filters ignore them.")


@dataclass(kw_only=True)
class TagFilter:
    """Narrows tags."""

    search: str | None = described("Part of the name or the display name.", default=None)
    category: str | None = described("Tags of this category.", default=None)
    is_active: bool | None = described("Only active, or only inactive tags.", default=None)


class TagOrderField(StrEnum):
    """CATEGORY is followed by the name."""

    NAME = "NAME"
    CATEGORY = "CATEGORY"


def _where(view: Subquery, filter: TagFilter) -> Iterator[Condition]:
    if filter.search is not None:
        yield or_(
            contains(view.c.name, filter.search), contains(view.c.display_name, filter.search)
        )
    if filter.category is not None:
        yield equals(view.c.category, filter.category)
    if filter.is_active is not None:
        yield view.c.is_active if filter.is_active else ~view.c.is_active


TAGS: Noun[TagRow] = Noun(
    name="Tag",
    row=TagRow,
    filter=TagFilter,
    view=select(Tag.id, Tag.name, Tag.display_name, Tag.category, Tag.is_active),
    where=_where,
    orders={TagOrderField.NAME: ("name",), TagOrderField.CATEGORY: ("category", "name")},
    default_order=OrderBy(TagOrderField.NAME),
)
INSTANCE_TAGS: Noun[TagRow] = Noun(  # with the instance that a tag is on
    name="Tag",
    row=TagRow,
    filter=TagFilter,
    view=TAGS.view.add_columns(InstanceTag.instance_id).join(
        InstanceTag, InstanceTag.tag_id == Tag.id
    ),
    where=_where,
    orders=TAGS.orders,
    default_order=TAGS.default_order,
)


def tagged(instance_id: Column, names: list[str]) -> Condition:
    """Whether the instance carries an active tag of one of these names."""
    return exists(
        select(InstanceTag.tag_id)
        .join(Tag, Tag.id == InstanceTag.tag_id)
        .where(InstanceTag.instance_id == instance_id, Tag.is_active, one_of(Tag.name, names))
        .correlate_except(InstanceTag, Tag)
    )


def tag_names_of(instance_id: Column) -> ColumnElement[list[str]]:
    """The names of an instance's active tags, in order, as an array."""
    names = (
        select(Tag.name)
        .join(InstanceTag, InstanceTag.tag_id == Tag.id)
        .where(InstanceTag.instance_id == instance_id, Tag.is_active)
        .order_by(Tag.name)
        .correlate_except(InstanceTag, Tag)
    )
    return func.array(names.scalar_subquery(), type_=ARRAY(Text))


async def list_tags(
    session: Session,
    actor: Actor,
    filter: TagFilter | None = None,
    order: OrderBy | None = None,
    page: PageRequest | None = None,
) -> Page[TagRow]:
    """One page of tags, by name unless asked otherwise."""
    listing = Listing(filter=filter, order=order, page=page or PageRequest())
    return await reading.list_rows(session, actor, TAGS, listing)


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


CHECKS: dict[str, checks.Check] = {
    "name": checks.tag_name,
    "display_name": checks.line(100),
    "category": checks.line(50),
    "is_active": checks.flag,
}


async def create_tag(session: WriteSession, actor: Actor, tag: TagInput) -> TagRow:
    """Add a tag. Raises BadInput, Conflict NAME_EXISTS."""
    actor.require(Permission.CREATE)
    values = checked(vars(tag), CHECKS)
    async with unique(session, f"There is already a tag {tag.name}."):
        tag_id = (await session.execute(insert(Tag).values(values).returning(Tag.id))).scalar_one()
    row = await reading.get_row(session, actor, TAGS, tag_id)
    await audit(session, actor, "tag.created", "Tag", tag_id, None, values)
    return row


async def update_tag(session: WriteSession, actor: Actor, tag_id: int, patch: TagPatch) -> TagRow:
    """Change a tag. Raises NotFound, BadInput, Conflict NAME_EXISTS."""
    actor.require(Permission.UPDATE)
    row = await reading.get_row(session, actor, TAGS, tag_id)
    before, after = changes(asdict(row), checked(given(patch), CHECKS))
    if not after:
        return row
    statement = update(Tag).where(Tag.id == tag_id)
    async with unique(session, f"There is already a tag {after.get('name')}."):
        await session.execute(statement.values(**after, updated_at=func.clock_timestamp()))
    await audit(session, actor, "tag.updated", "Tag", tag_id, before, after)
    return await reading.get_row(session, actor, TAGS, tag_id)


async def delete_tag(session: WriteSession, actor: Actor, tag_id: int) -> None:
    """Remove a tag that is on no instance. Raises NotFound, Conflict TAG_IN_USE."""
    actor.require(Permission.DELETE)
    row = await reading.get_row(session, actor, TAGS, tag_id)
    uses = select(func.count()).where(InstanceTag.tag_id == tag_id)
    if count := (await session.execute(uses)).scalar_one():
        message = f"The tag is on {count} instances, those in the recycle bin included."
        raise Conflict(message, code=Code.TAG_IN_USE, hint="Take it off them first.")
    await session.execute(delete(Tag).where(Tag.id == tag_id))
    await audit(session, actor, "tag.deleted", "Tag", tag_id, asdict(row), None)
