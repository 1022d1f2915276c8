"""An inventory in which everything that the schema can tell apart occurs at least once."""

import re
from collections.abc import AsyncIterator, Iterable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from typing import Any

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from tests.conftest import empty
from tests.factories import ADA, VERA
from tests.schema import estate_rows as rows
from whalefall.auth import Actor
from whalefall.db import Database
from whalefall.domain.sizes import Bytes
from whalefall.models.base import Base
from whalefall.models.capacity import DatabaseSizeAggregation, GrowthRule, InstanceSizeAggregation
from whalefall.models.schedules import Schedule
from whalefall.resolvers.growth_events import RULE_ID
from whalefall.schema.ids import MAX_ROW_ID, global_id

TEND = """
DO $$ DECLARE part regclass; BEGIN
  FOR part IN SELECT oid FROM pg_class WHERE relispartition AND relkind = 'r' LOOP
    EXECUTE format('ALTER TABLE %s %s (autovacuum_enabled%s)', part, '{deed}', '{to}');
  END LOOP; END $$"""
PLACE = re.compile(r"<(\w+) (\d+|none)>")


@dataclass(frozen=True)
class Estate:
    """The ids of its rows by type, in the order in which they were made, and two who look at it."""

    ids: Mapping[str, list[str]]
    ada: Actor
    vera: Actor

    def filled(self, text: str) -> str:
        """The text with `<Instance 3>` replaced by an id; `<Instance none>` is nobody's."""

        def id_of(place: re.Match[str]) -> str:
            name, number = place.groups()
            return global_id(name, MAX_ROW_ID) if number == "none" else self.ids[name][int(number)]

        return PLACE.sub(id_of, text)


@asynccontextmanager
async def standing_estate(db: Database) -> AsyncIterator[Estate]:
    """An estate for many tests that only read. What PostgreSQL estimates stays as it is, too."""
    try:
        async with db.write() as session:
            estate = await make_estate(session)
            await session.execute(text(TEND.format(deed="SET", to="=off")))
        yield estate
    finally:
        async with db.write() as session:
            await session.execute(text(TEND.format(deed="RESET", to="")))
        await empty(db)


async def make_estate(session: AsyncSession) -> Estate:
    users = await _added(session, rows.users())
    signed_in = await _added(session, rows.user_sessions(users))
    tokens = await _added(session, rows.api_tokens(users))
    tags = await _added(session, rows.tags())
    credentials = await _added(session, rows.credentials())
    instances = await _added(session, rows.instances(credentials))
    await _added(session, rows.instance_tags(instances, tags))
    databases = await _added(session, rows.databases(instances))
    await _added(session, rows.snapshots(databases))
    tables = await _added(session, rows.tables(databases))
    await _added(session, rows.table_names(tables))
    await _added(session, rows.history(databases))
    sums = await _added(session, rows.sums(databases))
    await session.merge(GrowthRule(id=RULE_ID, percent=12.5, bytes=Bytes(2**40)))
    grown = await _added(session, rows.growth_events(databases, users))
    sessions = await _added(session, rows.sync_sessions(users))
    records = await _added(session, rows.sync_records(sessions, databases))
    entries = await _added(session, rows.audit_entries(users, tags))
    planned = await _added(session, rows.schedules(sessions))
    made: Mapping[str, list[Any]] = {
        "User": users,
        "UserSession": signed_in,
        "ApiToken": tokens,
        "Tag": tags,
        "Credential": credentials,
        "Instance": instances,
        "Database": databases,
        "TableSize": tables,
        "SyncSession": sessions,
        "SyncRecord": records,
        "AuditEntry": entries,
        "DatabaseAggregation": [row for row in sums if isinstance(row, DatabaseSizeAggregation)],
        "InstanceAggregation": [row for row in sums if isinstance(row, InstanceSizeAggregation)],
        "GrowthEvent": grown,
        "Schedule": [row for row in planned if isinstance(row, Schedule)],
    }
    return Estate(
        ids={name: [global_id(name, row.id) for row in kind] for name, kind in made.items()},
        ada=replace(ADA, user_id=users[0].id, session_id=signed_in[0].id),
        vera=replace(VERA, user_id=users[1].id, session_id=signed_in[1].id),
    )


async def _added(session: AsyncSession, new: Iterable[Base]) -> list[Any]:
    made: list[Any] = list(new)
    session.add_all(made)
    await session.flush()
    return made
