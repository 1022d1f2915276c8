"""Any object by its global id."""

import asyncio
from typing import Annotated, Any

import strawberry

from whalefall.auth import Permission
from whalefall.errors import BadInput
from whalefall.schema.context import Info
from whalefall.schema.fields import Id
from whalefall.schema.ids import read_id
from whalefall.schema.nodes import Node

MAX_NODES = 100


@strawberry.type
class NodeQueries:
    @strawberry.field(description="Anything by its id; null when there is no such thing.")
    async def node(self, info: Info, id: Id) -> Node | None:
        info.context.actor.require(Permission.VIEW)
        return await _node(info, *_find(info, id))

    @strawberry.field(description="Many things by their ids, in that order; null for the unknown.")
    async def nodes(
        self,
        info: Info,
        ids: Annotated[
            list[strawberry.ID],
            strawberry.argument(description=f"Global ids, at most {MAX_NODES}."),
        ],
    ) -> list[Node | None]:
        info.context.actor.require(Permission.VIEW)
        if len(ids) > MAX_NODES:
            raise BadInput(f"Ask for at most {MAX_NODES} nodes.", field="ids")
        found = [_find(info, text) for text in ids]
        return list(await asyncio.gather(*(_node(info, *each) for each in found)))


def _find(info: Info, text: str) -> tuple[type[Node], int]:
    """The type and row id that a global id stands for. Raises BadInput."""
    type_name, row_id = read_id(text)
    definition: Any = info.schema.get_type_by_name(type_name)
    origin = getattr(definition, "origin", None)
    if not (isinstance(origin, type) and issubclass(origin, Node)) or origin is Node:
        raise BadInput("This id is malformed.")
    return origin, row_id


async def _node(info: Info, origin: type[Node], row_id: int) -> Node | None:
    row = await info.context.loaders.node(origin.noun, row_id)
    return None if row is None else origin.of(row)
