"""Who asks: looked up anew on every request, so what changes counts from the next one."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta

import asyncpg
import pytest
from sqlalchemy import Executable, delete, event, select, update

from tests.resolvers.users.conftest import PASSWORD, SYSTEM, backdate
from whalefall.auth import NOBODY, PERMISSIONS, Permission, Role
from whalefall.db import Database, Statement
from whalefall.errors import Code, Refused
from whalefall.models.users import ApiToken, User, UserSession
from whalefall.resolvers.users import (
    UserRow,
    actor_of_session,
    actor_of_token,
    create_api_token,
    issue_tokens,
    sign_in,
)
from whalefall.resolvers.users.access_tokens import SignIn, make_access_token


@pytest.fixture
async def token(db: Database, otto_user: UserRow) -> str:
    """Of a browser session of Otto's."""
    signed_in = await sign_in(db, "otto", PASSWORD, address=None, user_agent=None)
    return signed_in.token


async def bearer(db: Database, **terms: object) -> str:
    async with db.write() as session:
        return await create_api_token(session, SYSTEM, "otto", "ci", **terms)  # type: ignore[arg-type]


@contextmanager
def listening(db: Database, listener: Callable[..., None]) -> Iterator[None]:
    """Calls `listener` before each statement of a session."""
    event.listen(db.engine.sync_engine, "before_cursor_execute", listener)
    try:
        yield
    finally:
        event.remove(db.engine.sync_engine, "before_cursor_execute", listener)


async def refusal(db: Database, token: str) -> Code:
    with pytest.raises(Refused) as caught:
        await actor_of_token(db, token)
    return caught.value.problem_code


async def test_a_role_change_counts_from_the_next_request(db: Database, token: str) -> None:
    assert (await actor_of_session(db, token)).permissions == PERMISSIONS[Role.OPERATOR]

    async with db.write() as session:
        await session.execute(update(User).values(role=Role.VIEWER))

    assert (await actor_of_session(db, token)).permissions == PERMISSIONS[Role.VIEWER]


async def test_disabling_counts_from_the_next_request(db: Database, token: str) -> None:
    api_token = await bearer(db)

    async with db.write() as session:
        await session.execute(update(User).values(is_active=False))

    assert await actor_of_session(db, token) is NOBODY
    assert await refusal(db, api_token) is Code.TOKEN_INVALID


@pytest.mark.parametrize("other", ["", "x", "\ud800", "\x00", "a" * 100_000])
async def test_a_made_up_session_is_nobodys(db: Database, token: str, other: str) -> None:
    assert await actor_of_session(db, other) is NOBODY


async def test_a_session_ends_after_twelve_idle_hours(db: Database, token: str) -> None:
    await backdate(db, "user_sessions", "last_seen_at", timedelta(hours=11, minutes=59))
    assert (await actor_of_session(db, token)).is_signed_in  # and was seen just now

    await backdate(db, "user_sessions", "last_seen_at", timedelta(hours=12))
    assert await actor_of_session(db, token) is NOBODY


async def test_a_session_ends_after_seven_days_however_busy(db: Database, token: str) -> None:
    await backdate(db, "user_sessions", "expires_at", timedelta(days=7))

    assert await actor_of_session(db, token) is NOBODY


async def test_use_is_noted_at_most_once_a_minute(db: Database, token: str) -> None:
    api_token = await bearer(db)
    await actor_of_token(db, api_token)
    with listening(db, lambda *_: pytest.fail("nothing was to be written")):
        await actor_of_session(db, token)
        await actor_of_token(db, api_token)

    await backdate(db, "user_sessions", "last_seen_at", timedelta(minutes=2))
    await backdate(db, "api_tokens", "last_used_at", timedelta(minutes=2))
    await actor_of_session(db, token)
    await actor_of_token(db, api_token)
    async with db.read() as session:
        seen = (await session.execute(select(UserSession.last_seen_at))).scalar_one()
        used = (await session.execute(select(ApiToken.last_used_at))).scalar_one()
    assert used is not None
    assert datetime.now(UTC) - min(seen, used) < timedelta(minutes=1)


async def test_a_database_that_only_reads_ends_no_session(db: Database, token: str) -> None:
    await backdate(db, "user_sessions", "last_seen_at", timedelta(minutes=2))

    def refuse(*_: object) -> None:
        raise ConnectionRefusedError

    with listening(db, refuse):
        actor = await actor_of_session(db, token)

    assert actor.name == "otto"


