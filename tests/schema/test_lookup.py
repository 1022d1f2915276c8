"""Any object by its global id."""

import pytest

from tests.factories import (
    NOBODY,
    make_credential,
    make_database,
    make_instance,
    make_sync_record,
    make_table_sizes,
    make_tag,
    make_user,
)
from tests.schema.conftest import Door
from whalefall.db import Database
from whalefall.schema.ids import global_id

NODE = "query ($id: ID!) { node(id: $id) { __typename id } }"
NODES = "query ($ids: [ID!]!) { nodes(ids: $ids) { id } }"


async def test_a_node_of_every_type_is_found(db: Database, door: Door) -> None:
    async with db.write() as session:
        record = await make_sync_record(session)
        database = await make_database(session)
        (table,) = await make_table_sizes(session, database, [1])
        ids = {
            "Instance": database.instance_id,
            "Database": database.id,
            "TableSize": table.id,
            "Tag": (await make_tag(session)).id,
            "Credential": (await make_credential(session)).id,
            "User": (await make_user(session)).id,
            "SyncSession": record.session_id,
            "SyncRecord": record.id,
        }

    for type_name, row_id in ids.items():
        node = {"__typename": type_name, "id": global_id(type_name, row_id)}
        assert await door.data(NODE, {"id": node["id"]}) == {"node": node}


@pytest.mark.parametrize("type_name", ["Query", "Node", "PageInfo", "Nothing", "Mutation"])
async def test_what_is_no_node_has_no_id(door: Door, type_name: str) -> None:
    assert await door.code(NODE, {"id": global_id(type_name, 1)}) == "BAD_USER_INPUT"


async def test_an_unknown_node_is_null(door: Door) -> None:
    assert await door.data(NODE, {"id": global_id("Instance", 2**63 - 1)}) == {"node": None}


async def test_nodes_keep_their_places(db: Database, door: Door) -> None:
    async with db.write() as session:
        known = [global_id("Instance", (await make_instance(session)).id) for _ in range(2)]
    unknown = global_id("Instance", 4711)

    data = await door.data(NODES, {"ids": [known[1], unknown, known[0], known[1]]})

    assert data == {"nodes": [{"id": known[1]}, None, {"id": known[0]}, {"id": known[1]}]}


async def test_at_most_a_hundred_nodes_are_found_at_once(door: Door) -> None:
    ids = [global_id("Instance", number) for number in range(1, 102)]

    assert await door.data(NODES, {"ids": ids[:100]}) == {"nodes": [None] * 100}
    assert await door.code(NODES, {"ids": ids}) == "BAD_USER_INPUT"


async def test_nobody_finds_nothing(door: Door) -> None:
    variables = {"id": global_id("Instance", 1)}

    assert await door.code(NODE, variables, actor=NOBODY) == "AUTHENTICATION_REQUIRED"


@pytest.mark.parametrize("field", ["instance", "database", "credential", "syncSession"])
async def test_finding_one_refuses_ids_of_other_types(door: Door, field: str) -> None:
    query = f"query ($id: ID!) {{ {field}(id: $id) {{ id }} }}"

    assert await door.code(query, {"id": global_id("Tag", 1)}) == "BAD_USER_INPUT"
    assert await door.code(query, {"id": "nonsense"}) == "BAD_USER_INPUT"
    type_name = field[0].upper() + field[1:]
    assert await door.data(query, {"id": global_id(type_name, 99)}) == {field: None}
