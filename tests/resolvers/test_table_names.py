"""The dictionary of tables' names: it follows the tables, whatever failed in between."""

from typing import Any

import pytest
from sqlalchemy import delete, select, text

from tests.factories import ADA, OTTO, make_database, make_named_tables, make_sync_record
from whalefall.db import Database
from whalefall.domain.states import SyncCategory
from whalefall.errors import PermissionRequired
from whalefall.models.databases import TableName, TableSize
from whalefall.resolvers import table_names
from whalefall.resolvers.table_names import add_names_of, tidy_table_names


async def names(db: Database) -> list[str]:
    async with db.read() as session:
        return list((await session.execute(select(TableName.name).order_by("name"))).scalars())


async def refreshed(db: Database, *tables: str, **columns: Any) -> int:
    """The record of a refresh that brought these tables, and has told nobody yet."""
    async with db.write() as session:
        database = await make_database(session)
        await make_named_tables(session, database, *tables, **columns)
        await session.execute(delete(TableName))
        record = await make_sync_record(
            session,
            category=SyncCategory.TABLE_SIZES,
            instance_id=database.instance_id,
            database_id=database.id,
        )
        return record.id


async def test_a_refresh_adds_the_names_of_its_tables_once(db: Database) -> None:
    record_id = await refreshed(db, "orders", "users")

    await add_names_of(db, record_id)
    await add_names_of(db, record_id)

    assert await names(db) == ["orders", "users"]


async def test_a_failure_leaves_it_to_the_next_time(db: Database) -> None:
    record_id = await refreshed(db, "orders")
    async with db.write() as session:
        await session.execute(text("LOCK TABLE table_names IN ACCESS EXCLUSIVE MODE"))
        await session.execute(text("ALTER TABLE table_names RENAME TO mislaid"))
    await add_names_of(db, record_id)
    async with db.write() as session:
        await session.execute(text("ALTER TABLE mislaid RENAME TO table_names"))
    assert await names(db) == []

    await add_names_of(db, record_id)

    assert await names(db) == ["orders"]


async def test_the_night_drops_what_no_table_is_called_and_adds_what_is_missing(
    db: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(table_names, "BATCH", 2)
    async with db.write() as session:
        database = await make_database(session)
        await make_named_tables(session, database, *"abcdefg")
        await session.execute(delete(TableSize).where(TableSize.table_name.in_(list("aceg"))))
        await session.execute(delete(TableName).where(TableName.name.in_(["b", "f"])))

    await tidy_table_names(db, ADA)

    assert await names(db) == ["b", "d", "f"]


async def test_only_who_administers_tidies(db: Database) -> None:
    with pytest.raises(PermissionRequired):
        await tidy_table_names(db, OTTO)
