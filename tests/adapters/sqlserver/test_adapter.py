"""What every adapter promises, of SQL Server's: real pyodbc and FreeTDS against the stand-in."""

from tests.adapters.wire_contract import WireContract
from whalefall.adapters.base import TargetSession
from whalefall.adapters.sqlserver import SQLServerAdapter
from whalefall.adapters.sqlserver.session import SQLServerSession


class TestSQLServer(WireContract):
    adapter = SQLServerAdapter()
    product = "SQL Server"

    async def run_for_a_minute(self, session: TargetSession) -> None:
        assert isinstance(session, SQLServerSession)
        await session.rows("SELECT pg_sleep(60) AS slept")

    async def write(self, session: TargetSession, database: str) -> None:
        assert isinstance(session, SQLServerSession)
        await session.rows("CREATE TABLE written (id int)")
