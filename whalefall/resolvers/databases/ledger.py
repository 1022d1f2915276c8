"""The ledger: every database of every instance, with its latest size and its growth."""

from collections.abc import AsyncIterator

from whalefall.auth import Actor
from whalefall.db import Session, Statement
from whalefall.domain.paging import OrderBy, Page, PageRequest
from whalefall.resolvers.databases.noun import DATABASES, DatabaseFilter, DatabaseRow
from whalefall.resolvers.nouns import reading
from whalefall.resolvers.nouns.csv import Cell, csv_of, human_size, joined, utc
from whalefall.resolvers.nouns.queries import Listing

LEDGER_CSV: dict[str, Cell] = {
    "database": "name",
    "instance": "instance_name",
    "host": "host",
    "engine": "engine",
    "tags": lambda view: joined(view.c.tag_names),
    "size_bytes": "size_bytes",
    "size": lambda view: human_size(view.c.size_bytes),
    "collected_at": lambda view: utc(view.c.size_collected_at),
    "freshness": "freshness",
}


async def list_ledger(
    session: Session,
    actor: Actor,
    filter: DatabaseFilter | None = None,
    order: OrderBy | None = None,
    page: PageRequest | None = None,
) -> Page[DatabaseRow]:
    """One page of the ledger, by instance and name unless asked otherwise."""
    listing = Listing(filter=filter, order=order, page=page or PageRequest())
    return await reading.list_rows(session, actor, DATABASES, listing)


async def count_ledger(
    session: Session,
    actor: Actor,
    filter: DatabaseFilter | None = None,
    *,
    at_most: int | None = None,
) -> int:
    """How many databases match; one more than `at_most` if there are more than so many."""
    return await reading.count_rows(session, actor, DATABASES, filter, at_most=at_most)


def stream_ledger(
    session: Session, actor: Actor, filter: DatabaseFilter | None = None
) -> AsyncIterator[DatabaseRow]:
    """Every row of the ledger, by instance and name."""
    return reading.stream_rows(session, actor, DATABASES, Listing(filter=filter))


def ledger_csv(
    actor: Actor, filter: DatabaseFilter | None = None, order: OrderBy | None = None
) -> Statement:
    """The ledger as CSV, for Database.copy."""
    return csv_of(actor, DATABASES, Listing(filter=filter, order=order), LEDGER_CSV)


async def get_database(session: Session, actor: Actor, database_id: int) -> DatabaseRow:
    """A database, active or not. Raises NotFound."""
    return await reading.get_row(session, actor, DATABASES, database_id)
