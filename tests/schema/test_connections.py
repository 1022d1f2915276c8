"""Connections: pages, cursors and what is refused."""

import base64
import json
from typing import Any

import pytest

from tests.factories import make_database, make_instance, make_table_sizes, make_tag
from tests.schema.conftest import Door
from whalefall.db import Database
from whalefall.schema.ids import global_id

PAGE = """query ($first: Int, $after: String, $last: Int, $before: String,
                 $filter: DatabaseFilter, $orderBy: DatabaseOrder) {
  databases(first: $first, after: $after, last: $last, before: $before,
            filter: $filter, orderBy: $orderBy) {
    totalCount pageInfo { hasNextPage hasPreviousPage startCursor endCursor }
    nodes { name } edges { cursor node { name } } } }"""
NAMES = ["a", "b", "c", "d", "e"]


async def page(door: Door, **variables: Any) -> Any:
    return (await door.data(PAGE, variables))["databases"]


def names(page: Any) -> list[str]:
    assert page["nodes"] == [edge["node"] for edge in page["edges"]]
    return [node["name"] for node in page["nodes"]]


async def make_five(db: Database) -> None:
    async with db.write() as session:
        instance = await make_instance(session)
        for size, name in enumerate(NAMES):
            await make_database(session, instance, name=name, size_bytes=size or None)


@pytest.mark.parametrize("field", ["INSTANCE", "NAME", "SIZE", "COLLECTED_AT"])
@pytest.mark.parametrize("direction", ["ASC", "DESC"])
async def test_walks_in_both_directions_see_every_row_once(
    db: Database, door: Door, field: str, direction: str
) -> None:
    await make_five(db)
    order = {"field": field, "direction": direction}

    forward: list[str] = []
    found = await page(door, first=2, orderBy=order)
    while True:
        forward += names(found)
        if not found["pageInfo"]["hasNextPage"]:
            break
        found = await page(door, first=2, orderBy=order, after=found["pageInfo"]["endCursor"])
    backward: list[str] = []
    found = await page(door, last=2, orderBy=order)
    while True:
        backward = names(found) + backward
        if not found["pageInfo"]["hasPreviousPage"]:
            break
        found = await page(door, last=2, orderBy=order, before=found["pageInfo"]["startCursor"])

    assert forward == backward
    assert sorted(forward) == NAMES


async def test_a_page_says_where_it_stands(db: Database, door: Door) -> None:
    await make_five(db)

    first = await page(door, first=2)
    second = await page(door, first=2, after=first["pageInfo"]["endCursor"])
    last = await page(door, last=2, before=second["pageInfo"]["startCursor"])

    def stands(found: Any) -> tuple[bool, bool]:
        return found["pageInfo"]["hasPreviousPage"], found["pageInfo"]["hasNextPage"]

    assert (names(first), stands(first)) == (["a", "b"], (False, True))
    assert (names(second), stands(second)) == (["c", "d"], (True, True))
    assert (names(last), stands(last)) == (["a", "b"], (False, True))
    assert first["totalCount"] == second["totalCount"] == 5
    assert second["pageInfo"]["startCursor"] == second["edges"][0]["cursor"]


async def test_an_empty_page_has_no_cursors(door: Door) -> None:
    found = await page(door, first=0)

    assert found["nodes"] == []
    assert found["pageInfo"]["startCursor"] is None


@pytest.mark.parametrize(
    "variables",
    [
        {"first": -1},
        {"first": 201},
        {"last": 201},
        {"last": -1},
        {"first": 1, "last": 1},
        {"after": ""},
        {"after": "nonsense"},
        {"after": "bnVsbA=="},
        {"before": base64.b64encode(json.dumps([1, "x", "a", 1]).encode()).decode()},
        {"after": base64.b64encode(b"[" * 900).decode()},
        {"filter": {"instanceId": "nonsense"}},
        {"filter": {"instanceId": global_id("Database", 1)}},
    ],
)
async def test_senseless_pages_are_refused(door: Door, variables: dict[str, Any]) -> None:
    assert await door.code(PAGE, variables) == "BAD_USER_INPUT"


async def test_a_cursor_of_another_order_or_list_is_refused(db: Database, door: Door) -> None:
    await make_five(db)
    async with db.write() as session:
        await make_tag(session)
    by_size = await page(door, first=1, orderBy={"field": "SIZE"})
    tags = await door.data("{ tags { pageInfo { endCursor } } }")

    for cursor in (by_size["pageInfo"]["endCursor"], tags["tags"]["pageInfo"]["endCursor"]):
        assert await door.code(PAGE, {"after": cursor}) == "BAD_USER_INPUT"


@pytest.mark.parametrize("values", [[2**70], [-(2**70)], [1.5], ["x"], [True], [None], [[1]], [{}]])
@pytest.mark.parametrize("at", [2, 3, -1])
async def test_a_forged_cursor_is_refused(
    db: Database, door: Door, values: list[Any], at: int
) -> None:
    await make_five(db)
    order = {"field": "SIZE"}
    real = (await page(door, first=2, orderBy=order))["pageInfo"]["endCursor"]
    forged = json.loads(base64.b64decode(real))
    forged[at] = values[0]
    cursor = base64.b64encode(json.dumps(forged).encode()).decode()

    answer = await door.answer(PAGE, {"after": cursor, "orderBy": order})

    codes = [error["extensions"]["code"] for error in answer.get("errors", ())]
    assert codes in ([], ["BAD_USER_INPUT"])


async def test_omitted_and_null_filters_mean_their_defaults(db: Database, door: Door) -> None:
    async with db.write() as session:
        instance = await make_instance(session)
        await make_database(session, instance, name="old", is_active=False)
        await make_database(session, instance, name="new")

    assert names(await page(door)) == ["new"]
    assert names(await page(door, filter=None)) == ["new"]
    assert names(await page(door, filter={})) == ["new"]
    assert names(await page(door, filter={"activeOnly": False})) == ["new", "old"]


async def test_filters_take_global_ids_and_engines(db: Database, door: Door) -> None:
    async with db.write() as session:
        one = await make_database(session, name="one")
        await make_database(session, name="two")

    by_instance = {"instanceId": global_id("Instance", one.instance_id)}
    assert names(await page(door, filter=by_instance)) == ["one"]
    assert names(await page(door, filter={"engines": ["POSTGRESQL"]})) == ["one", "two"]
    assert names(await page(door, filter={"engines": ["ORACLE"]})) == []
    assert names(await page(door, filter={"search": "%"})) == []
    assert names(await page(door, filter={"minSizeBytes": 2**63 - 1})) == []


async def test_table_sizes_take_longer_pages(db: Database, door: Door) -> None:
    async with db.write() as session:
        database = await make_database(session)
        await make_table_sizes(session, database, range(3))
    query = """query ($id: ID!, $first: Int) { database(id: $id) {
        tableSizes(first: $first) { nodes { sizeBytes } } } }"""
    variables = {"id": global_id("Database", database.id)}

    data = await door.data(query, variables | {"first": 2000})

    assert [node["sizeBytes"] for node in data["database"]["tableSizes"]["nodes"]] == [2, 1, 0]
    assert await door.code(query, variables | {"first": 2001}) == "BAD_USER_INPUT"
