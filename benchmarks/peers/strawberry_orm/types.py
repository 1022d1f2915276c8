"""The types: each is made of an ORM object, and asks loaders for what belongs to it."""

import base64
import json
from collections.abc import Awaitable, Callable
from datetime import datetime
from typing import TYPE_CHECKING, Any, Generic, TypeVar

import strawberry

from whalefall.domain.sizes import Bytes, Count
from whalefall.models.databases import InstanceDatabase
from whalefall.models.databases import TableSize as TableSizeStat
from whalefall.models.instances import Instance as Server

if TYPE_CHECKING:
    from benchmarks.peers.strawberry_orm.loading import Context

T = TypeVar("T")
Info = strawberry.Info[Any, None]


def write_moment(moment: datetime) -> str:
    """As PostgreSQL writes it in JSON: no zeros at the end of a fraction."""
    seconds, dot, fraction = moment.isoformat().removesuffix("+00:00").partition(".")
    return f"{seconds}{dot}{fraction.rstrip('0')}+00:00"


@strawberry.type
class PageInfo:
    has_next_page: bool
    end_cursor: str | None


@strawberry.type
class Edge(Generic[T]):
    cursor: str
    node: T


@strawberry.type
class Connection(Generic[T]):
    edges: list[Edge[T]]
    nodes: list[T]
    page_info: PageInfo
    count: strawberry.Private[Callable[[], Awaitable[int]] | None] = None

    @strawberry.field
    async def total_count(self) -> int:
        assert self.count is not None
        return await self.count()

    @classmethod
    def of(
        cls, nodes: list[Any], first: int, count: Callable[[], Awaitable[int]] | None = None
    ) -> "Connection[T]":
        more, nodes = len(nodes) > first, nodes[:first]
        edges = [Edge(cursor=_base64(node.position()), node=node) for node in nodes]
        page_info = PageInfo(has_next_page=more, end_cursor=edges[-1].cursor if edges else None)
        return cls(edges=edges, nodes=nodes, page_info=page_info, count=count)


@strawberry.type
class Tag:
    name: str


@strawberry.type
class TableSize:
    id: strawberry.ID
    schema_name: str
    table_name: str
    size_bytes: Bytes | None
    index_bytes: Bytes | None
    row_count: Count | None
    row: strawberry.Private[TableSizeStat]
    collected_at: strawberry.Private[datetime]

    @classmethod
    def of(cls, row: TableSizeStat, collected_at: datetime) -> "TableSize":
        return cls(
            id=_global_id("TableSize", row.id),
            schema_name=row.schema_name,
            table_name=row.table_name,
            size_bytes=row.size_bytes,
            index_bytes=row.index_bytes,
            row_count=row.row_count,
            row=row,
            collected_at=collected_at,
        )

    def position(self) -> str:
        moment = write_moment(self.collected_at)
        return json.dumps([1, "TableSize:SIZE:DESC", moment, self.size_bytes, self.row.id])


@strawberry.type
class Database:
    id: strawberry.ID
    name: str
    size_bytes: Bytes | None
    size_collected_at: datetime | None
    size_quality: str
    row: strawberry.Private[InstanceDatabase]
    instance_name: strawberry.Private[str]

    @classmethod
    def of(cls, row: InstanceDatabase, instance_name: str) -> "Database":
        return cls(
            id=_global_id("Database", row.id),
            name=row.name,
            size_bytes=row.size_bytes,
            size_collected_at=row.size_collected_at,
            size_quality=row.size_quality,
            row=row,
            instance_name=instance_name,
        )

    @strawberry.field
    async def instance(self, info: Info) -> "Instance":
        context: Context = info.context
        return await context.instances.load(self.row.instance_id)

    @strawberry.field
    async def table_sizes(self, info: Info, first: int = 50) -> Connection[TableSize]:
        context: Context = info.context
        return await context.table_sizes(first).load(self.row.id)

    def position(self) -> str:
        names = (self.instance_name, self.name)
        return json.dumps([1, "Database:INSTANCE:ASC", None, *names, self.row.id])


@strawberry.type
class Instance:
    id: strawberry.ID
    name: str
    engine: str
    host: str
    row: strawberry.Private[Server]

    @classmethod
    def of(cls, row: Server) -> "Instance":
        return cls(
            id=_global_id("Instance", row.id),
            name=row.name,
            engine=row.engine,
            host=row.host,
            row=row,
        )

    @strawberry.field
    async def tags(self, info: Info) -> list[Tag]:
        context: Context = info.context
        return await context.tags.load(self.row.id)

    @strawberry.field
    async def databases(self, info: Info, first: int = 50) -> Connection[Database]:
        context: Context = info.context
        return await context.databases(first).load(self.row.id)

    def position(self) -> str:
        return json.dumps([1, "Instance:NAME:ASC", None, self.name, self.row.id])


def _global_id(type_name: str, row_id: int) -> strawberry.ID:
    return strawberry.ID(_base64(f"{type_name}:{row_id}"))


def _base64(text: str) -> str:
    return base64.b64encode(text.encode()).decode()
