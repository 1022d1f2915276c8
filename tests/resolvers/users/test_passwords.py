"""Changing one's own password: what it ends, what it keeps, and how often one may guess."""

import asyncio
from dataclasses import replace
from typing import Any

import pytest
from sqlalchemy import func, select, update

from tests.resolvers.users.conftest import PASSWORD, SYSTEM
from whalefall import crypto
from whalefall.auth import NOBODY, Actor
from whalefall.db import Database
from whalefall.domain.checks import Problems
from whalefall.errors import AuthenticationRequired, Code, PermissionRequired, Problem
from whalefall.models.logs import AuditEntry
from whalefall.models.users import LoginAttempt, User
from whalefall.resolvers.users import (
    SignedIn,
    TooManyAttempts,
    UserRow,
    actor_of_session,
    actor_of_token,
    change_password,
    create_api_token,
    issue_tokens,
    sign_in,
)
from whalefall.resolvers.users.throttle import PER_ACCOUNT

NEW = "battery staple"
ADDRESS = "198.51.100.1"


async def enter(db: Database, password: str = PASSWORD) -> SignedIn:
    return await sign_in(db, "otto", password, address=ADDRESS, user_agent="Firefox")


async def change(db: Database, actor: Actor, old: str = PASSWORD, new: str = NEW) -> SignedIn:
    return await change_password(db, actor, old, new, address=ADDRESS, user_agent="Firefox")


async def codes(db: Database, actor: Actor, old: str, new: str) -> list[tuple[Code, Any]]:
    with pytest.raises(Problems) as caught:
        await change(db, actor, old, new)
    return [(each.problem_code, each.field) for each in caught.value.problems]


@pytest.fixture
async def otto_here(db: Database, otto_user: UserRow) -> Actor:
    """Otto, signed in."""
    return await actor_of_session(db, (await enter(db)).token)


async def test_all_other_ways_in_end_and_one_s_own_goes_on(db: Database, otto_here: Actor) -> None:
    elsewhere = await enter(db)
    tokens = await issue_tokens(db, elsewhere)
    async with db.write() as session:
        api_token = await create_api_token(session, SYSTEM, "otto", "ci")

    changed = await change(db, otto_here)

    assert await actor_of_session(db, elsewhere.token) is NOBODY
    for token in (tokens.access_token, api_token):
        with pytest.raises(Problem):
            await actor_of_token(db, token)
    again = await actor_of_session(db, changed.token)
    assert (again.user_id, again.session_id) == (otto_here.user_id, changed.session_id)
    assert again.session_id != otto_here.session_id
    assert (await enter(db, NEW)).user.username == "otto"


async def test_who_had_to_change_it_has_rights_again(db: Database, otto_here: Actor) -> None:
    async with db.write() as session:
        await session.execute(update(User).values(must_change_password=True))
    waiting = await actor_of_session(db, (await enter(db)).token)
    assert (waiting.is_signed_in, waiting.permissions) == (True, frozenset())

    changed = await change(db, waiting)

    assert (await actor_of_session(db, changed.token)).permissions == otto_here.permissions


async def test_everything_that_is_wrong_is_said_at_once(db: Database, otto_here: Actor) -> None:
    wrong = (Code.INVALID_CREDENTIALS, ("old_password",))
    invalid = (Code.PASSWORD_INVALID, ("new_password",))

    assert await codes(db, otto_here, "wrong horse", NEW) == [wrong]
    assert await codes(db, otto_here, PASSWORD, "password123") == [invalid]
    assert await codes(db, otto_here, "wrong horse", "short") == [wrong, invalid]
    same = await codes(db, otto_here, PASSWORD, PASSWORD)
    assert same == [(Code.PASSWORD_DUPLICATED, ("new_password",))]
    assert (await enter(db)).user.username == "otto"


async def test_guesses_count_together_with_those_to_sign_in(db: Database, otto_here: Actor) -> None:
    for _ in range(PER_ACCOUNT - 1):
        await codes(db, otto_here, "wrong horse", NEW)
    with pytest.raises(Problem):
        await enter(db, "wrong horse")

    with pytest.raises(TooManyAttempts) as caught:
        await change(db, otto_here)

    assert caught.value.wait_seconds > 0
    with pytest.raises(TooManyAttempts):
        await enter(db)


async def test_a_success_forgives_what_came_before(db: Database, otto_here: Actor) -> None:
    await codes(db, otto_here, "wrong horse", NEW)

    await change(db, otto_here)

    async with db.read() as session:
        assert (await session.execute(select(func.count(LoginAttempt.id)))).scalar() == 0


async def test_every_attempt_is_audited_and_no_password_with_it(
    db: Database, otto_here: Actor
) -> None:
    await codes(db, otto_here, "wrong horse", NEW)
    await change(db, otto_here)

    async with db.read() as session:
        entries = (await session.execute(select(AuditEntry).order_by(AuditEntry.id))).scalars()
        told = [(entry.action, entry.actor_id, str(entry.after)) for entry in entries]
    assert [action for action, *_ in told][-3:] == [
        "user.password_change_failed",
        "user.access_revoked",
        "user.password_changed",
    ]
    assert {who for _, who, _ in told[-3:]} == {otto_here.user_id}
    assert not [text for *_, text in told if "horse" in text or "staple" in text]


async def test_of_two_changes_at_once_one_wins(db: Database, otto_here: Actor) -> None:
    outcomes = await asyncio.gather(
        change(db, otto_here, new=NEW),
        change(db, otto_here, new=NEW + " 2"),
        return_exceptions=True,
    )

    (lost,) = (each for each in outcomes if isinstance(each, Problem))
    assert lost.problem_code is Code.INVALID_CREDENTIALS
    (won,) = (each for each in outcomes if isinstance(each, SignedIn))
    assert (await actor_of_session(db, won.token)).name == "otto"


async def test_right_and_wrong_cost_one_comparison_each(
    db: Database, otto_here: Actor, monkeypatch: pytest.MonkeyPatch
) -> None:
    compared = []
    check = crypto.check_password

    async def counted(stored: str | None, password: str) -> bool:
        compared.append(password)
        return await check(stored, password)

    monkeypatch.setattr(crypto, "check_password", counted)

    await codes(db, otto_here, "wrong horse", "short")
    await codes(db, otto_here, PASSWORD, "short")

    assert compared == ["wrong horse", PASSWORD]


async def test_only_a_person_who_is_signed_in_has_a_password_to_change(
    db: Database, otto_here: Actor
) -> None:
    with pytest.raises(AuthenticationRequired):
        await change(db, NOBODY)
    for actor in (SYSTEM, replace(otto_here, session_id=None, token_id=1)):
        with pytest.raises(PermissionRequired):
            await change(db, actor)
