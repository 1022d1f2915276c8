"""Signing in: who may, how often one may try, and what nobody learns."""

import asyncio
from datetime import timedelta

import pytest
from argon2 import PasswordHasher
from sqlalchemy import func, select, update

from tests.resolvers.users.conftest import PASSWORD, backdate
from whalefall.auth import NOBODY
from whalefall.crypto import token_digest
from whalefall.db import Database
from whalefall.errors import BadInput, Code, Problem
from whalefall.models.logs import AuditEntry
from whalefall.models.users import LoginAttempt, User, UserSession
from whalefall.resolvers.users import (
    SignedIn,
    TooManyAttempts,
    UserRow,
    actor_of_session,
    sign_in,
    sign_out,
)
from whalefall.resolvers.users.throttle import PER_ACCOUNT, PER_ADDRESS, WINDOW, address_key


async def enter(
    db: Database, username: str = "otto", password: str = PASSWORD, address: str = "198.51.100.1"
) -> SignedIn:
    return await sign_in(db, username, password, address=address, user_agent="Firefox\n")


async def code_of(
    db: Database, username: str = "otto", password: str = "wrong", address: str = "198.51.100.1"
) -> Code:
    with pytest.raises(Problem) as caught:
        await enter(db, username, password, address)
    return caught.value.problem_code


async def test_the_right_password_begins_a_session(db: Database, otto_user: UserRow) -> None:
    signed_in = await enter(db)

    actor = await actor_of_session(db, signed_in.token)
    assert (actor.name, actor.user_id) == ("otto", otto_user.id)
    assert signed_in.user.last_login_at is not None
    async with db.read() as session:
        row = (await session.execute(select(UserSession))).scalar_one()
    assert (row.address, row.user_agent) == ("198.51.100.1", "Firefox")
    assert row.expires_at - row.created_at == timedelta(days=7)
    assert row.token_digest == token_digest(signed_in.token)


async def test_each_sign_in_has_its_own_id_and_csrf_token(db: Database, otto_user: UserRow) -> None:
    one, other = await enter(db), await enter(db)

    assert one.token != other.token
    assert one.csrf_token != other.csrf_token


async def test_unknown_and_wrong_are_told_apart_by_nothing(
    db: Database, otto_user: UserRow, monkeypatch: pytest.MonkeyPatch
) -> None:
    hashes = count_hashes(monkeypatch)
    statements = count_statements(db, monkeypatch)
    texts, costs = set(), set()

    for username in ("otto", "nobody", "ött'o", "x" * 100):
        before = len(hashes), len(statements)
        with pytest.raises(Problem) as caught:
            await enter(db, username, "wrong")
        texts.add((caught.value.message, caught.value.problem_code, caught.value.hint))
        costs.add((len(hashes) - before[0], len(statements) - before[1]))

    assert len(texts) == 1
    assert costs == {(1, 2)}


async def test_disabled_is_told_only_after_the_right_password(
    db: Database, otto_user: UserRow
) -> None:
    async with db.write() as session:
        await session.execute(update(User).values(is_active=False))

    assert await code_of(db) is Code.INVALID_CREDENTIALS
    assert await code_of(db, password=PASSWORD) is Code.ACCOUNT_DISABLED


@pytest.mark.parametrize(("username", "password"), [("", "x"), ("x", ""), (" ", "x"), ("x", " ")])
async def test_blanks_are_no_attempt(db: Database, username: str, password: str) -> None:
    with pytest.raises(BadInput):
        await enter(db, username, password)

    assert await attempts(db) == 0


async def test_an_account_is_tried_ten_times_then_one_waits(
    db: Database, otto_user: UserRow
) -> None:
    for _ in range(PER_ACCOUNT):
        assert await code_of(db) is Code.INVALID_CREDENTIALS

    with pytest.raises(TooManyAttempts) as caught:
        await enter(db, address="203.0.113.7")  # the right password, from elsewhere

    assert 0 < caught.value.wait_seconds <= WINDOW.total_seconds()
    assert caught.value.hint == "Try again in 15 minutes."
    assert await code_of(db, "OTTO ", address="203.0.113.7") is Code.RATE_LIMIT_EXCEEDED
    assert await attempts(db) == PER_ACCOUNT


