"""Ariadne with DataLoaders over asyncpg, as one writes it by hand."""
# mypy: disable-error-code="import-not-found, untyped-decorator, no-any-return"

import base64
import json
import os
from collections import defaultdict
from collections.abc import AsyncIterator, Iterable, Sequence
from contextlib import asynccontextmanager
from datetime import datetime
from functools import cached_property
from pathlib import Path
from typing import Any

import asyncpg
from aiodataloader import DataLoader
from ariadne import ObjectType, QueryType, ScalarType, make_executable_schema
from ariadne.asgi import GraphQL
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.routing import Route

from benchmarks.peers.bearer import admit
from benchmarks.peers.serving import serve

HERE = Path(__file__).parent
STATEMENTS = {path.stem: path.read_text() for path in (HERE / "loaders").glob("*.sql")}
SETTINGS = {"timezone": "UTC", "jit": "off"}
Row = dict[str, Any]

query, instance, database = QueryType(), ObjectType("Instance"), ObjectType("Database")
database_connection, date_time = ObjectType("DatabaseConnection"), ScalarType("DateTime")


class Asking:
    """One request: its connections come from the pool, its loaders live as long as it does."""

    def __init__(self, pool: "asyncpg.Pool[Any]") -> None:
        self._pool = pool
        self._pages: dict[tuple[str, int], DataLoader[int, Connection]] = {}

    async def fetch(self, name: str, *values: object) -> list[Row]:
        async with self._pool.acquire() as connection:
            return [dict(row) for row in await connection.fetch(STATEMENTS[name], *values)]

    @cached_property
    def instances(self) -> "DataLoader[int, Row]":
        async def load(keys: Sequence[int]) -> list[Row]:
            rows = _identified("Instance", await self.fetch("instances_by_id", keys))
            found = {row["key"]: row for row in rows}
            return [found[key] for key in keys]

        return DataLoader(load)

    @cached_property
    def tags(self) -> "DataLoader[int, list[Row]]":
        async def load(keys: Sequence[int]) -> list[list[Row]]:
            groups = _grouped(await self.fetch("tags_of_instances", keys))
            return [groups[key] for key in keys]

        return DataLoader(load)

    def pages(self, statement: str, type_name: str, first: int) -> "DataLoader[int, Connection]":
        async def load(keys: Sequence[int]) -> list[Connection]:
            groups = _grouped(await self.fetch(statement, keys, first + 1))
            return [Connection(type_name, groups[key], first) for key in keys]

        return self._pages.setdefault((statement, first), DataLoader(load))


class Connection:
    """A page of rows, of which one more than wanted was read."""

    def __init__(self, type_name: str, rows: list[Row], first: int, pattern: str = "") -> None:
        self.pattern = pattern
        self._type_name, self._has_next = type_name, len(rows) > first
        self.nodes = _identified(type_name, rows[:first])

    @property
    def edges(self) -> list[Row]:
        return [{"cursor": _cursor(self._type_name, node), "node": node} for node in self.nodes]

    @property
    def pageInfo(self) -> Row:  # noqa: N802 (the default resolver looks for the field by its name)
        last = _cursor(self._type_name, self.nodes[-1]) if self.nodes else None
        return {"hasNextPage": self._has_next, "endCursor": last}


@query.field("instances")
async def list_instances(_root: object, info: Any, first: int) -> Connection:
    return Connection("Instance", await info.context.fetch("instances", first + 1), first)


@query.field("databases")
async def list_databases(
    _root: object, info: Any, first: int, after: str | None = None, filter: Row | None = None
) -> Connection:
    fetch = info.context.fetch
    if filter and filter.get("search") is not None:
        pattern = f"%{_escaped(filter['search'])}%"
        return Connection(
            "Database", await fetch("ledger_found", first + 1, pattern), first, pattern
        )
    if after is not None:
        keys = json.loads(base64.b64decode(after))[3:]
        return Connection("Database", await fetch("ledger_after", first + 1, *keys), first)
    return Connection("Database", await fetch("ledger", first + 1), first)


@query.field("database")
async def get_database(_root: object, info: Any, id: str) -> Row | None:
    key = int(base64.b64decode(id).partition(b":")[2])
    rows = _identified("Database", await info.context.fetch("database", key))
    return rows[0] if rows else None


@database_connection.field("totalCount")
async def count_databases(connection: Connection, info: Any) -> int:
    (row,) = await info.context.fetch("ledger_found_count", connection.pattern)
    return int(row["count"])


@instance.field("tags")
async def instance_tags(row: Row, info: Any) -> list[Row]:
    return await info.context.tags.load(row["key"])


@instance.field("databases")
async def instance_databases(row: Row, info: Any, first: int) -> Connection:
    loader = info.context.pages("databases_of_instances", "Database", first)
    return await loader.load(row["key"])


@database.field("instance")
async def database_instance(row: Row, info: Any) -> Row:
    return await info.context.instances.load(row["instanceKey"])


@database.field("tableSizes")
async def database_tables(row: Row, info: Any, first: int) -> Connection:
    loader = info.context.pages("tables_of_databases", "TableSize", first)
    return await loader.load(row["key"])


@date_time.serializer
def write_moment(moment: datetime) -> str:
    """As PostgreSQL writes it in JSON: no zeros at the end of a fraction."""
    seconds, dot, fraction = moment.isoformat().removesuffix("+00:00").partition(".")
    return f"{seconds}{dot}{fraction.rstrip('0')}+00:00"


def _identified(type_name: str, rows: list[Row]) -> list[Row]:
    for row in rows:
        row["id"] = _base64(f"{type_name}:{row['key']}")
    return rows


def _grouped(rows: Iterable[Row]) -> dict[int, list[Row]]:
    groups: dict[int, list[Row]] = defaultdict(list)
    for row in rows:
        groups[row["parent"]].append(row)
    return groups


def _cursor(type_name: str, row: Row) -> str:
    if type_name == "Instance":
        position = [1, "Instance:NAME:ASC", None, row["name"], row["key"]]
    elif type_name == "Database":
        names = (row["instanceName"], row["name"])
        position = [1, "Database:INSTANCE:ASC", None, *names, row["key"]]
    else:
        moment = write_moment(row["collectedAt"])
        position = [1, "TableSize:SIZE:DESC", moment, row["sizeBytes"], row["key"]]
    return _base64(json.dumps(position, ensure_ascii=False))


def _base64(text: str) -> str:
    return base64.b64encode(text.encode()).decode()


def _escaped(search: str) -> str:
    for wildcard in ("\\", "%", "_"):
        search = search.replace(wildcard, "\\" + wildcard)
    return search


SCHEMA = make_executable_schema(
    (HERE / "schema.graphql").read_text(),
    [query, instance, database, database_connection, date_time],
    convert_names_case=False,
)


async def _context(request: Request, _data: object) -> Asking:
    pool = request.app.state.pool
    async with pool.acquire() as connection:
        await admit(connection, request.headers.get("authorization", ""))
    return Asking(pool)


@asynccontextmanager
async def _lifespan(app: Starlette) -> AsyncIterator[None]:
    url = os.environ["DATABASE_URL"]
    async with asyncpg.create_pool(
        url, min_size=0, max_size=8, server_settings=SETTINGS
    ) as app.state.pool:
        yield


def main() -> None:
    """Answer on PORT from the database DATABASE_URL."""
    endpoint = GraphQL(SCHEMA, context_value=_context)
    app = Starlette(routes=[Route("/graphql", endpoint, methods=["POST"])], lifespan=_lifespan)
    serve(app)


if __name__ == "__main__":
    main()
