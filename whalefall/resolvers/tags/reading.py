"""Tags as they are read, and the conditions by which others filter."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import NamedTuple

from sqlalchemy import ARRAY, ColumnElement, Subquery, Text, exists, func, or_, select

from whalefall.auth import Actor, Permission
from whalefall.db import Session
from whalefall.domain.paging import OrderBy, Page, PageRequest
from whalefall.models.instances import Instance, InstanceTag, Tag
from whalefall.resolvers.nouns import reading
from whalefall.resolvers.nouns.noun import Condition, Noun, described
from whalefall.resolvers.nouns.queries import Listing
from whalefall.resolvers.nouns.text import Column, contains, equals, one_of


@dataclass(kw_only=True)
class TagRow:
    """A label on instances; databases inherit the tags of their instance."""

    id: int = described("The row's id.")
    name: str = described("The code by which filters name the tag; unique in any case.")
    display_name: str = described("What people read.")
    category: str = described("Groups tags, for example by environment; lower case.")
    is_active: bool = described("Inactive tags stay on their instances, but filters ignore them.")
    updated_at: datetime = described("When it last changed.")
    instance_count: int = described("Instances that carry it, without those in the recycle bin.")


@dataclass(kw_only=True)
class TagFilter:
    """Narrows tags."""

    search: str | None = described(
        "Part of the name, the display name or the category.", default=None
    )
    category: str | None = described("Tags of this category.", default=None)
    is_active: bool | None = described("Only active, or only inactive tags.", default=None)


class TagOrderField(StrEnum):
    """CATEGORY is followed by the name."""

    NAME = "NAME"
    CATEGORY = "CATEGORY"


class TagOption(NamedTuple):
    """What a picker shows of a tag."""

    id: int
    name: str
    display_name: str
    category: str
    is_active: bool


def _where(view: Subquery, filter: TagFilter) -> Iterator[Condition]:
    if filter.search is not None:
        columns = (view.c.name, view.c.display_name, view.c.category)
        yield or_(*(contains(column, filter.search) for column in columns))
    if filter.category is not None:
        yield equals(view.c.category, filter.category)
    if filter.is_active is not None:
        yield view.c.is_active if filter.is_active else ~view.c.is_active


_CARRIED = InstanceTag.__table__.alias("carried")
_RECYCLED = select(Instance.id).where(
    Instance.id == _CARRIED.c.instance_id, Instance.deleted_at.is_not(None)
)
_INSTANCE_COUNT = (  # the few in the recycle bin are left out: quicker than to look each one up
    select(func.count())
    .select_from(_CARRIED)
    .where(_CARRIED.c.tag_id == Tag.id, ~_RECYCLED.correlate(_CARRIED).exists())
)

TAGS: Noun[TagRow] = Noun(
    name="Tag",
    row=TagRow,
    filter=TagFilter,
    view=select(
        Tag.id,
        Tag.name,
        Tag.display_name,
        Tag.category,
        Tag.is_active,
        Tag.updated_at,
        _INSTANCE_COUNT.correlate(Tag).scalar_subquery().label("instance_count"),
    ),
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


async def count_tags(session: Session, actor: Actor, filter: TagFilter | None = None) -> int:
    return await reading.count_rows(session, actor, TAGS, filter)


async def get_tag(session: Session, actor: Actor, tag_id: int) -> TagRow:
    """Raises NotFound."""
    return await reading.get_row(session, actor, TAGS, tag_id)


async def list_tag_options(
    session: Session, actor: Actor, *, is_active: bool | None = None
) -> list[TagOption]:
    """Every tag, or every active one: cheaper than the rows, whose uses are counted."""
    actor.require(Permission.VIEW)
    options = select(Tag.id, Tag.name, Tag.display_name, Tag.category, Tag.is_active)
    if is_active is not None:
        options = options.where(Tag.is_active == is_active)
    result = await session.execute(options.order_by(Tag.category, Tag.name))
    return [TagOption(*row) for row in result]


async def list_tag_categories(session: Session, actor: Actor) -> list[str]:
    """The categories that tags have, active or not, in order."""
    actor.require(Permission.VIEW)
    categories = select(Tag.category).distinct().order_by(Tag.category)
    return list((await session.execute(categories)).scalars())
