"""The ordinary operations on any noun; each noun's module gives them their names."""

from collections.abc import AsyncIterator, Sequence
from typing import Any, TypeVar

from sqlalchemy import (
    ARRAY,
    BigInteger,
    ColumnElement,
    Subquery,
    bindparam,
    func,
    null,
    select,
    true,
)

from whalefall.auth import Actor
from whalefall.db import Session
from whalefall.domain.paging import Page, PageRequest, outdated_cursor
from whalefall.errors import NotFound
from whalefall.resolvers.nouns.noun import Condition, Noun, Relation, RequiredOne, Series
from whalefall.resolvers.nouns.paging import keyset
from whalefall.resolvers.nouns.queries import (
    Listing,
    Window,
    all_of,
    count_of,
    matching,
    page_of,
    window,
)
from whalefall.resolvers.nouns.text import Column, one_of

Row = TypeVar("Row")


async def list_rows(session: Session, actor: Actor, noun: Noun[Row], listing: Listing) -> Page[Row]:
    """One page, in reading order."""
    actor.require(noun.permission)
    view = noun.alias()
    order = keyset(noun, view, listing.order)
    asked = window(noun, order, listing.page)
    columns = [*_columns(noun, view), order.cursor]
    result = await session.execute(
        page_of(order, asked, matching(noun, view, actor, listing.filter), columns)
    )
    return _page(noun, [tuple(row) for row in result], asked.limit, listing.page)


async def count_rows(
    session: Session, actor: Actor, noun: Noun[Any], filter: Any, *, at_most: int | None = None
) -> int:
    """How many match; one more than `at_most` says that there are more than so many."""
    actor.require(noun.permission)
    view = noun.alias()
    counted = count_of(view, matching(noun, view, actor, filter), at_most)
    return int((await session.execute(counted)).scalar_one())


async def stream_rows(
    session: Session, actor: Actor, noun: Noun[Row], listing: Listing
) -> AsyncIterator[Row]:
    """Every matching row, through a server-side cursor."""
    actor.require(noun.permission)
    view = noun.alias()
    statement = all_of(noun, view, actor, listing, _columns(noun, view))
    async for row in await session.stream(statement):
        yield _row(noun, row)


async def get_rows(
    session: Session, actor: Actor, noun: Noun[Row], ids: Sequence[int]
) -> dict[int, Row]:
    """The rows with these ids that exist and may be seen, whatever a filter's defaults say."""
    actor.require(noun.permission)
    view = noun.alias()
    conditions = [one_of(view.c.id, ids), *noun.visible(view, actor)]
    result = await session.execute(select(view.c.id, *_columns(noun, view)).where(*conditions))
    return {row[0]: _row(noun, row[1:]) for row in result}


async def get_row(session: Session, actor: Actor, noun: Noun[Row], row_id: int) -> Row:
    """The row with this id. Raises NotFound."""
    rows = await get_rows(session, actor, noun, [row_id])
    if row_id not in rows:
        raise NotFound(f"There is no such {noun.words}.")
    return rows[row_id]


async def related_rows(
    session: Session, actor: Actor, relation: Relation, keys: Sequence[Any], filter: Any = None
) -> dict[Any, list[Any]]:
    """The related rows of many parents: for One, RequiredOne, Many and (narrowed) Series."""
    noun = relation.target
    actor.require(noun.permission)
    view = noun.alias()
    conditions = [one_of(view.c[relation.theirs], keys)]
    if isinstance(relation, Series):
        conditions += matching(noun, view, actor, filter)
    elif not isinstance(relation, RequiredOne):
        conditions += noun.visible(view, actor)
    statement = select(view.c[relation.theirs], *_columns(noun, view)).where(*conditions)
    result = await session.execute(statement.order_by(*keyset(noun, view, None).order()))
    related: dict[Any, list[Any]] = {key: [] for key in keys}
    for row in result:
        related[row[0]].append(_row(noun, row[1:]))
    return related


async def related_pages(
    session: Session, actor: Actor, relation: Relation, keys: Sequence[Any], listing: Listing
) -> dict[Any, Page[Any]]:
    """The same page of each of many parents' connections, in one statement."""
    noun = relation.target
    actor.require(noun.permission)
    view, parent = noun.alias(), _keys(keys)
    order = keyset(noun, view, listing.order)
    asked = window(noun, order, listing.page)
    conditions = [
        view.c[relation.theirs] == parent.c.key,
        *matching(noun, view, actor, listing.filter),
    ]
    columns = [order.cursor.label("cursor"), *_columns(noun, view)]
    page = page_of(order, asked, conditions, columns).lateral()
    source, scope = _scoped(noun, parent, asked)
    statement = select(parent.c.key, scope, page).select_from(source.outerjoin(page, true()))
    rows: dict[Any, list[Any]] = {key: [] for key in keys}
    for key, current, cursor, *values in await session.execute(statement):
        if any(position.scope != current for position in asked.positions if noun.scope):
            raise outdated_cursor()
        if cursor is not None:
            rows[key].append((*values, cursor))
    return {key: _page(noun, found, asked.limit, listing.page) for key, found in rows.items()}


async def related_counts(
    session: Session, actor: Actor, relation: Relation, keys: Sequence[Any], filter: Any
) -> dict[Any, int]:
    noun = relation.target
    actor.require(noun.permission)
    view = noun.alias()
    key = view.c[relation.theirs]
    conditions = [one_of(key, keys), *matching(noun, view, actor, filter)]
    result = await session.execute(select(key, func.count()).where(*conditions).group_by(key))
    return dict.fromkeys(keys, 0) | {row[0]: row[1] for row in result}


def _scoped(noun: Noun[Any], parent: Any, asked: Window) -> tuple[Any, ColumnElement[Any]]:
    """The parents, and what a cursor must be bound to at each of them."""
    if noun.scope is None or not asked.positions:
        return parent, null().label("scope")
    current = noun.scope.current.subquery()
    return parent.outerjoin(current, current.c.key == parent.c.key), current.c.scope


async def options(
    session: Session, key: Column, name: Column, most: int, *conditions: Condition
) -> list[tuple[int, str]]:
    """Keys and names of at most so many rows of a table, by name."""
    wanted = select(key, name).where(*conditions).order_by(name, key).limit(most)
    return [(each[0], each[1]) for each in await session.execute(wanted)]


def _columns(noun: Noun[Any], view: Subquery) -> list[ColumnElement[Any]]:
    return [view.c[name] for name in noun.kinds]


def _row(noun: Noun[Row], values: Sequence[Any]) -> Row:
    row = dict(zip(noun.kinds, values, strict=True))
    for name, enum in noun.enums:
        if row[name] is not None:
            row[name] = enum(row[name])
    return noun.row(**row)


def _page(noun: Noun[Row], found: list[Any], limit: int, page: PageRequest) -> Page[Row]:
    more, found = len(found) > limit, found[:limit]
    if page.backward:
        found.reverse()
    return Page(
        rows=[_row(noun, values[:-1]) for values in found],
        cursors=[values[-1] for values in found],
        has_next_page=page.before is not None if page.backward else more,
        has_previous_page=more if page.backward else page.after is not None,
    )


def _keys(keys: Sequence[Any]) -> Any:
    values = bindparam(None, list(keys), type_=ARRAY(BigInteger))
    return func.unnest(values).table_valued("key").render_derived()
