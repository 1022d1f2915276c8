"""The database servers under watch: reading them in `reading`, changing them in `writing`."""

from whalefall.resolvers.instances.choosing import list_instance_options
from whalefall.resolvers.instances.import_cells import COLUMNS as IMPORT_COLUMNS
from whalefall.resolvers.instances.importing import (
    ImportRow,
    ImportStatus,
    InstanceImport,
    check_import,
    import_instances,
)
from whalefall.resolvers.instances.reading import (
    INSTANCES,
    InstanceFilter,
    InstanceOrderField,
    InstanceRow,
    count_instances,
    get_instance,
    instances_csv,
    list_instances,
)
from whalefall.resolvers.instances.statistics import (
    PORTS,
    ConnectionCount,
    EngineCount,
    InstanceStatistics,
    InstanceTotals,
    PortCount,
    VersionCount,
    instance_statistics,
)
from whalefall.resolvers.instances.writing import (
    InstanceInput,
    InstancePatch,
    create_instance,
    update_instance,
)

__all__ = [
    "IMPORT_COLUMNS",
    "INSTANCES",
    "PORTS",
    "ConnectionCount",
    "EngineCount",
    "ImportRow",
    "ImportStatus",
    "InstanceFilter",
    "InstanceImport",
    "InstanceInput",
    "InstanceOrderField",
    "InstancePatch",
    "InstanceRow",
    "InstanceStatistics",
    "InstanceTotals",
    "PortCount",
    "VersionCount",
    "check_import",
    "count_instances",
    "create_instance",
    "get_instance",
    "import_instances",
    "instance_statistics",
    "instances_csv",
    "list_instance_options",
    "list_instances",
    "update_instance",
]
