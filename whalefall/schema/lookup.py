"""Any object by its global id."""

import asyncio
from collections.abc import Sequence
from typing import Annotated, Any

import strawberry

from whalefall.auth import Permission
from whalefall.errors import BadInput
from whalefall.resolvers.graph.selection import Anything, Wanted
from whalefall.schema.context import Info
from whalefall.schema.cost import Size, priced
from whalefall.schema.fields import ARGUMENTS, LINK, Id
from whalefall.schema.ids import read_id
from whalefall.schema.nodes import Node

MAX_NODES = 100
NODES = Size(("ids",), lambda ids: min(len(ids or ()), MAX_NODES))


def wanted(ids: Sequence[str]) -> Wanted:
    """What global ids stand for. Raises BadInput."""
    if len(ids) > MAX_NODES:
        raise BadInput(f"Ask for at most {MAX_NODES} nodes.", field="ids")
    return Wanted(ids=[read_id(text) for text in ids])


def one_wanted(id: str) -> Wanted:
    """What a global id stands for. Raises BadInput."""
    return wanted([id])


@strawberry.type
class NodeQueries:
    @strawberry.field(
        description="Anything by its id; null when there is no such thing.",
        metadata={LINK: Anything.ONE, ARGUMENTS: one_wanted},
    )
    async def node(self, info: Info, id: Id) -> Node | None:
        info.context.actor.require(Permission.VIEW)
        return await _node(info, *_find(info, *read_id(id)))

    @strawberry.field(
        description="Many things by their ids, in that order; null for the unknown.",
        metadata={LINK: Anything.MANY, ARGUMENTS: wanted, **priced(1, NODES)},
    )
    async def nodes(
        self,
        info: Info,
        ids: Annotated[
            list[strawberry.ID],
            strawberry.argument(description=f"Global ids, at most {MAX_NODES}."),
        ],
    ) -> list[Node | None]:
        info.context.actor.require(Permission.VIEW)
        found = [_find(info, name, row_id) for name, row_id in wanted(ids).ids]
        return list(await asyncio.gather(*(_node(info, *each) for each in found)))


def _find(info: Info, type_name: str, row_id: int) -> tuple[type[Node], int]:
    """The type that a global id names, and its row id. Raises BadInput."""
    definition: Any = info.schema.get_type_by_name(type_name)
    origin = getattr(definition, "origin", None)
    if not (isinstance(origin, type) and issubclass(origin, Node)) or origin is Node:
        raise BadInput("This id is malformed.")
    return origin, row_id


async def _node(info: Info, origin: type[Node], row_id: int) -> Node | None:
    row = await info.context.loaders.node(origin.noun, row_id)
    return None if row is None else origin.of(row)
