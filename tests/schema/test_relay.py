"""What every connection of the schema owes to Relay and to a list that changes while it is read."""

import base64
import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import timedelta
from itertools import cycle
from typing import Any

import pytest
from graphql import GraphQLInterfaceType, get_named_type, is_leaf_type
from sqlalchemy import delete, update

from tests.factories import make_database, make_table_sizes
from tests.schema.conftest import Door
from tests.schema.crowds import PAGE, STABLE, Crowd, gathered, ids_of, read, refusal
from tests.schema.estate import make_estate
from tests.schema.lists import CORE, LISTS, NULL_EVERY, ListField, Rows, object_type
from whalefall.db import Database
from whalefall.domain.paging import CURSOR_VERSION, START_AGAIN
from whalefall.models.databases import TableSize, TableSnapshot
from whalefall.schema.ids import MAX_ROW_ID, global_id

PASSING, PAGE_SIZE, DEFAULT_SIZE = 18, 23, 50
MAX_SIZE = {"TableSize": 2000}  # of all others 200
NODE = "query ($id: ID!) { node(id: $id) { __typename id } }"
NODES = "query ($ids: [ID!]!) { nodes(ids: $ids) { __typename id } }"
LIST = pytest.mark.parametrize("list_", LISTS, ids=str)


def orders_of(list_: ListField) -> list[Any]:
    """Every field of orderBy in both directions; null for a list whose order is fixed."""
    directions = ("ASC", "DESC")
    orders = [{"field": name, "direction": way} for name in list_.orders for way in directions]
    return orders or [None]


def walks() -> Iterator[Any]:
    for list_ in LISTS:
        for order in orders_of(list_):
            way = "-".join(order.values() if order else ["fixed"])
            yield pytest.param(list_, order, id=f"{list_}-{way}")


@dataclass
class Walk:
    """What a reader has seen on the way through a list, page by page."""

    backward: bool
    seen: list[str] = field(default_factory=list)
    cursor: str | None = None
    more: bool = True

    def take(self, page: Any, every: list[str]) -> None:
        """Check a page against the whole list as it was at that moment, and go on behind it."""
        if not self.more:
            return
        ids = [node["id"] for node in page["nodes"]]
        cursors = [edge["cursor"] for edge in page["edges"]]
        start = every.index(ids[0]) if ids else (0 if self.backward else len(every))
        before, behind = start > 0, start + len(ids) < len(every)
        self.more = before if self.backward else behind

        assert [edge["node"]["id"] for edge in page["edges"]] == ids
        assert ids == every[start : start + len(ids)]
        assert len(ids) == PAGE_SIZE or not self.more
        assert page["pageInfo"] == {
            "hasNextPage": self.cursor is not None if self.backward else behind,
            "hasPreviousPage": before if self.backward else self.cursor is not None,
            "startCursor": cursors[0] if cursors else None,
            "endCursor": cursors[-1] if cursors else None,
        }
        self.seen = ids + self.seen if self.backward else self.seen + ids
        if cursors:
            self.cursor = cursors[0] if self.backward else cursors[-1]

    @property
    def position(self) -> str:
        return self.seen[0] if self.backward else self.seen[-1]


async def read_both_ways(
    door: Door, crowd: Crowd, order: Any, after: str | None, before: str | None
) -> Any:
    """The next page forward, the next backward, and the whole list, at one moment."""
    list_ = crowd.list_
    forward = list_.call("first: $size, after: $after")
    backward = list_.call("last: $size, before: $before")
    every = list_.call("first: 200")
    data = await door.data(
        list_.document(
            f"forward: {forward} {{ {PAGE} }} backward: {backward} {{ {PAGE} }}"
            f" every: {every} {{ nodes {{ id }} totalCount }}",
            size="Int",
            after="String",
            before="String",
        ),
        crowd.variables | {"order": order, "size": PAGE_SIZE, "after": after, "before": before},
        actor=crowd.rows.asker,
    )
    return data if list_.parent == "Query" else data["node"]


@pytest.mark.parametrize(("list_", "order"), list(walks()))
async def test_a_walk_shows_each_stable_row_once_while_rows_come_and_go(
    db: Database, door: Door, list_: ListField, order: Any
) -> None:
    crowd = await gathered(db, list_, passing=PASSING)
    forward, backward = Walk(backward=False), Walk(backward=True)
    every: list[str] = []
    turn = 0

    while forward.more or backward.more:
        pages = await read_both_ways(door, crowd, order, forward.cursor, backward.cursor)
        every = [node["id"] for node in pages["every"]["nodes"]]
        assert sorted(every) == sorted(crowd.numbers)
        assert pages["every"]["totalCount"] == len(every)
        forward.take(pages["forward"], every)
        backward.take(pages["backward"], every)
        turn += 1
        assert turn < 10, "this walk has no end"
        anywhere = {every[0], every[-1], crowd.chance.choice(every)}
        await crowd.change({forward.position, backward.position, *anywhere}, turn=turn)

    for walk in (forward, backward):
        assert len(set(walk.seen)) == len(walk.seen)
        stable = [id_ for id_ in walk.seen if id_ in crowd.staying]
        assert stable == [id_ for id_ in every if id_ in crowd.staying]
    assert turn >= 4
    assert len(forward.seen) > STABLE


