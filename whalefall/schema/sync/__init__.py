"""Sync sessions: their types in `types`, what begins and stops them in `mutations`."""

from whalefall.schema.sync.types import SyncRecord, SyncSession

__all__ = ["SyncRecord", "SyncSession"]
