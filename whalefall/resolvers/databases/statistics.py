"""The ledger summed up. Every count is that of the list which the same filter gives."""

from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from sqlalchemy import ColumnElement, Subquery, and_, func, select

from whalefall.auth import Actor
from whalefall.db import Session
from whalefall.domain.engines import Engine
from whalefall.domain.paging import Direction, OrderBy, PageRequest
from whalefall.domain.sizes import Bytes
from whalefall.domain.states import DatabaseState, Freshness
from whalefall.resolvers.databases.ledger import list_ledger
from whalefall.resolvers.databases.noun import (
    DATABASES,
    DatabaseFilter,
    DatabaseOrderField,
    DatabaseRow,
)
from whalefall.resolvers.nouns.noun import View, described
from whalefall.resolvers.nouns.queries import counted_of, matching

TOP = 10
HERE = DatabaseFilter()
GONE = DatabaseFilter(active_only=False, state=DatabaseState.GONE)
UNREADABLE = DatabaseFilter(state=DatabaseState.UNREADABLE)
NOT_COLLECTED = DatabaseFilter(state=DatabaseState.NOT_COLLECTED)


@dataclass(kw_only=True)
class DatabaseTotals:
    """The ledger in numbers. Sizes are about those active databases whose size is known."""

    active: int = described("Active databases of active instances: the ledger.")
    gone: int = described("Those that a complete reading no longer found.")
    unreadable: int = described("Active ones whose last reading got no size.")
    not_collected: int = described("Active ones whose size nobody asked for yet.")
    sized: int = described("Active ones whose size is known, if only from an earlier reading.")
    instance_count: int = described("The instances that the active ones are on.")
    total_size_bytes: Bytes | None = described(
        "The known sizes together; null: none is known, or beyond 64 bits."
    )
    average_size_bytes: Bytes | None = described("Their average; null: none is known.")
    largest_size_bytes: Bytes | None = described("The largest of them; null: none is known.")


@dataclass(kw_only=True)
class EngineShare:
    """The active databases of one engine."""

    engine: Engine = described("The engine.")
    databases: int = described("Its active databases.")
    size_bytes: Bytes | None = described("Their known sizes together; null: none is known.")


@dataclass(kw_only=True)
class InstanceShare:
    """The active databases of one instance."""

    instance_id: int
    instance_name: str = described("The instance's name.")
    engine: Engine = described("Its engine.")
    databases: int = described("Its active databases.")
    size_bytes: Bytes | None = described("Their known sizes together; null: none is known.")


@dataclass(kw_only=True)
class FreshnessShare:
    """The active databases whose size has one age."""

    freshness: Freshness = described("The age.")
    databases: int = described("The active databases with it.")


@dataclass(kw_only=True)
class LedgerStatistics:
    """Everything that the page about the ledger shows."""

    totals: DatabaseTotals
    engines: list[EngineShare]
    instances: list[InstanceShare]
    freshness: list[FreshnessShare]
    largest: list[DatabaseRow]
    fastest_growing: list[DatabaseRow]


async def database_totals(session: Session, actor: Actor) -> DatabaseTotals:
    """The counts and sizes of the whole ledger."""
    actor.require(DATABASES.permission)
    view = DATABASES.alias()
    here = and_(*matching(DATABASES, view, actor, HERE))
    sizes = view.c.size_bytes
    totals = select(
        counted_of(DATABASES, view, actor, HERE).label("active"),
        counted_of(DATABASES, view, actor, GONE).label("gone"),
        counted_of(DATABASES, view, actor, UNREADABLE).label("unreadable"),
        counted_of(DATABASES, view, actor, NOT_COLLECTED).label("not_collected"),
        func.count(sizes).filter(here).label("sized"),
        func.count(view.c.instance_id.distinct()).filter(here).label("instance_count"),
        func.sum(sizes).filter(here).label("total"),
        func.max(sizes).filter(here).label("largest"),
    )
    found = (await session.execute(totals)).one()
    return DatabaseTotals(
        active=found.active,
        gone=found.gone,
        unreadable=found.unreadable,
        not_collected=found.not_collected,
        sized=found.sized,
        instance_count=found.instance_count,
        total_size_bytes=_bytes(found.total),
        average_size_bytes=None if found.total is None else _bytes(found.total // found.sized),
        largest_size_bytes=found.largest,
    )


async def engine_shares(session: Session, actor: Actor) -> list[EngineShare]:
    """The ledger by engine, the one with most databases first."""
    actor.require(DATABASES.permission)
    view = DATABASES.alias()
    rows = await session.execute(_grouped(view, actor, view.c.engine))
    return [
        EngineShare(engine=engine, databases=count, size_bytes=_bytes(total))
        for engine, count, total in rows
    ]


async def instance_shares(session: Session, actor: Actor) -> list[InstanceShare]:
    """The instances with most databases, at most TOP of them."""
    actor.require(DATABASES.permission)
    view = DATABASES.alias()
    keys = (view.c.instance_id, view.c.instance_name, view.c.engine)
    rows = await session.execute(_grouped(view, actor, *keys).limit(TOP))
    return [
        InstanceShare(
            instance_id=id, instance_name=name, engine=engine, databases=n, size_bytes=_bytes(total)
        )
        for id, name, engine, n, total in rows
    ]


async def freshness_shares(session: Session, actor: Actor) -> list[FreshnessShare]:
    """The ledger by the age of its sizes, every age named, freshest first."""
    actor.require(DATABASES.permission)
    view = DATABASES.alias()
    rows = await session.execute(_grouped(view, actor, view.c.freshness))
    found = {age: count for age, count, _ in rows}
    return [FreshnessShare(freshness=age, databases=found.get(age, 0)) for age in Freshness]


async def top_databases(
    session: Session, actor: Actor, field: DatabaseOrderField
) -> list[DatabaseRow]:
    """The first TOP of the ledger, downwards; those without the value are left out."""
    order = OrderBy(field, Direction.DESC)
    page = await list_ledger(session, actor, None, order, PageRequest(first=TOP))
    (column,) = DATABASES.orders[field]
    return [row for row in page.rows if getattr(row, column) is not None]


async def growing_databases(session: Session, actor: Actor) -> list[DatabaseRow]:
    """Those that grew most in bytes, at most TOP; what stood still or shrank did not grow."""
    rows = await top_databases(session, actor, DatabaseOrderField.GROWTH)
    return [row for row in rows if row.growth_bytes is not None and row.growth_bytes > 0]


async def ledger_statistics(session: Session, actor: Actor) -> LedgerStatistics:
    """The ledger summed up."""
    return LedgerStatistics(
        totals=await database_totals(session, actor),
        engines=await engine_shares(session, actor),
        instances=await instance_shares(session, actor),
        freshness=await freshness_shares(session, actor),
        largest=await top_databases(session, actor, DatabaseOrderField.SIZE),
        fastest_growing=await growing_databases(session, actor),
    )


def _grouped(view: Subquery, actor: Actor, *keys: ColumnElement[Any]) -> View:
    count = func.count()
    grouped = select(*keys, count, func.sum(view.c.size_bytes))
    conditions = matching(DATABASES, view, actor, HERE)
    return grouped.where(*conditions).group_by(*keys).order_by(count.desc(), *keys)


def _bytes(total: Decimal | None) -> Bytes | None:
    """A sum of 64-bit numbers is a decimal, and may be more than a size can be."""
    return None if total is None or total >= 2**63 else Bytes(int(total))
