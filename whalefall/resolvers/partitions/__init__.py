"""The months of sizes as partitions: told of in `reading`, made and dropped in `making`."""

from whalefall.resolvers.partitions.making import (
    create_month,
    create_partitions,
    drop_old_partitions,
    keep_partitions,
    look_after_partitions,
)
from whalefall.resolvers.partitions.reading import (
    PartitionReport,
    old_partitions,
    partition_report,
)
from whalefall.resolvers.partitions.tables import (
    TABLES,
    PartitionKind,
    PartitionRow,
    PartitionState,
)

__all__ = [
    "TABLES",
    "PartitionKind",
    "PartitionReport",
    "PartitionRow",
    "PartitionState",
    "create_month",
    "create_partitions",
    "drop_old_partitions",
    "keep_partitions",
    "look_after_partitions",
    "old_partitions",
    "partition_report",
]
