"""Who may enter the demo when its secrets are given anew."""

from datetime import date, timedelta

import pytest

from tests.factories import ADA, make_database, make_size_stat
from tests.resolvers.users.conftest import quick_hashes
from whalefall.auth import NOBODY
from whalefall.db import Database, WriteSession
from whalefall.errors import Refused
from whalefall.resolvers.samples import save_sample_admin, save_sample_history
from whalefall.resolvers.users import actor_of_session, actor_of_token, create_api_token, sign_in

__all__ = ["quick_hashes"]
TOKEN = "wf_demo_token_0123456789abcdef"


async def save(db: Database, password: str) -> None:
    async with db.write() as session:
        await save_sample_admin(session, ADA, "admin", password, TOKEN)


async def test_another_password_ends_what_came_of_the_old_one_but_the_given_token(
    db: Database,
) -> None:
    await save(db, "correct horse")
    old = await sign_in(db, "admin", "correct horse", address=None, user_agent=None)
    async with db.write() as session:
        other = await create_api_token(session, ADA, "admin", "other")

    await save(db, "battery staple")

    assert await actor_of_session(db, old.token) is NOBODY
    with pytest.raises(Refused):
        await actor_of_token(db, other)
    assert (await actor_of_token(db, TOKEN)).name == "admin"
    assert await sign_in(db, "admin", "battery staple", address=None, user_agent=None)


async def test_the_same_secrets_change_nothing(db: Database) -> None:
    await save(db, "correct horse")
    signed_in = await sign_in(db, "admin", "correct horse", address=None, user_agent=None)

    await save(db, "correct horse")

    assert (await actor_of_session(db, signed_in.token)).name == "admin"
    assert (await actor_of_token(db, TOKEN)).name == "admin"


async def test_an_invented_past_tells_of_growth(session: WriteSession) -> None:
    database = await make_database(session, size_bytes=2**30)
    today = date(2026, 6, 30)
    await make_size_stat(session, database, today, size_bytes=2**30)

    await save_sample_history(session, ADA, database.instance_id, today=today)

    await session.refresh(database)
    assert database.growth_since == today - timedelta(days=30)
    assert database.growth_bytes is not None
    assert database.growth_bytes != 0
