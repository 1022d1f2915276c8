"""What every adapter promises, of Oracle's: at the seam of cursors, and real oracledb against
sockets that speak no Oracle."""

import pytest

from tests.adapters.contract import AdapterContract
from tests.adapters.oracle.seam import OracleSeam
from tests.adapters.wire_contract import DialContract
from whalefall.adapters.base import TargetSession
from whalefall.adapters.oracle import OracleAdapter
from whalefall.adapters.oracle.session import OracleSession


class TestSeam(AdapterContract):
    product = "Oracle"

    @pytest.fixture(autouse=True)
    def _adapter(self, seam: OracleSeam) -> None:
        type(self).adapter = seam.adapter

    async def run_for_a_minute(self, session: TargetSession) -> None:
        assert isinstance(session, OracleSession)
        await session.rows("SELECT pg_sleep(60) AS slept FROM dual")

    async def write(self, session: TargetSession, database: str) -> None:
        assert isinstance(session, OracleSession)
        await session.rows("CREATE TABLE written (id NUMBER)")


class TestSockets(DialContract):
    adapter = OracleAdapter()
