"""The commands behind ./run: what they print, and what they leave."""

import asyncio
from collections.abc import Awaitable, Callable

import pytest

from tests.conftest import empty
from tests.factories import make_credential
from whalefall.__main__ import main
from whalefall.crypto import KeyRing, generate_key_line
from whalefall.db import Database
from whalefall.settings import Settings


def with_database(settings: Settings, deed: Callable[[Database], Awaitable[None]]) -> None:
    async def run() -> None:
        db = Database.of(settings)
        await db.open()
        await deed(db)
        await db.close()

    asyncio.run(run())


def test_a_rotation_says_how_far_it_is_and_which_keys_are_needed(
    settings: Settings, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    async def two_credentials(db: Database) -> None:
        async with db.write() as session:
            for password in ("one", "two"):
                await make_credential(session, db.keys, password)

    with_database(settings, two_credentials)
    new, old = generate_key_line(), settings.secret_keys
    monkeypatch.setenv("WHALEFALL_DATABASE_URL", settings.database_url)
    monkeypatch.setenv("WHALEFALL_SECRET_KEYS", f"{new},{old}")
    monkeypatch.setattr("sys.argv", ["run", "rotate-keys"])

    code = main()
    with_database(settings, empty)

    assert code == 0
    assert capsys.readouterr().out.splitlines() == [
        "1 of 2 re-encrypted",
        "2 of 2 re-encrypted",
        "2 credentials encrypted anew",
        f"key {KeyRing.from_text(new).current_id}: encrypts 2 credentials, current",
        f"key {KeyRing.from_text(old).current_id}: unused by credentials",
    ]
