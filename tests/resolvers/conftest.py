"""A session for tests of operations: whatever they write is rolled back."""

from collections.abc import AsyncIterator

import pytest
from sqlalchemy.ext.asyncio import AsyncSession

from whalefall.crypto import KeyRing
from whalefall.db import Database, WriteSession


@pytest.fixture
async def session(opened_database: Database) -> AsyncIterator[WriteSession]:
    async with opened_database.engine.connect() as connection, connection.begin() as transaction:
        mode = "create_savepoint"
        async with AsyncSession(connection, join_transaction_mode=mode) as session:
            yield WriteSession(session)
        await transaction.rollback()


@pytest.fixture
def keys(opened_database: Database) -> KeyRing:
    """The ring of credential keys."""
    return opened_database.keys
