"""The database servers under watch: reading them in `reading`, changing them in `writing`."""

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
from whalefall.resolvers.instances.writing import (
    InstanceInput,
    InstancePatch,
    create_instance,
    update_instance,
)

__all__ = [
    "INSTANCES",
    "InstanceFilter",
    "InstanceInput",
    "InstanceOrderField",
    "InstancePatch",
    "InstanceRow",
    "count_instances",
    "create_instance",
    "get_instance",
    "instances_csv",
    "list_instances",
    "update_instance",
]