@LIST
async def test_descending_is_ascending_backwards_but_for_nulls(
    db: Database, door: Door, list_: ListField
) -> None:
    crowd = await gathered(db, list_)

    for name in list_.orders:
        up = ids_of(await read(door, crowd, {"field": name, "direction": "ASC"}, first=STABLE))
        down = ids_of(await read(door, crowd, {"field": name, "direction": "DESC"}, first=STABLE))
        known = [id_ for id_ in up if crowd.numbers[id_] % NULL_EVERY]
        unknown = [id_ for id_ in up if id_ not in known]
        assert down in (up[::-1], known[::-1] + unknown[::-1])
        assert down == up[::-1] or up == known + unknown


@LIST
async def test_a_page_has_a_size_within_bounds(db: Database, door: Door, list_: ListField) -> None:
    crowd = await gathered(db, list_)
    maximum = MAX_SIZE.get(list_.node, 200)
    every = ids_of(await read(door, crowd, first=maximum))

    assert len(every) == STABLE
    assert ids_of(await read(door, crowd, last=maximum)) == every
    assert ids_of(await read(door, crowd)) == every[:DEFAULT_SIZE]
    assert ids_of(await read(door, crowd, first=1)) == every[:1]
    assert ids_of(await read(door, crowd, last=1)) == every[-1:]
    for page in ({"first": maximum + 1}, {"last": maximum + 1}, {"first": -1}, {"last": -1}):
        await refusal(door, crowd, **page)
    for both in ({"first": 1, "last": 1}, {"first": 0, "last": 0}):
        await refusal(door, crowd, **both)


@LIST
async def test_a_page_that_reaches_the_end_of_the_list_says_so(
    db: Database, door: Door, list_: ListField
) -> None:
    crowd = await gathered(db, list_)

    for size, more in ((STABLE - 1, True), (STABLE, False), (STABLE + 1, False)):
        forward, backward = await read(door, crowd, first=size), await read(door, crowd, last=size)
        assert forward["pageInfo"]["hasNextPage"] is more
        assert backward["pageInfo"]["hasPreviousPage"] is more


@LIST
async def test_an_empty_page_still_says_what_lies_beside_it(
    db: Database, door: Door, list_: ListField
) -> None:
    crowd = await gathered(db, list_)
    cursors = {"startCursor": None, "endCursor": None}

    first, last = await read(door, crowd, first=0), await read(door, crowd, last=0)

    assert first["edges"] == last["edges"] == first["nodes"] == last["nodes"] == []
    assert first["pageInfo"] == {"hasPreviousPage": False, "hasNextPage": True, **cursors}
    assert last["pageInfo"] == {"hasPreviousPage": True, "hasNextPage": False, **cursors}
    assert first["totalCount"] == last["totalCount"] == STABLE


@LIST
async def test_two_cursors_bound_a_page_on_both_sides(
    db: Database, door: Door, list_: ListField
) -> None:
    crowd = await gathered(db, list_)

    for order in orders_of(list_):
        every = await read(door, crowd, order, first=STABLE)
        ids, cursors = ids_of(every), [edge["cursor"] for edge in every["edges"]]
        between = {"after": cursors[9], "before": cursors[40]}
        assert ids_of(await read(door, crowd, order, first=9, **between)) == ids[10:19]
        assert ids_of(await read(door, crowd, order, last=9, **between)) == ids[31:40]
    crossed = {"after": cursors[40], "before": cursors[9]}
    assert ids_of(await read(door, crowd, order, first=40, **crossed)) == []


@LIST
async def test_a_cursor_of_another_order_or_list_or_a_damaged_one_says_start_again(
    db: Database, door: Door, list_: ListField
) -> None:
    crowd = await gathered(db, list_)
    strange = [await end_cursor(door, crowd, order) for order in orders_of(list_)]
    real = await end_cursor(door, crowd, None)
    foreign = [cursor for cursor in strange if signature(cursor) != signature(real)]
    foreign.append(await cursor_of_another_list(db, door, list_))

    assert len(foreign) >= len(strange)  # one of the orders is the default one
    for cursor, side in zip([*foreign, *damaged(real)], cycle(("after", "before")), strict=False):
        error = await refusal(door, crowd, **{side: cursor})
        assert error["extensions"]["hint"] == START_AGAIN


