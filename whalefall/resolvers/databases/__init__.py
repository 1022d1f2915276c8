"""The databases of all instances: what one is, their ledger, and its statistics."""

from whalefall.resolvers.databases.ledger import (
    count_ledger,
    get_database,
    ledger_csv,
    list_ledger,
    stream_ledger,
)
from whalefall.resolvers.databases.noun import (
    DATABASES,
    GROWTH,
    DatabaseFilter,
    DatabaseOrderField,
    DatabaseRow,
)
from whalefall.resolvers.databases.statistics import (
    DatabaseTotals,
    EngineShare,
    FreshnessShare,
    InstanceShare,
    LedgerStatistics,
    database_totals,
    engine_shares,
    freshness_shares,
    growing_databases,
    instance_shares,
    ledger_statistics,
    top_databases,
)

__all__ = [
    "DATABASES",
    "GROWTH",
    "DatabaseFilter",
    "DatabaseOrderField",
    "DatabaseRow",
    "DatabaseTotals",
    "EngineShare",
    "FreshnessShare",
    "InstanceShare",
    "LedgerStatistics",
    "count_ledger",
    "database_totals",
    "engine_shares",
    "freshness_shares",
    "get_database",
    "growing_databases",
    "instance_shares",
    "ledger_csv",
    "ledger_statistics",
    "list_ledger",
    "stream_ledger",
    "top_databases",
]
