"""What arguments of generated queries are taken from: ids, words and cursors that the API gave."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from graphql import get_nullable_type

from tests.schema.conftest import Door
from tests.schema.estate import Estate
from tests.schema.lists import LISTS, ListField, object_type

ROOT = ""  # the parent of lists that hang from no object
DEFAULT = ""  # the order of a list when the caller names none


@dataclass(frozen=True)
class Supply:
    """Ids by type, words by "Type.field", cursors by list and order and then by parent.

    Cursors of a `portable` list hold for every parent, as far as their order goes.
    """

    ids: Mapping[str, Sequence[str]]
    words: Mapping[str, Sequence[str]]
    cursors: Mapping[tuple[str, str], Mapping[str, Sequence[str]]]
    portable: frozenset[str]

    def cursors_of(self, list_: str, order: str, parent: str | None) -> Sequence[str]:
        """Cursors that a page of this list will accept; of an unknown parent if it is null."""
        by_parent = self.cursors[list_, order]
        if list_ in self.portable:
            return [cursor for cursors in by_parent.values() for cursor in cursors]
        return () if parent is None else by_parent.get(parent, ())


async def gathered_supply(door: Door, estate: Estate) -> Supply:
    words: dict[str, Sequence[str]] = {}
    cursors = {}
    portable = set()
    for list_ in LISTS:
        for name, order in named_orders(list_):
            cursors[str(list_), name] = await _cursors(door, estate, list_, order)
        if await _is_portable(door, estate, list_, cursors[str(list_), DEFAULT]):
            portable.add(str(list_))
        words |= await _words(door, estate, list_)
    return Supply(estate.ids, words, cursors, frozenset(portable))


def named_orders(list_: ListField) -> Iterator[tuple[str, dict[str, str] | None]]:
    """Each order of a list with a name, that of none at all included."""
    yield DEFAULT, None
    for field in list_.orders:
        for direction in ("ASC", "DESC"):
            order = {"field": field, "direction": direction}
            yield order_name(order), order


def order_name(order: Mapping[str, Any] | None) -> str:
    return DEFAULT if order is None else f"{order['field']} {order.get('direction', 'ASC')}"


def text_fields(kind: str) -> list[str]:
    fields = object_type(kind).fields.items()
    return [name for name, field in fields if str(get_nullable_type(field.type)) == "String"]


async def _cursors(
    door: Door, estate: Estate, list_: ListField, order: Any
) -> dict[str, list[str]]:
    pages = await _pages(door, estate, list_, "edges { cursor }", order=order)
    return {parent: [edge["cursor"] for edge in page["edges"]] for parent, page in pages.items()}


async def _words(door: Door, estate: Estate, list_: ListField) -> dict[str, Sequence[str]]:
    fields = text_fields(list_.node)
    pages = await _pages(door, estate, list_, f"nodes {{ id {' '.join(fields)} }}")
    nodes = [node for page in pages.values() for node in page["nodes"]]
    return {
        f"{list_.node}.{field}": sorted({node[field] for node in nodes} - {None})
        for field in fields
    }


async def _is_portable(
    door: Door, estate: Estate, list_: ListField, cursors: Mapping[str, Sequence[str]]
) -> bool:
    """Whether one parent's cursor is taken by all the others."""
    if list_.parent == "Query":
        return True
    document = list_.document_of_many(
        f"{list_.call('after: $after')} {{ totalCount }}", after="String"
    )
    some = next(found[0] for found in cursors.values() if found)
    return "errors" not in await door.answer(document, {"ids": [*cursors], "after": some})


async def _pages(
    door: Door, estate: Estate, list_: ListField, selection: str, *, order: Any = None
) -> dict[str, Any]:
    """The first page of the list by its parent's id."""
    selection = f"page: {list_.call('first: 40')} {{ {selection} }}"
    if list_.parent == "Query":
        return {ROOT: (await door.data(list_.document(selection), {"order": order}))["page"]}
    variables = {"ids": estate.ids[list_.parent][:100], "order": order}
    nodes = (await door.data(list_.document_of_many(selection), variables))["nodes"]
    return {node["id"]: node["page"] for node in nodes if node is not None}
