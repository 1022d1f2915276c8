"""Ending every way in at once, and leaving none open for what is under way."""

import asyncio
from datetime import UTC, datetime

import pytest
from sqlalchemy import select, update

from tests.resolvers.users.conftest import PASSWORD, SYSTEM
from whalefall import crypto
from whalefall.auth import NOBODY, Actor, Role
from whalefall.db import Database
from whalefall.errors import AuthenticationRequired, Code, PermissionRequired, Refused
from whalefall.models.logs import AuditEntry
from whalefall.models.users import User
from whalefall.resolvers.users import (
    ApiTokenInput,
    UserRow,
    actor_of_session,
    actor_of_token,
    create_api_token,
    create_own_api_token,
    create_user,
    issue_tokens,
    refresh_access_token,
    revoke_all,
    sign_in,
)


async def enter(db: Database, username: str = "otto") -> str:
    """The cookie's token of a new session."""
    signed_in = await sign_in(db, username, PASSWORD, address=None, user_agent=None)
    return signed_in.token


async def change_password(db: Database, user_id: int) -> None:
    """As the operation for it has to: the row first, then what hangs on it."""
    async with db.write() as session:
        hashed = await crypto.hash_password("another " + PASSWORD)
        await session.execute(update(User).where(User.id == user_id).values(password_hash=hashed))
        await revoke_all(session, SYSTEM, user_id)


async def refused(db: Database, token: str) -> bool:
    try:
        await actor_of_token(db, token)
    except Refused as problem:
        return problem.problem_code is Code.TOKEN_INVALID
    return False


async def test_every_way_in_ends_and_nobody_elses(db: Database, otto_user: UserRow) -> None:
    async with db.write() as session:
        await create_user(session, SYSTEM, "vera", PASSWORD, Role.VIEWER)
        api_token = await create_api_token(session, SYSTEM, "otto", "ci")
        others = await create_api_token(session, SYSTEM, "vera", "ci")
    signed_in = await sign_in(db, "otto", PASSWORD, address=None, user_agent=None)
    tokens = await issue_tokens(db, signed_in)
    veras = await enter(db, "vera")

    async with db.write() as session:
        await revoke_all(session, SYSTEM, otto_user.id)

    assert await actor_of_session(db, signed_in.token) is NOBODY
    assert await refused(db, tokens.access_token)
    assert await refused(db, api_token)
    with pytest.raises(Refused):
        await refresh_access_token(db, tokens.refresh_token, address=None)
    assert (await actor_of_session(db, veras)).name == "vera"
    assert (await actor_of_token(db, others)).name == "vera"


async def test_the_audit_says_how_much_was_ended(db: Database, otto_user: UserRow) -> None:
    await enter(db)
    await enter(db)
    async with db.write() as session:
        await create_api_token(session, SYSTEM, "otto", "ci")

    async with db.write() as session:
        await revoke_all(session, SYSTEM, otto_user.id)
    async with db.write() as session:
        await revoke_all(session, SYSTEM, otto_user.id)

    async with db.read() as session:
        found = await session.execute(
            select(AuditEntry.object_id, AuditEntry.after)
            .where(AuditEntry.action == "user.access_revoked")
            .order_by(AuditEntry.id)
        )
        assert [tuple(row) for row in found] == [
            (otto_user.id, {"session_count": 2, "api_token_count": 1}),
            (otto_user.id, {"session_count": 0, "api_token_count": 0}),
        ]


async def test_one_may_end_ones_own_and_an_administrator_anybodys(
    db: Database, otto_user: UserRow, ada: Actor, vera: Actor
) -> None:
    otto = await actor_of_session(db, await enter(db))

    async with db.write() as session:
        await revoke_all(session, otto, otto_user.id)
        await revoke_all(session, ada, otto_user.id)
        with pytest.raises(PermissionRequired):
            await revoke_all(session, vera, otto_user.id)
        with pytest.raises(AuthenticationRequired):
            await revoke_all(session, NOBODY, otto_user.id)


async def test_a_sign_in_with_the_old_password_does_not_slip_through(
    db: Database, otto_user: UserRow, monkeypatch: pytest.MonkeyPatch
) -> None:
    check = crypto.check_password

    async def slowly(stored: str | None, password: str) -> bool:
        fits = await check(stored, password)
        await change_password(db, otto_user.id)  # meanwhile
        return fits

    monkeypatch.setattr(crypto, "check_password", slowly)

    with pytest.raises(Refused) as caught:
        await enter(db)

    assert caught.value.problem_code is Code.INVALID_CREDENTIALS


async def test_a_sign_in_of_who_is_disabled_meanwhile_does_not_slip_through(
    db: Database, otto_user: UserRow, monkeypatch: pytest.MonkeyPatch
) -> None:
    check = crypto.check_password

    async def slowly(stored: str | None, password: str) -> bool:
        fits = await check(stored, password)
        async with db.write() as session:
            await session.execute(update(User).values(is_active=False))
        return fits

    monkeypatch.setattr(crypto, "check_password", slowly)

    with pytest.raises(Refused):
        await enter(db)


async def test_a_token_that_is_made_meanwhile_is_ended_or_not_made(
    db: Database, otto_user: UserRow
) -> None:
    async def make(actor: Actor) -> str:
        async with db.write() as session:
            made = await create_own_api_token(session, actor, ApiTokenInput(name="late"))
        return made.token

    for _ in range(5):
        actor = await actor_of_session(db, await enter(db))
        async with db.write() as session:
            maker = await create_api_token(session, SYSTEM, "otto", "maker")
        program = await actor_of_token(db, maker)

        async def end() -> None:
            async with db.write() as session:
                await revoke_all(session, SYSTEM, otto_user.id)

        *made, _ = await asyncio.gather(make(actor), make(program), end(), return_exceptions=True)

        for token in made:
            if isinstance(token, str):
                assert await refused(db, token)
            else:
                assert isinstance(token, AuthenticationRequired)


async def test_who_was_signed_out_a_moment_ago_makes_no_token(
    db: Database, otto_user: UserRow
) -> None:
    actor = await actor_of_session(db, await enter(db))
    async with db.write() as session:
        maker = await create_api_token(session, SYSTEM, "otto", "maker")
    program = await actor_of_token(db, maker)
    async with db.write() as session:
        await revoke_all(session, SYSTEM, otto_user.id)

    wanted = ApiTokenInput(name="late", expires_at=datetime(9999, 1, 1, tzinfo=UTC))
    async with db.write() as session:
        for late in (actor, program):
            with pytest.raises(AuthenticationRequired):
                await create_own_api_token(session, late, wanted)
