"""Instances: the type in `types`, what changes and tests them in `mutations`."""

from whalefall.schema.instances.types import ConnectionHealth, Instance

__all__ = ["ConnectionHealth", "Instance"]
