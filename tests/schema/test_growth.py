"""Growth through GraphQL: beside the size, and over other days from history."""

from datetime import date, timedelta
from typing import Any

import pytest

from tests.factories import NOBODY, make_database, make_instance, make_size_stat
from tests.schema.conftest import Door
from whalefall.db import Database
from whalefall.resolvers.growth import save_growth

TODAY = date(2026, 6, 30)
GROWTH = "{ days bytes percent since }"


def ago(days: int) -> str:
    return str(TODAY - timedelta(days=days))


@pytest.fixture
async def history(db: Database) -> None:
    """One that grew, one that shrank and began with nothing, one without any past."""
    async with db.write() as session:
        instance = await make_instance(session)
        for name, sizes in {"a": [100, 110, 125], "b": [0, 6, 3], "c": [5]}.items():
            database = await make_database(session, instance, name=name, size_bytes=sizes[-1])
            for days, size in zip((0, 7, 30), reversed(sizes), strict=False):
                day = TODAY - timedelta(days=days)
                await make_size_stat(session, database, day, size_bytes=size)
        await save_growth(session, instance.id)


async def growths(door: Door, arguments: str, **variables: Any) -> list[Any]:
    names = "($days: Int!)" if variables else ""
    query = f"query {names} {{ databases {{ nodes {{ growth{arguments} {GROWTH} }} }} }}"
    data = await door.data(query, variables)
    return [node["growth"] for node in data["databases"]["nodes"]]


@pytest.mark.usefixtures("history")
@pytest.mark.parametrize("arguments", ["", "(days: 30)"])
async def test_growth_over_thirty_days_stands_beside_the_size(
    door: Door, plain_door: Door, arguments: str
) -> None:
    found = await growths(door, arguments)

    assert found == [
        {"days": 30, "bytes": 25, "percent": 25.0, "since": ago(30)},
        {"days": 30, "bytes": 3, "percent": None, "since": ago(30)},
        None,
    ]
    assert await growths(plain_door, arguments) == found


@pytest.mark.usefixtures("history")
async def test_one_document_asks_for_any_days(door: Door, plain_door: Door) -> None:
    found = {days: await growths(door, "(days: $days)", days=days) for days in (30, 7, 30, 60)}

    assert [growth and growth["bytes"] for growth in found[7]] == [15, -3, None]
    assert found[7][1] == {"days": 7, "bytes": -3, "percent": -50.0, "since": ago(7)}
    assert found[30] == await growths(plain_door, "(days: $days)", days=30)
    assert found[60][0] == {**found[30][0], "days": 60}


@pytest.mark.usefixtures("history")
@pytest.mark.parametrize("days", [0, 1831])
async def test_days_that_make_no_sense_are_refused(door: Door, days: int) -> None:
    query = f"{{ databases(first: 1) {{ nodes {{ growth(days: {days}) {GROWTH} }} }} }}"

    assert await door.code(query) == "BAD_USER_INPUT"


@pytest.mark.usefixtures("history")
async def test_the_ledger_is_ordered_by_growth_with_the_unknown_last(
    door: Door, plain_door: Door
) -> None:
    query = """query ($way: Direction!) {
        databases(orderBy: {field: GROWTH, direction: $way}) { nodes { name } } }"""

    for way, wanted in {"DESC": "abc", "ASC": "bac"}.items():
        for each in (door, plain_door):
            data = await each.data(query, {"way": way})
            assert "".join(node["name"] for node in data["databases"]["nodes"]) == wanted


STATISTICS = """{ databaseStatistics { active gone unreadable notCollected sized instanceCount
    totalSizeBytes averageSizeBytes largestSizeBytes engines { engine databases sizeBytes }
    instances { databases instance { name } } freshness { freshness databases }
    largest { name } fastestGrowing { name growth { bytes } } } }"""


@pytest.mark.usefixtures("history")
async def test_the_ledger_is_summed_up(door: Door) -> None:
    found = (await door.data(STATISTICS))["databaseStatistics"]

    assert (found["active"], found["sized"], found["totalSizeBytes"]) == (3, 3, 133)
    assert found["engines"] == [{"engine": "POSTGRESQL", "databases": 3, "sizeBytes": 133}]
    assert [share["databases"] for share in found["instances"]] == [3]
    assert [node["name"] for node in found["largest"]] == ["a", "c", "b"]
    assert found["fastestGrowing"] == [
        {"name": "a", "growth": {"bytes": 25}},
        {"name": "b", "growth": {"bytes": 3}},
    ]


async def test_nobody_sums_up_the_ledger(door: Door) -> None:
    assert await door.code("{ databaseStatistics { active } }", actor=NOBODY) == (
        "AUTHENTICATION_REQUIRED"
    )
