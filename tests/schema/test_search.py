"""The search field."""

import pytest

from tests.factories import VERA, make_database, make_instance, make_named_tables
from tests.schema.conftest import Door
from tests.schema.test_cost import cost_of
from whalefall.db import Database
from whalefall.schema.search import SEARCH_COST

SEARCH = """query ($text: String!, $first: Int) { search(text: $text, first: $first) {
  instances { name host engine isFuzzy instance { id name } }
  databases { name instanceName database { name instance { name } } }
  tables { schemaName tableName databaseName instanceName isFuzzy
           table { tableName database { name } } } } }"""


async def test_hits_lead_to_what_they_name(door: Door, db: Database) -> None:
    async with db.write() as session:
        instance = await make_instance(session, name="shop-1")
        database = await make_database(session, instance, name="shop")
        await make_named_tables(session, database, "shops")

    found = (await door.data(SEARCH, {"text": "shop"}, actor=VERA))["search"]

    (one,) = found["instances"]
    assert (one["name"], one["instance"]["name"], one["isFuzzy"]) == ("shop-1", "shop-1", False)
    (one,) = found["databases"]
    assert one["database"] == {"name": "shop", "instance": {"name": "shop-1"}}
    (one,) = found["tables"]
    assert (one["databaseName"], one["instanceName"]) == ("shop", "shop-1")
    assert one["table"] == {"tableName": "shops", "database": {"name": "shop"}}


@pytest.mark.parametrize("asked", [{"text": ""}, {"text": "x" * 101}, {"text": "a", "first": 51}])
async def test_what_does_not_fit_is_refused(door: Door, asked: dict[str, object]) -> None:
    assert await door.code(SEARCH, asked) == "BAD_USER_INPUT"


def test_it_costs_a_lot_by_itself_and_a_field_for_each_hit() -> None:
    query = 'query ($n: Int) { search(text: "a", first: $n) { tables { tableName table { id } } } }'

    assert cost_of(query, n=7) == SEARCH_COST + 1 + 7 * 3
    assert cost_of(query, n=1000) == SEARCH_COST + 1 + 50 * 3
