"""Importing instances and counting them by GraphQL."""

import pytest

from tests.factories import OTTO, VERA, make_instance
from tests.schema.conftest import Door
from whalefall.db import Database

IMPORT = """mutation ($input: ImportInstancesInput!) { importInstances(input: $input) {
  rows { line name status errors { code message field } }
  createdCount readyCount refusedCount errors { code message field hint } } }"""
COUNT = "{ instances { totalCount } }"
STATISTICS = """{ instanceStatistics { total active inactive recycled withCredential
  withoutCredential engines { engine instances } versions { engine mainVersion instances }
  ports { port instances } connections { state instances } } }"""
CSV = "name,db_type,host,port\ngood,pg,db,\nbad,pg,db,0\n"
BAD = {
    "line": 3,
    "name": "bad",
    "status": "REFUSED",
    "errors": [
        {
            "code": "BAD_USER_INPUT",
            "message": "Enter a port from 1 to 65535.",
            "field": ["input", "csv", "3", "port"],
        }
    ],
}


async def test_rows_are_checked_unless_asked_otherwise(db: Database, door: Door) -> None:
    checked = (await door.data(IMPORT, {"input": {"csv": CSV}}))["importInstances"]

    assert checked == {
        "rows": [{"line": 2, "name": "good", "status": "READY", "errors": []}, BAD],
        "createdCount": 0,
        "readyCount": 1,
        "refusedCount": 1,
        "errors": [
            {
                "code": "BAD_USER_INPUT",
                "message": "1 of 2 rows cannot be added; see their errors.",
                "field": ["input", "csv"],
                "hint": None,
            }
        ],
    }
    assert (await door.data(COUNT))["instances"]["totalCount"] == 0


async def test_good_rows_are_added_beside_bad_ones(db: Database, door: Door) -> None:
    asked = {"input": {"csv": CSV, "dryRun": False}}

    added = (await door.data(IMPORT, asked))["importInstances"]

    assert added["rows"] == [{"line": 2, "name": "good", "status": "CREATED", "errors": []}, BAD]
    assert (added["createdCount"], added["refusedCount"]) == (1, 1)
    assert (await door.data(COUNT))["instances"]["totalCount"] == 1


@pytest.mark.parametrize("dry_run", [True, False])
async def test_a_file_that_is_none_of_ours_is_refused(
    db: Database, door: Door, dry_run: bool
) -> None:
    asked = {"input": {"csv": "name,colour\na,b\n", "dryRun": dry_run}}

    refused = (await door.data(IMPORT, asked))["importInstances"]

    assert (refused["rows"], refused["createdCount"]) == (None, None)
    assert refused["errors"][0]["field"] == ["input", "csv"]
    assert refused["errors"][0]["hint"].startswith("The columns are name, db_type")


async def test_thousands_of_bad_rows_are_told_by_a_number(db: Database, door: Door) -> None:
    csv = "name,db_type,host\n" + "".join(f"a{n},pg,no host\n" for n in range(3000)) + "z,pg,db\n"

    checked = (await door.data(IMPORT, {"input": {"csv": csv}}))["importInstances"]

    assert [row["name"] for row in checked["rows"]] == [*(f"a{n}" for n in range(100)), "z"]
    assert (checked["readyCount"], checked["refusedCount"]) == (1, 3000)
    assert checked["errors"][0]["message"].startswith("3,000 of 3,001 rows")


async def test_only_who_may_create_imports(db: Database, door: Door) -> None:
    for actor in (OTTO, VERA):
        assert (
            await door.code(IMPORT, {"input": {"csv": CSV}}, actor=actor) == "PERMISSION_REQUIRED"
        )


async def test_the_instances_are_summed_up(db: Database, door: Door) -> None:
    async with db.write() as session:
        await make_instance(session, main_version="18")
        await make_instance(session, is_active=False)

    found = (await door.data(STATISTICS, actor=VERA))["instanceStatistics"]

    assert found == {
        "total": 2,
        "active": 1,
        "inactive": 1,
        "recycled": 0,
        "withCredential": 0,
        "withoutCredential": 2,
        "engines": [{"engine": "POSTGRESQL", "instances": 2}],
        "versions": [
            {"engine": "POSTGRESQL", "mainVersion": "18", "instances": 1},
            {"engine": "POSTGRESQL", "mainVersion": None, "instances": 1},
        ],
        "ports": [{"port": 5432, "instances": 2}],
        "connections": [
            {"state": state, "instances": 2 if state == "UNKNOWN" else 0}
            for state in ("UNKNOWN", "GOOD", "STALE", "FAILED")
        ],
    }


async def test_lists_are_narrowed_by_what_the_statistics_count(db: Database, door: Door) -> None:
    async with db.write() as session:
        await make_instance(session, name="a", main_version="18", port=5433)
        await make_instance(session, name="b")
    query = "query ($filter: InstanceFilter) { instances(filter: $filter) { nodes { name } } }"
    filters = {"mainVersion": "18", "port": 5433}

    for name, value in filters.items():
        data = await door.data(query, {"filter": {name: value}})
        assert [row["name"] for row in data["instances"]["nodes"]] == ["a"]
    for filter, names in (({"mainVersion": ""}, ["b"]), ({"hasCredential": False}, ["a", "b"])):
        data = await door.data(query, {"filter": filter})
        assert [row["name"] for row in data["instances"]["nodes"]] == names
