"""GraphQL over HTTP as its authors audit it, against the application as it is served."""

from collections import Counter
from collections.abc import AsyncIterator
from typing import Any

import pytest

from tests.clients.node import run_script
from tests.conftest import empty
from tests.resolvers.users.conftest import PASSWORD, SYSTEM
from tests.sockets import serving
from whalefall.app import create_app
from whalefall.auth import Role
from whalefall.db import Database
from whalefall.resolvers.users import create_api_token, create_user
from whalefall.settings import Settings

AUDITS = 61


@pytest.fixture(scope="module")
async def said(opened_database: Database, settings: Settings) -> AsyncIterator[Any]:
    """What the audits find, and what becomes of their GETs without the header."""
    async with opened_database.write() as session:
        await create_user(session, SYSTEM, "ada", PASSWORD, Role.ADMIN)
        token = await create_api_token(session, SYSTEM, "ada", "audits")
    app = create_app(settings)
    app.state.db = opened_database
    async with serving(app) as site:
        address = f"http://127.0.0.1:{site.port}/graphql"
        yield await run_script("audits.mjs", ADDRESS=address, TOKEN=token)
    app.state.broker.close()
    await empty(opened_database)


async def test_every_audit_passes(said: Any) -> None:
    failed = [audit for audit in said["audits"] if audit["status"] != "ok"]

    assert failed == []
    assert len({audit["id"] for audit in said["audits"]}) == AUDITS
    levels = Counter(audit["name"].split()[0] for audit in said["audits"])
    assert levels.keys() == {"MUST", "SHOULD", "MAY"}


async def test_what_a_link_could_ask_is_refused(said: Any) -> None:
    assert len(said["links"]) >= 4
    for answer in said["links"]:
        assert answer["status"] == 400
        assert answer.get("data") is None
        assert answer["code"] == "BAD_USER_INPUT"
