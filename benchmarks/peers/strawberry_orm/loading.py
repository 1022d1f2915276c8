"""The statements: a request's loaders, and the lists at the root."""

from collections import defaultdict
from collections.abc import Sequence
from functools import cached_property
from typing import Any

from sqlalchemy import Select, func, or_, select, tuple_
from sqlalchemy.ext.asyncio import AsyncEngine, AsyncSession
from sqlalchemy.orm import aliased
from strawberry.dataloader import DataLoader

from benchmarks.peers.strawberry_orm.types import Connection, Database, Instance, TableSize, Tag
from whalefall.models.databases import InstanceDatabase, TableSnapshot
from whalefall.models.databases import TableSize as TableSizeStat
from whalefall.models.instances import Instance as Server
from whalefall.models.instances import InstanceTag
from whalefall.models.instances import Tag as ServerTag

LEDGER_ORDER = (Server.name, InstanceDatabase.name, InstanceDatabase.id)
VISIBLE = (InstanceDatabase.is_active, Server.is_active, Server.deleted_at.is_(None))


class Context:
    """One request: each statement has a session of its own, so that loaders can wait together."""

    def __init__(self, engine: AsyncEngine) -> None:
        self._engine = engine
        self._pages: dict[tuple[str, int], DataLoader[int, Any]] = {}

    async def rows(self, statement: Select[*tuple[Any, ...]]) -> Sequence[Any]:
        async with AsyncSession(self._engine) as session:
            rows: Sequence[Any] = (await session.execute(statement)).all()
            return rows

    @cached_property
    def instances(self) -> DataLoader[int, Instance]:
        async def load(keys: list[int]) -> list[Instance]:
            rows = await self.rows(select(Server).where(Server.id.in_(keys)))
            found = {server.id: Instance.of(server) for (server,) in rows}
            return [found[key] for key in keys]

        return DataLoader(load)

    @cached_property
    def tags(self) -> DataLoader[int, list[Tag]]:
        async def load(keys: list[int]) -> list[list[Tag]]:
            statement = (
                select(InstanceTag.instance_id, ServerTag)
                .join(ServerTag, ServerTag.id == InstanceTag.tag_id)
                .where(InstanceTag.instance_id.in_(keys))
                .order_by(ServerTag.name, ServerTag.id)
            )
            groups: dict[int, list[Tag]] = defaultdict(list)
            for key, tag in await self.rows(statement):
                groups[key].append(Tag(name=tag.name))
            return [groups[key] for key in keys]

        return DataLoader(load)

    def databases(self, first: int) -> DataLoader[int, Connection[Database]]:
        async def load(keys: list[int]) -> list[Connection[Database]]:
            page = (
                select(InstanceDatabase)
                .where(InstanceDatabase.instance_id == Server.id, InstanceDatabase.is_active)
                .order_by(InstanceDatabase.name, InstanceDatabase.id)
                .limit(first + 1)
                .lateral()
            )
            row = aliased(InstanceDatabase, page)
            statement = select(Server.id, Server.name, row).where(
                Server.id.in_(keys), Server.is_active, Server.deleted_at.is_(None)
            )
            groups: dict[int, list[Database]] = defaultdict(list)
            for key, name, database in await self.rows(statement):
                groups[key].append(Database.of(database, name))
            return [Connection.of(groups[key], first) for key in keys]

        return self._pages.setdefault(("databases", first), DataLoader(load))

    def table_sizes(self, first: int) -> DataLoader[int, Connection[TableSize]]:
        async def load(keys: list[int]) -> list[Connection[TableSize]]:
            page = (
                select(TableSizeStat)
                .where(TableSizeStat.database_id == TableSnapshot.database_id)
                .order_by(TableSizeStat.size_bytes.desc().nulls_last(), TableSizeStat.id.desc())
                .limit(first + 1)
                .lateral()
            )
            row = aliased(TableSizeStat, page)
            statement = select(TableSnapshot.database_id, TableSnapshot.collected_at, row).where(
                TableSnapshot.database_id.in_(keys)
            )
            groups: dict[int, list[TableSize]] = defaultdict(list)
            for key, collected_at, table in await self.rows(statement):
                groups[key].append(TableSize.of(table, collected_at))
            return [Connection.of(groups[key], first) for key in keys]

        return self._pages.setdefault(("table_sizes", first), DataLoader(load))


async def list_instances(context: Context, first: int) -> Connection[Instance]:
    statement = select(Server).where(Server.deleted_at.is_(None)).order_by(Server.name, Server.id)
    rows = await context.rows(statement.limit(first + 1))
    return Connection.of([Instance.of(server) for (server,) in rows], first)


async def list_databases(
    context: Context, first: int, keys: Sequence[Any] | None, search: str | None
) -> Connection[Database]:
    statement = _ledger().where(*VISIBLE)
    if search is not None:
        columns = (InstanceDatabase.name, Server.name, Server.host)
        statement = statement.where(or_(*(c.icontains(search, autoescape=True) for c in columns)))
    page = statement.order_by(*LEDGER_ORDER).limit(first + 1)
    if keys is not None:
        page = page.where(Server.name >= keys[0], tuple_(*LEDGER_ORDER) > tuple_(*keys))

    async def count() -> int:
        ((number,),) = await context.rows(
            statement.with_only_columns(func.count(), maintain_column_froms=True)
        )
        return int(number)

    rows = await context.rows(page)
    return Connection.of([Database.of(*row) for row in rows], first, count)


async def get_database(context: Context, key: int) -> Database | None:
    statement = _ledger().where(InstanceDatabase.id == key, Server.deleted_at.is_(None))
    rows = await context.rows(statement)
    return Database.of(*rows[0]) if rows else None


def _ledger() -> Select[*tuple[Any, ...]]:
    return select(InstanceDatabase, Server.name).join(
        Server, Server.id == InstanceDatabase.instance_id
    )
