"""The contract on a real Oracle, where WHALEFALL_TEST_ORACLE_DSN names one.

It makes and drops tablespaces called CONTRACT_…, with files of 20 MiB: for a database that nobody
needs.
"""

from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from typing import Any

import oracledb
import pytest

from tests.adapters.live import Live
from tests.adapters.wire_contract import WireContract
from whalefall.adapters.base import APPLICATION_NAME, Target, TargetSession
from whalefall.adapters.oracle import OracleAdapter
from whalefall.adapters.oracle.session import OracleSession
from whalefall.domain.engines import Engine

LIVE = Live.of("WHALEFALL_TEST_ORACLE_DSN", Engine("ORACLE"))
SLOW = "SELECT COUNT(*) AS many FROM all_objects a, all_objects b, all_objects c"


def quoted(name: str) -> str:
    return '"' + name.replace('"', "") + '"'


@dataclass
class LiveOracle:
    """The database in its owner's hands."""

    owner: Any

    def target(self) -> Target:
        assert LIVE is not None
        return LIVE.target

    async def create_database(self, name: str) -> None:
        await self.owner.execute(
            f"CREATE TABLESPACE {quoted(name)} DATAFILE '{abs(hash(name))}.dbf' SIZE 20M REUSE"
        )

    async def drop_database(self, name: str) -> None:
        await self.owner.execute(f"DROP TABLESPACE {quoted(name)} INCLUDING CONTENTS AND DATAFILES")

    async def create_tables(self, database: str, names: Sequence[str]) -> None:
        for name in names:
            await self.owner.execute(
                f"CREATE TABLE {quoted(name)} TABLESPACE {quoted(database)}"
                " AS SELECT 1 AS one FROM dual"
            )

    async def drop_table(self, database: str, name: str) -> None:
        await self.owner.execute(f"DROP TABLE {quoted(name)} PURGE")

    async def sessions(self) -> int:
        return await self._count("")

    async def running(self) -> int:
        return await self._count(" AND status = 'ACTIVE'")

    async def _count(self, condition: str) -> int:
        statement = f"SELECT COUNT(*) FROM v$session WHERE program = :program{condition}"
        ((count,),) = await self.owner.fetchall(statement, {"program": APPLICATION_NAME})
        return int(count)


if LIVE is not None:

    @pytest.fixture
    async def server() -> AsyncIterator[LiveOracle]:
        assert LIVE is not None
        target = LIVE.target
        owner = await oracledb.connect_async(
            user=target.username,
            password=target.password,
            host=target.address,
            port=target.port,
            service_name=target.database,
        )
        yield LiveOracle(owner)
        await owner.close()

    class TestLive(WireContract):
        adapter = OracleAdapter()
        product = "Oracle"
        hostile_names = ("two words", "whale 🐋", "МИР 鯨", " leading space", "a.b;--")

        async def run_for_a_minute(self, session: TargetSession) -> None:
            assert isinstance(session, OracleSession)
            await session.rows(SLOW)

        async def write(self, session: TargetSession, database: str) -> None:
            assert isinstance(session, OracleSession)
            await session.rows("CREATE TABLE written (id NUMBER)")
