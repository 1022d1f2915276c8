"""Our tables, one module per noun; importing this package makes all of them known."""

from whalefall.models import capacity, databases, instances, logs, schedules, sync, users
from whalefall.models.base import Base

__all__ = ["Base", "capacity", "databases", "instances", "logs", "schedules", "sync", "users"]
