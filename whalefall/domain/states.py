"""The closed sets of states, kinds and categories that rows and filters speak of."""

from enum import StrEnum


class InstanceStatus(StrEnum):
    """DELETED lies in the recycle bin; INACTIVE is kept but not collected."""

    ACTIVE = "ACTIVE"
    INACTIVE = "INACTIVE"
    DELETED = "DELETED"


class DeletedFilter(StrEnum):
    """What a list does with instances in the recycle bin."""

    EXCLUDE = "EXCLUDE"
    INCLUDE = "INCLUDE"
    ONLY = "ONLY"


class ConnectionState(StrEnum):
    """FAILED when the last attempt failed; GOOD while the last success is recent, then STALE."""

    UNKNOWN = "UNKNOWN"
    GOOD = "GOOD"
    STALE = "STALE"
    FAILED = "FAILED"


class DatabaseState(StrEnum):
    """READ: there, and its size was read when last asked for.

    UNREADABLE: there, but the last reading got no size: what is shown, if anything, is older.
    NOT_COLLECTED: there, but nobody asked for its size yet.
    GONE: a complete reading no longer found it.
    """

    READ = "READ"
    UNREADABLE = "UNREADABLE"
    NOT_COLLECTED = "NOT_COLLECTED"
    GONE = "GONE"


class Freshness(StrEnum):
    """The age of a database's size."""

    FRESH = "FRESH"
    LATE = "LATE"
    OVERDUE = "OVERDUE"
    NEVER = "NEVER"


class SnapshotStatus(StrEnum):
    """What a database's table sizes are about: shown, being read again, or the last try failed."""

    READY = "READY"
    REFRESHING = "REFRESHING"
    FAILED = "FAILED"


class CredentialType(StrEnum):
    DATABASE = "DATABASE"
    SSH = "SSH"
    WINDOWS = "WINDOWS"
    API = "API"
    LDAP = "LDAP"


class SyncCategory(StrEnum):
    CAPACITY = "CAPACITY"
    TABLE_SIZES = "TABLE_SIZES"
    ACCOUNTS = "ACCOUNTS"
    AGGREGATION = "AGGREGATION"
    CLASSIFICATION = "CLASSIFICATION"
    CONNECTION = "CONNECTION"
    MAINTENANCE = "MAINTENANCE"


class ScheduleTask(StrEnum):
    """What WhaleFall does by itself. CAPACITY reads every active instance."""

    CAPACITY = "CAPACITY"
    AGGREGATION = "AGGREGATION"
    PARTITIONS = "PARTITIONS"
    RETENTION = "RETENTION"


class AggregationPeriod(StrEnum):
    """Spans of days in the business time zone; weeks begin on Monday."""

    DAILY = "DAILY"
    WEEKLY = "WEEKLY"
    MONTHLY = "MONTHLY"
    QUARTERLY = "QUARTERLY"


class Trend(StrEnum):
    """GROWING and SHRINKING by more than 5 % of the period before."""

    GROWING = "GROWING"
    STABLE = "STABLE"
    SHRINKING = "SHRINKING"


class SyncTrigger(StrEnum):
    MANUAL = "MANUAL"
    SCHEDULED = "SCHEDULED"
    API = "API"


class SyncStatus(StrEnum):
    """LOST (its worker went silent) becomes RUNNING again, or FAILED; never a session's status."""

    PENDING = "PENDING"
    RUNNING = "RUNNING"
    LOST = "LOST"
    COMPLETED = "COMPLETED"
    COMPLETED_WITH_ERRORS = "COMPLETED_WITH_ERRORS"
    FAILED = "FAILED"
    CANCELLED = "CANCELLED"


TERMINAL = frozenset(
    {
        SyncStatus.COMPLETED,
        SyncStatus.COMPLETED_WITH_ERRORS,
        SyncStatus.FAILED,
        SyncStatus.CANCELLED,
    }
)
