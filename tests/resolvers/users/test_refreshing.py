"""Refresh tokens: each works once, and a second use ends the sign-in."""

import asyncio
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import func, select, update

from tests.log_lines import Lines, lines
from tests.resolvers.users.conftest import PASSWORD, backdate
from whalefall.auth import NOBODY
from whalefall.crypto import new_token, token_digest
from whalefall.db import Database
from whalefall.errors import Code, Refused
from whalefall.models.logs import AuditEntry
from whalefall.models.users import RefreshToken, User, UserSession
from whalefall.resolvers.users import (
    SignedIn,
    Tokens,
    UserRow,
    actor_of_session,
    actor_of_token,
    issue_tokens,
    refresh_access_token,
    sign_in,
    sign_out,
)
from whalefall.resolvers.users.refreshing import IDLE

__all__ = ["lines"]
ADDRESS = "198.51.100.1"


@pytest.fixture
async def signed_in(db: Database, otto_user: UserRow) -> SignedIn:
    return await sign_in(db, "otto", PASSWORD, address=ADDRESS, user_agent=None)


@pytest.fixture
async def tokens(db: Database, signed_in: SignedIn) -> Tokens:
    """The first ones of Otto's sign-in."""
    return await issue_tokens(db, signed_in)


async def refresh(db: Database, token: str) -> Tokens:
    return await refresh_access_token(db, token, address=ADDRESS)


async def refusal(db: Database, token: str) -> Code:
    with pytest.raises(Refused) as caught:
        await refresh(db, token)
    assert caught.value.field == ("refresh_token",)
    return caught.value.problem_code


async def works(db: Database, access_token: str) -> bool:
    try:
        return (await actor_of_token(db, access_token)).name == "otto"
    except Refused:
        return False


async def revoked_at(db: Database) -> datetime | None:
    async with db.read() as session:
        return (await session.execute(select(UserSession.revoked_at))).scalar_one()


async def test_a_sign_in_gets_tokens_that_work(
    db: Database, signed_in: SignedIn, tokens: Tokens
) -> None:
    left = tokens.expires_at - datetime.now(UTC)

    actor = await actor_of_token(db, tokens.access_token)

    assert (actor.name, actor.session_id) == ("otto", signed_in.session_id)
    assert timedelta(minutes=14, seconds=50) < left <= timedelta(minutes=15)
    assert tokens.refresh_token.startswith("wfr_")
    assert tokens.access_token not in repr(tokens)
    assert tokens.refresh_token not in repr(tokens)


async def test_a_refresh_token_is_stored_as_a_digest_only(db: Database, tokens: Tokens) -> None:
    async with db.read() as session:
        stored = (await session.execute(select(RefreshToken))).scalar_one()

    assert stored.digest == token_digest(tokens.refresh_token)
    assert stored.expires_at - stored.created_at == IDLE
    assert stored.spent_at is None


async def test_refreshing_gives_the_next_tokens_of_the_same_session(
    db: Database, signed_in: SignedIn, tokens: Tokens
) -> None:
    second = await refresh(db, tokens.refresh_token)
    third = await refresh(db, second.refresh_token)

    assert len({tokens.refresh_token, second.refresh_token, third.refresh_token}) == 3
    assert (await actor_of_token(db, third.access_token)).session_id == signed_in.session_id
    assert await works(db, tokens.access_token)  # until it expires by itself


async def test_neither_kind_of_token_does_for_the_other(db: Database, tokens: Tokens) -> None:
    with pytest.raises(Refused) as caught:
        await actor_of_token(db, tokens.refresh_token)

    assert caught.value.problem_code is Code.TOKEN_INVALID
    assert await refusal(db, tokens.access_token) is Code.TOKEN_INVALID
    assert await actor_of_session(db, tokens.refresh_token) is NOBODY
    assert await actor_of_session(db, tokens.access_token) is NOBODY


async def test_the_cookies_token_does_for_neither(
    db: Database, signed_in: SignedIn, tokens: Tokens
) -> None:
    assert await refusal(db, signed_in.token) is Code.TOKEN_INVALID
    assert not await works(db, signed_in.token)


@pytest.mark.parametrize(
    "token", ["", pytest.param("wfr_" + new_token(), id="new"), "\x00", "\ud800", "x" * 100_000]
)
async def test_an_unknown_token_changes_nothing(db: Database, tokens: Tokens, token: str) -> None:
    assert await refusal(db, token) is Code.TOKEN_INVALID

    assert await works(db, tokens.access_token)
    assert await revoked_at(db) is None


async def test_a_spent_token_ends_the_session_and_every_token_of_it(
    db: Database, signed_in: SignedIn, tokens: Tokens
) -> None:
    second = await refresh(db, tokens.refresh_token)

    assert await refusal(db, tokens.refresh_token) is Code.TOKEN_INVALID

    assert await refusal(db, second.refresh_token) is Code.TOKEN_INVALID
    assert not await works(db, tokens.access_token)
    assert not await works(db, second.access_token)
    assert await actor_of_session(db, signed_in.token) is NOBODY


async def test_an_old_spent_token_ends_it_too(db: Database, tokens: Tokens) -> None:
    second = await refresh(db, tokens.refresh_token)
    third = await refresh(db, second.refresh_token)
    async with db.write() as session:
        past = func.now() - timedelta(minutes=1)
        first = RefreshToken.digest == token_digest(tokens.refresh_token)
        await session.execute(update(RefreshToken).where(first).values(expires_at=past))

    assert await refusal(db, tokens.refresh_token) is Code.TOKEN_INVALID

    assert not await works(db, third.access_token)


