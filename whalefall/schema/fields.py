"""Fields that lead from noun to noun, and the root fields that find and list a noun."""

from collections.abc import Awaitable, Callable, Mapping
from typing import Annotated, Any, TypeVar

import strawberry

from whalefall.domain.paging import PageRequest
from whalefall.resolvers.graph.selection import Lookup
from whalefall.resolvers.nouns import noun as nouns
from whalefall.resolvers.nouns import reading
from whalefall.resolvers.nouns.noun import Noun, Relation
from whalefall.resolvers.nouns.queries import Listing
from whalefall.schema.connections import Connection
from whalefall.schema.context import Info
from whalefall.schema.cost import LIST_COST, Price, page_size, priced
from whalefall.schema.ids import row_id
from whalefall.schema.inputs import filter_input, order_input, plain
from whalefall.schema.nodes import node_of

Part = TypeVar("Part")
First = Annotated[
    int | None,
    strawberry.argument(description="At most this many rows, from the start; 50 if not given."),
]
After = Annotated[
    str | None, strawberry.argument(description="Only rows behind the one with this cursor.")
]
Last = Annotated[
    int | None, strawberry.argument(description="At most this many rows, from the end.")
]
Before = Annotated[
    str | None, strawberry.argument(description="Only rows before the one with this cursor.")
]
Id = Annotated[strawberry.ID, strawberry.argument(description="The global id.")]
FILTER = strawberry.argument(description="Narrows the list; if not given, its defaults hold.")
ORDER_BY = strawberry.argument(description="The order of the list.")
Fetch = Callable[[Any, Info, Listing], Awaitable[Any]]
FREE: Mapping[str, Price] = {}
LINK, ARGUMENTS = "link", "arguments"  # what a compiler of selections reads from a field's metadata


def to_one(noun: Noun[Any], name: str, description: str) -> Any:
    """A field that follows a relation to at most one row."""
    relation = noun.relations[name]

    async def resolve(root: Any, info: Info) -> Any:
        rows = await info.context.loaders.rows(relation, getattr(root, relation.ours))
        return node_of(info, relation.target)(rows[0]) if rows else None

    return linked(resolve, description, relation)


def to_many(noun: Noun[Any], name: str, description: str) -> Any:
    """A field that follows a relation to a short list."""
    relation = noun.relations[name]

    async def resolve(root: Any, info: Info) -> Any:
        rows = await info.context.loaders.rows(relation, getattr(root, relation.ours))
        return [node_of(info, relation.target)(row) for row in rows]

    return linked(resolve, description, relation, price=priced(LIST_COST))


def to_part(cls: type[Part], part: nouns.Part, description: str) -> Any:
    """A field with an object made of its row's own columns."""

    def resolve(root: Any) -> Part | None:
        members = part.of(root)
        return None if members is None else cls(**members)

    return linked(resolve, description, part)


def to_page(noun: Noun[Any], name: str, description: str, *, ordered: bool = True) -> Any:
    """A field that follows a relation to a filtered, paged list; `ordered`: as the caller likes."""
    relation = noun.relations[name]

    async def fetch(root: Any, info: Info, listing: Listing) -> Any:
        key = getattr(root, relation.ours)
        page = await info.context.loaders.page(relation, key, listing)

        async def count() -> int:
            return int(await info.context.loaders.count(relation, key, listing.filter))

        return Connection.of(page, node_of(info, relation.target), count)

    return _listed(fetch, relation, description, ordered=ordered)


def list_of(noun: Noun[Any], description: str) -> Any:
    """A root field that lists a noun."""

    async def fetch(root: Any, info: Info, listing: Listing) -> Any:
        context = info.context
        context.actor.require(noun.permission)  # before a connection is taken from the pool
        async with context.db.read() as session:
            page = await reading.list_rows(session, context.actor, noun, listing)

        async def count() -> int:
            async with context.db.read() as session:
                return await reading.count_rows(session, context.actor, noun, listing.filter)

        return Connection.of(page, node_of(info, noun), count)

    return _listed(fetch, noun, description)


def find(noun: Noun[Any], description: str) -> Any:
    """A root field that finds one row by its global id."""

    def lookup(id: str) -> Lookup:
        return Lookup(id=row_id(id, noun.name))

    async def resolve(info: Info, id: Id) -> Any:
        info.context.actor.require(noun.permission)
        row = await info.context.loaders.node(noun, lookup(id).id)
        return None if row is None else node_of(info, noun)(row)

    return linked(resolve, description, noun, lookup)


def linked(
    resolve: Any,
    description: str,
    link: Any,
    arguments: Callable[..., Any] | None = None,
    *,
    price: Mapping[str, Price] = FREE,
) -> Any:
    """A field with its resolver, and what the same answer is in terms of nouns.

    `arguments` makes the field's Python arguments what the link's noun understands.
    """
    del resolve.__annotations__["return"]  # the annotation on the class says what comes back
    metadata = {LINK: link, ARGUMENTS: arguments, **price}
    return strawberry.field(resolver=resolve, description=description, metadata=metadata)


def _listed(
    fetch: Fetch, link: Noun[Any] | Relation, description: str, *, ordered: bool = True
) -> Any:
    """Give a field the arguments that every connection has."""

    async def resolve(
        root: Any,
        info: Info,
        first: First = None,
        after: After = None,
        last: Last = None,
        before: Before = None,
        filter: Any = None,
        order_by: Any = None,
    ) -> Any:
        listing = listing_of(first, after, last, before, filter, order_by)
        return await fetch(root, info, listing)

    noun = link if isinstance(link, Noun) else link.target
    resolve.__annotations__["filter"] = Annotated[filter_input(noun) | None, FILTER]
    resolve.__annotations__["order_by"] = Annotated[order_input(noun) | None, ORDER_BY]
    price = priced(LIST_COST, page_size(noun.page_size, noun.max_page_size))
    field = linked(resolve, description, link, listing_of, price=price)
    if not ordered:
        field.arguments = [
            argument for argument in field.arguments if argument.python_name != "order_by"
        ]
    return field


def listing_of(
    first: int | None = None,
    after: str | None = None,
    last: int | None = None,
    before: str | None = None,
    filter: Any = None,
    order_by: Any = None,
) -> Listing:
    """The arguments of a connection as operations take them. Raises BadInput."""
    page = PageRequest(first=first, after=after, last=last, before=before)
    return Listing(filter=None if filter is None else plain(filter), order=order_by, page=page)
