"""How people are planned, and that what goes wrong with one of them is noted."""

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import Any

import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import Route

from tests.scale.crowd import BEGIN, MIX, WAIT, Doing, do, planned_refreshes
from tests.scale.notes import Notes
from tests.scale.person import Person
from tests.scale.reading import PAGE
from tests.scale.site import Account, Site
from tests.sockets import serving
from whalefall.auth import Role
from whalefall.embedded.launch import free_port

LEDGER = MIX[0]


def ledger(length: int, *, has_next_page: bool, again: bool = False) -> dict[str, Any]:
    """An answer to the ledger's question, with so many rows."""
    rows = [
        {"id": "0" if again else str(number), "instance": {"id": "i"}} for number in range(length)
    ]
    info = {"hasNextPage": has_next_page, "endCursor": "c"}
    return {"data": {"databases": {"nodes": rows, "pageInfo": info}}}


@asynccontextmanager
async def somebody(answer: Response) -> AsyncIterator[Person]:
    """A person at a site that always gives the same answer."""

    async def give(_request: Request) -> Response:
        return answer

    async with (
        serving(Starlette(routes=[Route("/graphql", give, methods=["POST"])])) as served,
        Person(account(), site(served.port), Notes(), seed=0) as person,
    ):
        yield person


def account() -> Account:
    return Account(name="vera-1", role=Role.VIEWER, token="wf_none")


def site(port: int) -> Site:
    return Site(port=port, accounts=(account(),), refreshed=(), wide_id="", elsewhere=0)


async def test_a_right_answer_is_timed() -> None:
    async with somebody(JSONResponse(ledger(PAGE, has_next_page=True))) as person:
        await do(person, LEDGER)

    assert person.notes.failures == []
    assert len(person.notes.seconds[LEDGER.name]) == 1


@pytest.mark.parametrize(
    "answer",
    [
        JSONResponse(ledger(PAGE - 1, has_next_page=True)),
        JSONResponse(ledger(PAGE, has_next_page=True, again=True)),
        JSONResponse({**ledger(PAGE, has_next_page=True), "errors": [{"message": "no"}]}),
        JSONResponse(ledger(PAGE, has_next_page=True), 500),
        PlainTextResponse("{}"),
    ],
    ids=["short", "row again", "errors", "status", "kind"],
)
async def test_a_wrong_answer_is_a_failure(answer: Response) -> None:
    async with somebody(answer) as person:
        await do(person, LEDGER)

    assert person.notes.failed == 1
    assert person.notes.failures[0].startswith(f"{LEDGER.name}: AssertionError")


async def test_no_answer_is_a_failure() -> None:
    async with Person(account(), site(free_port()), Notes(), seed=0) as person:
        await do(person, LEDGER)

    assert person.notes.failed == 1
    assert person.notes.of() == []


@pytest.mark.parametrize(("seconds", "count"), [(600, 50), (60, 5), (30, 3), (1, 1)])
def test_five_refreshes_a_minute_are_planned(seconds: float, count: int) -> None:
    moments = [moment for moment, _ in planned_refreshes(seconds)]

    assert moments == [12 * turn for turn in range(count)]


def test_refreshes_are_waited_for_and_followed_in_turns() -> None:
    doings = [doing for _, doing in planned_refreshes(60)]

    assert doings == [WAIT, BEGIN, WAIT, BEGIN, WAIT]


def test_everything_that_is_done_has_a_name_of_its_own() -> None:
    names: Mapping[str, Doing] = {doing.name: doing for doing in (*MIX, WAIT, BEGIN)}

    assert len(names) == len(MIX) + 2
