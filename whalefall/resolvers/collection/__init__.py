"""Collecting: the only package that talks to adapters. No transaction is open while they wait."""

from whalefall.resolvers.collection.capacity import collect_capacity
from whalefall.resolvers.collection.connection import (
    ConnectionOutcome,
    test_connection,
    test_instance,
)
from whalefall.resolvers.collection.doctor import PrivilegeReport, privilege_report
from whalefall.resolvers.collection.table_sizes import collect_table_sizes
from whalefall.resolvers.collection.targets import Endpoint

__all__ = [
    "ConnectionOutcome",
    "Endpoint",
    "PrivilegeReport",
    "collect_capacity",
    "collect_table_sizes",
    "privilege_report",
    "test_connection",
    "test_instance",
]
