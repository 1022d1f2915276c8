"""People who can sign in."""

from datetime import timedelta

import pytest
from argon2 import PasswordHasher
from sqlalchemy import text

from whalefall import crypto
from whalefall.auth import Actor, Role
from whalefall.db import Database
from whalefall.resolvers.users import UserRow, create_user

PASSWORD = "correct horse"
SYSTEM = Actor.system("test")


@pytest.fixture(autouse=True)
def quick_hashes(monkeypatch: pytest.MonkeyPatch) -> None:
    """argon2id with parameters that protect nothing: these tests are not about its cost."""
    monkeypatch.setattr(crypto, "HASHER", PasswordHasher(time_cost=1, memory_cost=8, parallelism=1))


@pytest.fixture
async def otto_user(db: Database) -> UserRow:
    """Otto, who operates."""
    async with db.write() as session:
        return await create_user(session, SYSTEM, "otto", PASSWORD, Role.OPERATOR)


async def backdate(db: Database, table: str, column: str, by: timedelta) -> None:
    """Let time pass for the rows of a table."""
    async with db.write() as session:
        await session.execute(
            text(f"UPDATE {table} SET {column} = {column} - CAST(:by AS interval)"), {"by": by}
        )