async def test_an_account_that_does_not_exist_is_throttled_alike(db: Database) -> None:
    for _ in range(PER_ACCOUNT):
        assert await code_of(db, "ghost") is Code.INVALID_CREDENTIALS

    assert await code_of(db, "ghost") is Code.RATE_LIMIT_EXCEEDED


async def test_an_address_that_sprays_many_accounts_waits(db: Database) -> None:
    async with db.write() as session:
        session.add_all(
            LoginAttempt(username=f"user{n}", address="2001:db8::/64") for n in range(PER_ADDRESS)
        )

    assert await code_of(db, address="2001:db8::ffff") is Code.RATE_LIMIT_EXCEEDED
    assert await code_of(db, address="2001:db8:0:1::1") is Code.INVALID_CREDENTIALS


async def test_parallel_guesses_do_not_slip_under_the_limit(
    db: Database, otto_user: UserRow
) -> None:
    codes = await asyncio.gather(*(code_of(db) for _ in range(PER_ACCOUNT + 6)))

    assert codes.count(Code.INVALID_CREDENTIALS) == PER_ACCOUNT
    assert codes.count(Code.RATE_LIMIT_EXCEEDED) == 6


async def test_waiting_helps(db: Database, otto_user: UserRow) -> None:
    for _ in range(PER_ACCOUNT):
        await code_of(db)
    await backdate(db, "login_attempts", "attempted_at", WINDOW)

    assert (await enter(db)).user.username == "otto"


async def test_success_forgives_the_account_but_not_the_address(
    db: Database, otto_user: UserRow
) -> None:
    await code_of(db)
    await code_of(db, "ghost")

    await enter(db)

    async with db.read() as session:
        left = (await session.execute(select(LoginAttempt.username))).scalars().all()
    assert left == ["ghost"]


async def test_the_audit_knows_sign_ins_and_failures_but_no_mistyped_name(
    db: Database, otto_user: UserRow
) -> None:
    await code_of(db)
    await code_of(db, "my password typed in the wrong field")
    await sign_in_and_out(db)

    async with db.read() as session:
        entries = (await session.execute(select(AuditEntry).order_by(AuditEntry.id))).scalars()
        seen = [(entry.action, entry.object_id, entry.after) for entry in entries]
    failed = {"address": "198.51.100.1", "reason": "wrong password"}
    assert seen[1:] == [
        ("user.sign_in_failed", otto_user.id, {"username": "otto", **failed}),
        ("user.sign_in_failed", None, {"username": None, **failed}),
        ("user.signed_in", otto_user.id, {"address": "198.51.100.1"}),
        ("user.signed_out", otto_user.id, None),
    ]


async def test_signing_out_ends_this_session_only(db: Database, otto_user: UserRow) -> None:
    here, elsewhere = await enter(db), await enter(db)

    async with db.write() as session:
        await sign_out(session, await actor_of_session(db, here.token))

    assert await actor_of_session(db, here.token) is NOBODY
    assert (await actor_of_session(db, elsewhere.token)).name == "otto"


@pytest.mark.parametrize(
    ("address", "key"),
    [
        ("198.51.100.1", "198.51.100.1"),
        ("2001:db8::1", "2001:db8::/64"),
        ("", "unknown"),
        (None, "unknown"),
        ("<script>", "unknown"),
    ],
)
def test_an_ipv6_network_counts_as_one_address(address: str | None, key: str) -> None:
    assert address_key(address) == key


async def sign_in_and_out(db: Database) -> None:
    signed_in = await enter(db)
    async with db.write() as session:
        await sign_out(session, await actor_of_session(db, signed_in.token))


async def attempts(db: Database) -> int:
    async with db.read() as session:
        return (await session.execute(select(func.count()).select_from(LoginAttempt))).scalar_one()


def count_hashes(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    seen: list[str] = []
    verify = PasswordHasher.verify

    def counted(self: PasswordHasher, stored: str, password: bytes) -> bool:
        seen.append(stored)
        return verify(self, stored, password)

    monkeypatch.setattr(PasswordHasher, "verify", counted)
    return seen


def count_statements(db: Database, monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Transactions that write: the same for whoever is refused."""
    seen: list[int] = []
    write = db.write

    def counted() -> object:
        seen.append(1)
        return write()

    monkeypatch.setattr(db, "write", counted)
    return seen
