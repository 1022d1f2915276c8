"""Search over everything that has a name."""

from typing import Annotated, Any

import strawberry

from whalefall.auth import Permission
from whalefall.resolvers import search
from whalefall.resolvers.databases import DATABASES
from whalefall.resolvers.instances import INSTANCES
from whalefall.resolvers.nouns.noun import Noun
from whalefall.resolvers.table_sizes import TABLE_SIZES
from whalefall.schema.context import Info
from whalefall.schema.cost import WRITE_COST, capped, priced
from whalefall.schema.databases import Database
from whalefall.schema.instances import Instance
from whalefall.schema.nodes import RowType, node_of, row_type
from whalefall.schema.table_sizes import TableSize

SEARCH_COST = WRITE_COST  # three indexes, and for a typo each of them twice more


async def _node(info: Info, noun: Noun[Any], row_id: int) -> Any:
    row = await info.context.loaders.node(noun, row_id)
    return None if row is None else node_of(info, noun)(row)


@row_type(search.InstanceHit, name="InstanceHit", private=("id",))
class InstanceHit(search.InstanceHit, RowType):
    @strawberry.field(description="The instance; null when it went away meanwhile.")
    async def instance(self, info: Info) -> Instance | None:
        found: Instance | None = await _node(info, INSTANCES, self.id)
        return found


@row_type(search.DatabaseHit, name="DatabaseHit", private=("id",))
class DatabaseHit(search.DatabaseHit, RowType):
    @strawberry.field(description="The database; null when it went away meanwhile.")
    async def database(self, info: Info) -> Database | None:
        found: Database | None = await _node(info, DATABASES, self.id)
        return found


@row_type(search.TableHit, name="TableHit", private=("id", "database_id"))
class TableHit(search.TableHit, RowType):
    @strawberry.field(description="The table; null when it went away meanwhile.")
    async def table(self, info: Info) -> TableSize | None:
        found: TableSize | None = await _node(info, TABLE_SIZES, self.id)
        return found


@strawberry.type(
    description="What was found, the best of each kind first: names that equal the text, names"
    " that begin with it, then shorter ones."
)
class SearchResults:
    instances: list[InstanceHit] = strawberry.field(
        description="Active instances, by name and host."
    )
    databases: list[DatabaseHit] = strawberry.field(description="Active databases, by name.")
    tables: list[TableHit] = strawberry.field(description="Tables of active databases, by name.")


Text = Annotated[
    str,
    strawberry.argument(
        description="Part of a name, 1 to 100 characters, in any case; when hardly any name has it,"
        " names that resemble it are found too."
    ),
]
First = Annotated[
    int | None,
    strawberry.argument(description=f"At most so many of each kind, up to {search.MAX_HITS}."),
]


@strawberry.type
class SearchQueries:
    @strawberry.field(
        description="Instances, databases and tables by a part of their name.",
        metadata=priced(SEARCH_COST, capped("first", search.MAX_HITS)),
    )
    async def search(self, info: Info, text: Text, first: First = 20) -> SearchResults:
        context = info.context
        context.actor.require(Permission.VIEW)  # before a connection is taken from the pool
        most = search.MAX_HITS if first is None else first
        async with context.db.read() as session:
            hits = await search.search(session, context.actor, text, most)
        return SearchResults(
            instances=[InstanceHit.of(hit) for hit in hits.instances],
            databases=[DatabaseHit.of(hit) for hit in hits.databases],
            tables=[TableHit.of(hit) for hit in hits.tables],
        )
