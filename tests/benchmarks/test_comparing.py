"""Whether what is compared gives the same answers at all."""

import asyncio
import json
from collections.abc import Iterator
from dataclasses import replace

import asyncpg
import pytest

from benchmarks import estates
from benchmarks.comparing import compare, refuses_strangers
from benchmarks.installation import make_token, opened
from benchmarks.questions import Question, questions
from benchmarks.servers import Server, running
from benchmarks.shapes import shapes
from whalefall.db import migrate
from whalefall.embedded import EmbeddedPostgres
from whalefall.settings import Settings

BY_HAND = ["hand", "text"]


@pytest.fixture(scope="module")
def estate(
    postgres: EmbeddedPostgres, settings: Settings, tmp_path_factory: pytest.TempPathFactory
) -> Settings:
    """An installation with the small estate, in a database beside that of the other tests."""

    async def create() -> None:
        connection = await asyncpg.connect(postgres.superuser_url)
        await connection.execute("CREATE DATABASE estate")
        await connection.close()

    url = postgres.superuser_url.rpartition("/")[0] + "/estate"
    asyncio.run(create())
    migrate(url)
    asyncio.run(estates.build(url, estates.SIZES["S"]))
    return replace(settings, database_url=url, state_dir=tmp_path_factory.mktemp("estate"))


@pytest.fixture(scope="module")
def token(estate: Settings) -> str:
    async def make() -> str:
        async with opened(estate) as db:
            return await make_token(db)

    return asyncio.run(make())


@pytest.fixture(scope="module")
def servers(estate: Settings, token: str) -> Iterator[list[Server]]:
    with running(["whalefall", *BY_HAND], estate, token) as servers:
        yield servers


@pytest.fixture(scope="module")
def places(estate: Settings) -> estates.Places:
    return asyncio.run(estates.find_places(estate.database_url))


def test_whalefall_answers_every_question_as_sql_does(
    servers: list[Server], places: estates.Places
) -> None:
    compared = {question.name: compare(servers, question) for question in _all(places)}

    assert compared["nested"] > 4000 * 6
    assert compared["tables"] > 2000 * 6


def test_whalefall_answers_every_shape_as_sql_does(
    servers: list[Server], places: estates.Places
) -> None:
    whalefall, hand, _ = servers

    for question in shapes(places):
        assert compare([whalefall, hand], question) > 1


def test_nobody_is_answered_without_a_token(servers: list[Server], places: estates.Places) -> None:
    for server in servers:
        refuses_strangers(server, _all(places)[0])


def test_an_answer_with_one_row_less_is_noticed(
    servers: list[Server], places: estates.Places
) -> None:
    whalefall, hand, _ = servers
    ledger = questions(places)["ledger"]
    document = ledger.document("question").replace("50", "49")
    shorter = replace(whalefall, bodies={"ledger": json.dumps({"query": document})})

    with pytest.raises(AssertionError, match="ledger: whalefall, hand: "):
        compare([shorter, hand], ledger)


def _all(places: estates.Places) -> list[Question]:
    return list(questions(places).values())
