"""Clients of others at a whole installation: pages, mutations, errors, caches and events."""

import json
from pathlib import Path
from typing import Any

import pytest

from tests.clients import codegen
from tests.clients.node import run_script
from tests.installation import Installation, run
from whalefall.schema.build import make_schema

FOLDER = Path(__file__).parent
CLIENTS = ("apollo", "urql", "ariadne")
CACHING = ("apollo", "urql")


@pytest.fixture(scope="module", params=CLIENTS)
def client(request: pytest.FixtureRequest) -> str:
    name: str = request.param
    return name


@pytest.fixture(scope="module")
async def got(
    client: str, installation: Installation, tmp_path_factory: pytest.TempPathFactory
) -> Any:
    """What the client got."""
    if client == "ariadne":
        return await run_generated(installation, tmp_path_factory.mktemp("generated"))
    return await run_script(f"suite/{client}.mjs", **installation.environment)


async def run_generated(installation: Installation, folder: Path) -> Any:
    """Generate the client, as a release of the schema would have others do it, and run it."""
    codegen.generate(make_schema().as_str(), FOLDER / "operations.graphql", folder)
    environment = {**installation.environment, "PYTHONPATH": str(folder)}
    done = await run(str(codegen.PYTHON), str(FOLDER / "ariadne.py"), environment=environment)
    assert done.status == 0, done.errors
    return json.loads(done.output)


def test_all_pages_make_one_list(got: Any) -> None:
    assert got["pages"] == {
        "fetched": 3,
        "names": ["archive", "warehouse", "billing", "crm", "shop"],
    }


def test_one_query_goes_along_many_relations(got: Any) -> None:
    database = got["database"]

    assert database["firstSeenOn"] == "2026-01-01"
    assert [tag["name"] for tag in database["instance"]["tags"]] == ["production"]
    assert database["instance"]["connection"]["state"] == "GOOD"
    tables = [table["tableName"] for table in database["tableSizes"]["nodes"]]
    assert tables == ["customers", "orders"]


def test_fragments_on_node_find_their_types(got: Any) -> None:
    instance, database = got["nodes"]

    assert (instance["name"], instance["engine"]) == ("eu-shop", "POSTGRESQL")
    assert (database["name"], database["freshness"]) == ("shop", "FRESH")


def test_a_mutation_says_in_its_payload_why_it_was_refused(got: Any) -> None:
    (error,) = got["refused"]["errors"]

    assert got["refused"]["session"] is None
    assert (error["code"], error["field"]) == ("BAD_USER_INPUT", ["input", "waitSeconds"])


def test_every_top_level_error_has_its_code(got: Any) -> None:
    assert got["codes"] == {
        "cursor": "BAD_USER_INPUT",
        "document": "GRAPHQL_VALIDATION_FAILED",
        "variables": "BAD_USER_INPUT",
        "token": "TOKEN_INVALID",
    }


def test_a_session_is_followed_to_its_end(got: Any) -> None:
    statuses = got["followed"]["statuses"]

    assert statuses[-1] == "COMPLETED"
    assert statuses.count("COMPLETED") == 1


def test_a_mutation_changes_the_object(got: Any, client: str) -> None:
    assert got["described"]["errors"] == []
    assert got["described"]["instance"]["description"] == f"described by {client}"


@pytest.mark.parametrize("client", CACHING, indirect=True)
def test_a_cache_knows_objects_by_their_ids(got: Any, client: str) -> None:
    """A query for the instance and one for the session, answered by what others brought."""
    instance = got["described"]["instance"]

    assert (instance["name"], instance["description"]) == ("eu-shop", f"described by {client}")
    assert got["followed"]["known"] == "COMPLETED"
    assert got["complaints"] == []