async def end_cursor(door: Door, crowd: Crowd, order: Any) -> str:
    cursor: str = (await read(door, crowd, order, first=2))["pageInfo"]["endCursor"]
    return cursor


def signature(cursor: str) -> Any:
    """What a cursor says it was made for."""
    return json.loads(base64.b64decode(cursor))[1]


def damaged(cursor: str) -> Iterator[str]:
    """The cursor after an accident, or from another version of us."""
    yield from ("", " ", "null", "🐋", cursor[1:], cursor[:-5], cursor[::-1], f"{cursor} ")
    yield cursor * 200
    values = json.loads(base64.b64decode(cursor))
    others: list[Any] = [[CURSOR_VERSION + 1, *values[1:]], values[:-1], [*values, 1], {}, None]
    for other in others:
        yield base64.b64encode(json.dumps(other).encode()).decode()


async def cursor_of_another_list(db: Database, door: Door, list_: ListField) -> str:
    other = next(other for other in LISTS if other.node != list_.node)
    return await end_cursor(door, await gathered(db, other), None)


async def test_a_cursor_of_table_sizes_is_bound_to_its_snapshot(db: Database, door: Door) -> None:
    async with db.write() as session:
        ours, other = await make_database(session), await make_database(session)
        for database in (ours, other):
            await make_table_sizes(session, database, range(5))
    list_ = next(list_ for list_ in LISTS if list_.node == "TableSize")
    crowd = Crowd(db, list_, Rows(global_id("Database", ours.id), unmade))
    elsewhere = Crowd(db, list_, Rows(global_id("Database", other.id), unmade))
    info = (await read(door, crowd, first=3))["pageInfo"]
    sides = {"after": info["endCursor"]}, {"before": info["endCursor"]}

    for side in sides:
        assert (await read(door, crowd, **side))["nodes"]
        assert (await refusal(door, elsewhere, **side))["extensions"]["hint"] == START_AGAIN
    later = TableSnapshot.collected_at + timedelta(microseconds=1)
    async with db.write() as session:
        await session.execute(update(TableSnapshot).values(collected_at=later))
    for side in sides:
        assert (await refusal(door, crowd, **side))["extensions"]["hint"] == START_AGAIN
    async with db.write() as session:
        await session.execute(delete(TableSnapshot))
    for side in sides:
        assert (await refusal(door, crowd, **side))["extensions"]["hint"] == START_AGAIN


def unmade(number: int, name: str) -> TableSize:
    raise AssertionError("this test adds no rows")


async def test_a_node_of_every_type_is_found_again_by_its_id(db: Database, door: Door) -> None:
    async with db.write() as session:
        estate = await make_estate(session)
    node = CORE.type_map["Node"]
    assert isinstance(node, GraphQLInterfaceType)
    kinds = [kind.name for kind in CORE.get_possible_types(node)]
    ids = [estate.ids[kind][0] for kind in kinds]
    strangers = [global_id(kind, MAX_ROW_ID) for kind in kinds]

    many = await door.data(NODES, {"ids": [*ids, *strangers, *ids]}, actor=estate.ada)

    nodes = [{"__typename": kind, "id": id_} for kind, id_ in zip(kinds, ids, strict=True)]
    assert many["nodes"] == [*nodes, *[None] * len(kinds), *nodes]
    for id_, found in zip([*ids, *strangers], many["nodes"], strict=False):
        assert await door.data(NODE, {"id": id_}, actor=estate.ada) == {"node": found}


@pytest.mark.parametrize("list_", [one for one in LISTS if one.parent == "Query"], ids=str)
async def test_what_a_list_shows_is_shown_of_its_ids_too(
    db: Database, door: Door, list_: ListField
) -> None:
    async with db.write() as session:
        ada = (await make_estate(session)).ada
    row = f"... on {list_.node} {{ {' '.join(plain_fields(list_.node))} }}"
    document = "query ($ids: [ID!]!) { nodes(ids: $ids) { " + row + " } }"

    query = f"{{ {list_.name} {{ nodes {{ {row} }} }} }}"
    listed = (await door.data(query, actor=ada))[list_.name]["nodes"]

    assert listed
    ids = [node["id"] for node in listed]
    assert await door.data(document, {"ids": ids}, actor=ada) == {"nodes": listed}


def plain_fields(kind: str) -> list[str]:
    """The fields of an object that lead to no other object."""
    fields = object_type(kind).fields.items()
    return [name for name, field in fields if is_leaf_type(get_named_type(field.type))]
