"""Rotation: every password moves to the current key, and what cannot is named."""

from collections.abc import AsyncIterator

import pytest
from sqlalchemy import select

from tests.factories import ADA, OTTO, make_credential
from whalefall.crypto import KeyRing, generate_key_line
from whalefall.db import Database
from whalefall.errors import Code, PermissionRequired, Problem
from whalefall.models.instances import Credential
from whalefall.models.logs import AuditEntry
from whalefall.resolvers.credentials import list_credential_keys, rotate_keys


@pytest.fixture
def old() -> KeyRing:
    return KeyRing.from_text(generate_key_line())


@pytest.fixture
async def rotating(db: Database, old: KeyRing) -> AsyncIterator[Database]:
    """The same database, whose ring has a new key before the old one."""
    new = KeyRing.from_text(generate_key_line())
    database = Database(db.settings, KeyRing({**new.keys, **old.keys}))
    await database.open()
    yield database
    await database.close()


async def passwords(db: Database) -> list[str]:
    async with db.read() as session:
        rows = (await session.execute(select(Credential).order_by(Credential.id))).scalars()
        current = KeyRing({db.keys.current_id: db.keys.keys[db.keys.current_id]})
        return [current.decrypt(row.key_id, row.password_ciphertext, row.id) for row in rows]


async def test_rotation_encrypts_all_with_the_current_key(rotating: Database, old: KeyRing) -> None:
    async with rotating.write() as session:
        await make_credential(session, old, "one")
        await make_credential(session, rotating.keys, "two")

    assert await rotate_keys(rotating, ADA) == 1
    assert await rotate_keys(rotating, ADA) == 0

    assert await passwords(rotating) == ["one", "two"]
    async with rotating.read() as session:
        entries = list((await session.execute(select(AuditEntry))).scalars())
    assert [entry.action for entry in entries] == ["credential.key_rotated"]


async def test_a_password_without_its_key_is_named_and_stops_nothing(
    rotating: Database, old: KeyRing
) -> None:
    async with rotating.write() as session:
        lost = await make_credential(session)
        await make_credential(session, old, "one")

    with pytest.raises(Problem, match=f"1 credentials encrypted anew.*{lost.id}") as caught:
        await rotate_keys(rotating, ADA)

    assert caught.value.problem_code is Code.CREDENTIAL_DECRYPT_FAILED
    async with rotating.write() as session:
        await session.delete(lost)
    assert await passwords(rotating) == ["one"]


async def test_an_interrupted_rotation_goes_on_where_it_stopped(
    rotating: Database, old: KeyRing
) -> None:
    async with rotating.write() as session:
        for password in ("one", "two", "three"):
            await make_credential(session, old, password)

    def stop_after_two(done: int, total: int) -> None:
        assert total == 3
        if done == 2:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        await rotate_keys(rotating, ADA, stop_after_two)
    told: list[tuple[int, int]] = []
    await rotate_keys(rotating, ADA, lambda done, total: told.append((done, total)))

    assert told == [(1, 1)]
    assert await passwords(rotating) == ["one", "two", "three"]


async def test_keys_say_how_many_credentials_need_them(rotating: Database, old: KeyRing) -> None:
    async with rotating.write() as session:
        await make_credential(session, old)
        await make_credential(session)

    async with rotating.read() as session:
        keys = await list_credential_keys(session, ADA, rotating.keys)

    assert [(key.key_id, key.count, key.is_current, key.is_known) for key in keys] == [
        (rotating.keys.current_id, 0, True, True),
        (old.current_id, 1, False, True),
        ("none", 1, False, False),
    ]


async def test_only_administrators_rotate_and_see_keys(db: Database) -> None:
    with pytest.raises(PermissionRequired):
        await rotate_keys(db, OTTO)
    async with db.read() as session:
        with pytest.raises(PermissionRequired):
            await list_credential_keys(session, OTTO, db.keys)