async def test_another_sign_in_of_the_person_lives_on(db: Database, tokens: Tokens) -> None:
    other = await sign_in(db, "otto", PASSWORD, address=ADDRESS, user_agent=None)
    others = await issue_tokens(db, other)
    await refresh(db, tokens.refresh_token)

    await refusal(db, tokens.refresh_token)

    assert await works(db, others.access_token)
    assert (await refresh(db, others.refresh_token)).access_token


@pytest.mark.parametrize("callers", [2, 6])
async def test_of_many_uses_at_once_one_wins_and_no_session_is_left(
    db: Database, tokens: Tokens, callers: int
) -> None:
    results = await asyncio.gather(
        *(refresh(db, tokens.refresh_token) for _ in range(callers)), return_exceptions=True
    )

    won = [result for result in results if isinstance(result, Tokens)]
    lost = [result for result in results if isinstance(result, Refused)]
    assert (len(won), len(lost)) == (1, callers - 1)
    assert {problem.problem_code for problem in lost} == {Code.TOKEN_INVALID}
    assert not await works(db, won[0].access_token)
    assert await refusal(db, won[0].refresh_token) is Code.TOKEN_INVALID
    async with db.read() as session:
        count = select(func.count()).select_from(RefreshToken)
        assert (await session.execute(count)).scalar_one() == 2


async def test_reuse_is_audited_and_logged_once(
    db: Database, otto_user: UserRow, signed_in: SignedIn, tokens: Tokens, lines: Lines
) -> None:
    await refresh(db, tokens.refresh_token)
    for _ in range(3):
        await refusal(db, tokens.refresh_token)

    async with db.read() as session:
        entries = (await session.execute(select(AuditEntry).order_by(AuditEntry.id))).scalars()
        seen = [(e.action, e.actor_name, e.object_type, e.object_id, e.after) for e in entries]
    assert seen[-2:] == [
        (
            "access_token.refreshed",
            "otto",
            "UserSession",
            signed_in.session_id,
            {"address": ADDRESS},
        ),
        (
            "refresh_token.reused",
            "nobody",
            "UserSession",
            signed_in.session_id,
            {"user_id": otto_user.id, "address": ADDRESS},
        ),
    ]
    logged = [line for line in lines() if line["event"] == "refresh_token.reused"]
    assert [(line["level"], line["user_id"], line["session_id"]) for line in logged] == [
        ("warning", otto_user.id, signed_in.session_id)
    ]


async def test_two_days_unused_end_a_refresh_token(db: Database, tokens: Tokens) -> None:
    await backdate(db, "refresh_tokens", "expires_at", IDLE - timedelta(minutes=1))
    second = await refresh(db, tokens.refresh_token)

    await backdate(db, "refresh_tokens", "expires_at", IDLE)

    assert await refusal(db, second.refresh_token) is Code.TOKEN_EXPIRED
    assert await revoked_at(db) is None  # nobody has stolen anything


async def test_no_token_outlives_the_session(
    db: Database, signed_in: SignedIn, tokens: Tokens
) -> None:
    await backdate(db, "user_sessions", "expires_at", timedelta(days=6, hours=23, minutes=50))

    second = await refresh(db, tokens.refresh_token)

    async with db.read() as session:
        ends_at = (await session.execute(select(UserSession.expires_at))).scalar_one()
        latest = (await session.execute(select(func.max(RefreshToken.id)))).scalar_one()
        stored = await session.get_one(RefreshToken, latest)
    assert stored.expires_at == ends_at
    assert second.expires_at == ends_at.replace(microsecond=0)

    await backdate(db, "user_sessions", "expires_at", timedelta(minutes=10))
    assert await refusal(db, second.refresh_token) is Code.TOKEN_EXPIRED
    with pytest.raises(Refused) as caught:
        await actor_of_token(db, tokens.access_token)
    assert caught.value.problem_code is Code.TOKEN_EXPIRED


async def test_signing_out_by_a_bearer_ends_the_whole_sign_in(
    db: Database, signed_in: SignedIn, tokens: Tokens
) -> None:
    async with db.write() as session:
        await sign_out(session, await actor_of_token(db, tokens.access_token))

    assert not await works(db, tokens.access_token)
    assert await refusal(db, tokens.refresh_token) is Code.TOKEN_INVALID
    assert await actor_of_session(db, signed_in.token) is NOBODY


async def test_who_is_disabled_gets_no_more_tokens(db: Database, tokens: Tokens) -> None:
    async with db.write() as session:
        await session.execute(update(User).values(is_active=False))

    assert await refusal(db, tokens.refresh_token) is Code.TOKEN_INVALID
    assert not await works(db, tokens.access_token)


async def test_a_session_that_ends_while_its_token_is_used_leaves_nothing_alive(
    db: Database, signed_in: SignedIn, tokens: Tokens
) -> None:
    async def leave() -> None:
        async with db.write() as session:
            await sign_out(session, await actor_of_session(db, signed_in.token))

    got, _ = await asyncio.gather(
        refresh(db, tokens.refresh_token), leave(), return_exceptions=True
    )

    if isinstance(got, Tokens):
        assert not await works(db, got.access_token)
        assert await refusal(db, got.refresh_token) is Code.TOKEN_INVALID
    else:
        assert isinstance(got, Refused)
    assert await revoked_at(db) is not None
