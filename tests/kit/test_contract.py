"""What every adapter promises, held by one that came from outside."""

from typing import ClassVar

import pytest

from tests.adapters.contract import QUICK, AdapterContract
from tests.kit.adapter import SQLiteSession
from tests.kit.server import SQLiteServer
from whalefall.adapters.base import Adapter, TargetSession

FOR_EVER = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT max(i) FROM n"


class TestContract(AdapterContract):
    adapter: ClassVar[Adapter]
    product = "SQLite"
    measures_one_by_one = True

    @pytest.fixture(autouse=True)
    def its_own(self, server: SQLiteServer) -> None:
        type(self).adapter = server.adapter

    async def run_for_a_minute(self, session: TargetSession) -> None:
        assert isinstance(session, SQLiteSession)
        await session.rows(FOR_EVER)

    async def write(self, session: TargetSession, database: str) -> None:
        assert isinstance(session, SQLiteSession)
        await session.rows("CREATE TABLE ours (id INTEGER)")


async def test_every_byte_of_a_file_has_its_place(server: SQLiteServer) -> None:
    await server.create_database("shop")
    await server.create_tables("shop", [f"t{number}" for number in range(50)])
    await server.drop_table("shop", "t7")

    async with server.adapter.connect(server.target(), QUICK, database="shop") as session:
        tables = await session.table_sizes("shop")

    assert tables.reconciliation is not None
    assert tables.reconciliation.unattributed_bytes == 0
    assert tables.reconciliation.whole_bytes == (server.folder / "shop.sqlite").stat().st_size
