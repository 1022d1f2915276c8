"""The registry of adapters: the engines that can be collected from."""

from whalefall.adapters.base import Adapter
from whalefall.adapters.mysql import MySQLAdapter
from whalefall.adapters.oracle import OracleAdapter
from whalefall.adapters.postgresql import PostgreSQLAdapter
from whalefall.adapters.sqlserver import SQLServerAdapter
from whalefall.domain.engines import ENGINES, Engine
from whalefall.errors import Unsupported, said

ADAPTERS: dict[Engine, Adapter] = {
    adapter.engine: adapter
    for adapter in (MySQLAdapter(), OracleAdapter(), PostgreSQLAdapter(), SQLServerAdapter())
}


def adapter_for(engine: Engine) -> Adapter:
    """Raises Unsupported for an engine that cannot be collected from yet."""
    adapter = ADAPTERS.get(engine)
    if adapter is None:
        kind = ENGINES.get(engine)
        raise Unsupported(
            said("%(engine)s cannot be collected from yet.", engine=kind.label if kind else engine),
            hint=said("Its instances can be listed and tagged."),
        )
    return adapter
