"""The privilege doctor's page: nothing is asked by a link, and everything it says by a button."""

from collections.abc import AsyncIterator

import pytest

from tests.factories import make_credential, make_instance
from tests.fake_engine import FAKE, FakeServer, registered
from tests.web.conftest import Browser, dom, texts
from whalefall.db import Database
from whalefall.errors import Code, TargetProblem


@pytest.fixture
async def fake(db: Database) -> AsyncIterator[tuple[str, FakeServer]]:
    """The address of the page, and the server that it asks."""
    with registered(FakeServer()) as server:
        async with db.write() as session:
            credential = await make_credential(session, keys=db.keys, username="looker")
            instance = await make_instance(
                session, engine=FAKE, host="127.0.0.1", port=1, credential_id=credential.id
            )
        yield f"/instances/{instance.id}/privileges", server


async def test_a_link_asks_nobody(fake: tuple[str, FakeServer], otto_browser: Browser) -> None:
    path, server = fake

    page = dom(await otto_browser.get(path))

    assert texts(page, "#privileges h2, #privileges h3, #privileges strong") != []
    assert page.cssselect(f'form[action="{path}"] button')
    assert server.connected == 0


async def test_a_viewer_is_told_whom_to_ask(
    fake: tuple[str, FakeServer], vera_browser: Browser
) -> None:
    path, _ = fake

    page = dom(await vera_browser.get(path))

    assert not page.cssselect(f'form[action="{path}"]')
    assert "Ask an operator" in texts(page, "#privileges")[0]


async def test_what_is_missing_and_too_much_is_named(
    fake: tuple[str, FakeServer], otto_browser: Browser
) -> None:
    path, server = fake
    server.missing_grants, server.excess = ["LOOK"], ["READ <all>"]

    answer = await otto_browser.post(path, target="privileges")

    part = dom(answer)
    assert answer.text.lstrip().startswith('<div class=stack id="privileges">')
    assert texts(part, "tbody tr td:nth-of-type(1)") == [*["Lacks a grant"] * 3, "Too much"]
    assert texts(part, "tbody tr td:nth-of-type(3)") == ["LOOK", "LOOK", "LOOK", "READ <all>"]
    assert texts(part, ".secret code") == ["MAKE looker; SHOW", "UNMAKE looker"]


async def test_without_script_the_whole_page_has_the_report(
    fake: tuple[str, FakeServer], otto_browser: Browser
) -> None:
    path, _ = fake

    page = dom(await otto_browser.post(path))

    assert texts(page, "h1") == ["Privileges"]
    assert "The account looker has what is needed, and no more" in texts(page, "#privileges")[0]


async def test_a_server_that_is_down_is_said_and_the_script_stays(
    fake: tuple[str, FakeServer], otto_browser: Browser
) -> None:
    path, server = fake
    server.problem = TargetProblem("It is down.", code=Code.DATABASE_CONNECTION_ERROR)

    page = dom(await otto_browser.post(path))

    assert "The server could not be asked" in texts(page, "[role=alert]")[0]
    assert not page.cssselect("#privileges table")
    assert texts(page, ".secret code")[1] == "UNMAKE looker"