async def test_a_token_may_do_what_its_owner_may(db: Database, otto_user: UserRow) -> None:
    actor = await actor_of_token(db, await bearer(db))

    assert (actor.name, actor.user_id, actor.session_id) == ("otto", otto_user.id, None)
    assert actor.permissions == PERMISSIONS[Role.OPERATOR]


async def test_scopes_narrow_a_token_and_a_lesser_role_narrows_it_further(
    db: Database, otto_user: UserRow
) -> None:
    token = await bearer(db, scopes=[Permission.EXECUTE, Permission.VIEW])
    actor = await actor_of_token(db, token)
    assert actor.permissions == {Permission.EXECUTE, Permission.VIEW}

    async with db.write() as session:
        await session.execute(update(User).values(role=Role.VIEWER))

    assert (await actor_of_token(db, token)).permissions == {Permission.VIEW}


async def test_an_expired_token_says_so(db: Database, otto_user: UserRow) -> None:
    token = await bearer(db, expires_at=datetime.now(UTC) + timedelta(hours=1))
    assert (await actor_of_token(db, token)).is_signed_in

    await backdate(db, "api_tokens", "expires_at", timedelta(hours=1))

    assert await refusal(db, token) is Code.TOKEN_EXPIRED


async def test_a_revoked_or_made_up_token_is_invalid(db: Database, otto_user: UserRow) -> None:
    token = await bearer(db)
    async with db.write() as session:
        await session.execute(update(ApiToken).values(revoked_at=datetime.now(UTC)))

    assert await refusal(db, token) is Code.TOKEN_INVALID
    assert await refusal(db, "") is Code.TOKEN_INVALID
    assert await refusal(db, "wf_\ud800") is Code.TOKEN_INVALID


async def test_an_access_token_is_its_sign_ins_person_as_of_now(
    db: Database, otto_user: UserRow
) -> None:
    signed_in = await sign_in(db, "otto", PASSWORD, address=None, user_agent=None)
    access_token = (await issue_tokens(db, signed_in)).access_token

    actor = await actor_of_token(db, access_token)

    assert (actor.name, actor.user_id) == ("otto", otto_user.id)
    assert (actor.session_id, actor.token_id) == (signed_in.session_id, None)
    assert actor.permissions == PERMISSIONS[Role.OPERATOR]
    async with db.write() as session:
        await session.execute(update(User).values(role=Role.VIEWER))
    assert (await actor_of_token(db, access_token)).permissions == PERMISSIONS[Role.VIEWER]


@pytest.mark.parametrize(
    "change",
    [
        update(User).values(is_active=False),
        update(UserSession).values(revoked_at=datetime.now(UTC)),
        delete(UserSession),
        delete(User),
    ],
    ids=str,
)
async def test_an_access_token_is_dead_from_the_next_request(
    db: Database, otto_user: UserRow, change: Executable
) -> None:
    signed_in = await sign_in(db, "otto", PASSWORD, address=None, user_agent=None)
    access_token = (await issue_tokens(db, signed_in)).access_token
    assert (await actor_of_token(db, access_token)).is_signed_in

    async with db.write() as session:
        await session.execute(change)

    assert await refusal(db, access_token) is Code.TOKEN_INVALID


async def test_an_access_token_for_somebody_elses_session_is_invalid(
    db: Database, otto_user: UserRow
) -> None:
    signed_in = await sign_in(db, "otto", PASSWORD, address=None, user_agent=None)
    mixed = SignIn(user_id=otto_user.id + 1, session_id=signed_in.session_id)

    token = make_access_token(db.keys, mixed, datetime.now(UTC) + timedelta(minutes=1))

    assert await refusal(db, token) is Code.TOKEN_INVALID


async def test_a_bearer_is_looked_up_by_one_statement(
    db: Database, otto_user: UserRow, monkeypatch: pytest.MonkeyPatch
) -> None:
    signed_in = await sign_in(db, "otto", PASSWORD, address=None, user_agent=None)
    access_token, api_token = (await issue_tokens(db, signed_in)).access_token, await bearer(db)
    await actor_of_token(db, api_token)  # which notes its use
    asked: list[Statement] = []
    fetch = db.fetch

    async def counted(
        statements: Sequence[Statement], *, is_keyed: bool
    ) -> list[list[asyncpg.Record]]:
        asked.extend(statements)
        return await fetch(statements, is_keyed=is_keyed)

    monkeypatch.setattr(db, "fetch", counted)

    with listening(db, lambda *_: pytest.fail("no session is needed")):
        for token in (access_token, api_token):
            asked.clear()
            await actor_of_token(db, token)
            assert len(asked) == 1
