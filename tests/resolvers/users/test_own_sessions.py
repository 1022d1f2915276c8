"""One's own sessions: seen and ended by their owner, and by nobody else."""

from datetime import timedelta

import pytest
from sqlalchemy import select

from tests.factories import ADA
from tests.resolvers.users.conftest import PASSWORD, SYSTEM, backdate
from whalefall.auth import NOBODY, Actor, Role
from whalefall.db import Database
from whalefall.errors import NotFound, PermissionRequired
from whalefall.models.logs import AuditEntry
from whalefall.resolvers.users import (
    SignedIn,
    UserRow,
    actor_of_session,
    actor_of_token,
    create_api_token,
    create_user,
    issue_tokens,
    list_own_sessions,
    revoke_other_sessions,
    revoke_session,
    sign_in,
)


async def enter(db: Database, username: str = "otto", address: str = "198.51.100.1") -> SignedIn:
    return await sign_in(db, username, PASSWORD, address=address, user_agent="curl/8")


async def listed(db: Database, actor: Actor) -> list[int]:
    async with db.read() as session:
        return [row.id for row in (await list_own_sessions(session, actor)).rows]


@pytest.fixture
async def otto_here(db: Database, otto_user: UserRow) -> Actor:
    return await actor_of_session(db, (await enter(db)).token)


@pytest.fixture
async def vera_here(db: Database) -> Actor:
    """Somebody else, who administers."""
    async with db.write() as session:
        await create_user(session, SYSTEM, "vera", PASSWORD, Role.ADMIN)
    return await actor_of_session(db, (await enter(db, "vera")).token)


async def test_everybody_sees_their_own_the_last_seen_first(
    db: Database, otto_here: Actor, vera_here: Actor
) -> None:
    later = await enter(db)

    assert await listed(db, otto_here) == [later.session_id, otto_here.session_id]
    assert await listed(db, vera_here) == [vera_here.session_id]
    assert await listed(db, ADA) == []


async def test_what_nobody_can_call_by_any_more_is_not_listed(
    db: Database, otto_here: Actor
) -> None:
    by_tokens = await enter(db)
    await issue_tokens(db, by_tokens)
    await backdate(db, "user_sessions", "last_seen_at", timedelta(hours=13))
    assert await listed(db, otto_here) == [by_tokens.session_id]

    await backdate(db, "user_sessions", "expires_at", timedelta(days=8))

    assert await listed(db, otto_here) == []


async def test_one_session_is_ended_with_its_tokens(db: Database, otto_here: Actor) -> None:
    other = await enter(db, address="203.0.113.9")
    tokens = await issue_tokens(db, other)

    async with db.write() as session:
        await revoke_session(session, otto_here, other.session_id)

    assert await actor_of_session(db, other.token) is NOBODY
    with pytest.raises(Exception, match="not valid"):
        await actor_of_token(db, tokens.access_token)
    async with db.read() as session:
        found = select(AuditEntry).where(AuditEntry.action == "user.sessions_revoked")
        (entry,) = (await session.execute(found)).scalars()
    assert entry.before == {"sessions": [{"id": other.session_id, "address": "203.0.113.9"}]}
    with pytest.raises(NotFound):
        async with db.write() as session:
            await revoke_session(session, otto_here, other.session_id)


async def test_nobody_ends_another_persons_session(
    db: Database, otto_here: Actor, vera_here: Actor
) -> None:
    assert otto_here.session_id is not None
    with pytest.raises(NotFound):
        async with db.write() as session:
            await revoke_session(session, vera_here, otto_here.session_id)

    assert await listed(db, otto_here) == [otto_here.session_id]


async def test_all_others_end_and_the_one_that_asks_stays(
    db: Database, otto_here: Actor, vera_here: Actor
) -> None:
    for _ in range(2):
        await enter(db)

    async with db.write() as session:
        assert await revoke_other_sessions(session, otto_here) == 2

    assert await listed(db, otto_here) == [otto_here.session_id]
    assert await listed(db, vera_here) == [vera_here.session_id]


async def test_a_leaked_api_token_signs_nobody_out(db: Database, otto_here: Actor) -> None:
    async with db.write() as session:
        token = await create_api_token(session, SYSTEM, "otto", "ci")
    program = await actor_of_token(db, token)

    for end in (
        lambda session: revoke_session(session, program, otto_here.session_id or 0),
        lambda session: revoke_other_sessions(session, program),
    ):
        with pytest.raises(PermissionRequired):
            async with db.write() as session:
                await end(session)
    assert await listed(db, otto_here) == [otto_here.session_id]
