"""The inventory of databases with their latest size, its tables, and the sizes of each day."""

from datetime import date, datetime

from sqlalchemy import ForeignKey, Index, UniqueConstraint, func, literal_column, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from whalefall.domain.sizes import Bytes, Count
from whalefall.models.base import Base, Json


class InstanceDatabase(Base):
    __tablename__ = "instance_databases"
    id: Mapped[int] = mapped_column(primary_key=True)
    instance_id: Mapped[int] = mapped_column(ForeignKey("instances.id"))
    name: Mapped[str]
    is_active: Mapped[bool] = mapped_column(server_default=text("true"))
    is_system: Mapped[bool] = mapped_column(server_default=text("false"))
    first_seen_on: Mapped[date]
    last_seen_on: Mapped[date]
    deleted_at: Mapped[datetime | None]
    # The latest size, written together with its history row; null size goes with a reason.
    size_bytes: Mapped[Bytes | None]
    data_bytes: Mapped[Bytes | None]
    log_bytes: Mapped[Bytes | None]
    used_bytes: Mapped[Bytes | None]
    ceiling_bytes: Mapped[Bytes | None]
    reconciliation: Mapped[Json | None] = mapped_column(JSONB(none_as_null=True))
    size_quality: Mapped[str] = mapped_column(server_default=text("'UNAVAILABLE'"))
    size_reason: Mapped[str | None] = mapped_column(server_default=text("'NOT_COLLECTED'"))
    size_collected_at: Mapped[datetime | None]
    # Growth over 30 days, written together with the size; null: there is nothing to compare with.
    growth_bytes: Mapped[Bytes | None]
    growth_percent: Mapped[float | None]
    growth_since: Mapped[date | None]
    # What people say of it: how large it may become, and until when its growth is no event.
    limit_bytes: Mapped[Bytes | None]
    growth_muted_until: Mapped[date | None]
    __table_args__ = (
        UniqueConstraint("instance_id", "name"),
        Index("ix_instance_databases_growth_bytes_id", "growth_bytes", "id"),
        Index(
            "ix_instance_databases_growth_bytes_id_desc",
            text("growth_bytes DESC NULLS LAST"),
            text("id DESC"),
        ),
        Index("ix_instance_databases_name_id", "name", "id"),
        Index(
            "ix_instance_databases_size_bytes_id",
            text("size_bytes DESC NULLS LAST"),
            text("id DESC"),
        ),
        Index("ix_instance_databases_size_bytes_id_asc", "size_bytes", "id"),
        Index("ix_instance_databases_size_collected_at_id", "size_collected_at", "id"),
        Index(
            "ix_instance_databases_size_collected_at_id_desc",
            text("size_collected_at DESC NULLS LAST"),
            text("id DESC"),
        ),
        Index(
            "ix_instance_databases_name_trgm",
            "name",
            postgresql_using="gin",
            postgresql_ops={"name": "gin_trgm_ops"},
        ),
    )


class TableSnapshot(Base):
    """The head of a database's table sizes; no row: never tried."""

    __tablename__ = "table_snapshots"
    database_id: Mapped[int] = mapped_column(
        ForeignKey("instance_databases.id", ondelete="CASCADE"), primary_key=True
    )
    # The snapshot that is shown; null collected_at: no attempt has succeeded yet.
    collected_at: Mapped[datetime | None]
    elapsed_ms: Mapped[int | None]
    table_count: Mapped[int | None]
    source: Mapped[str | None]
    complete: Mapped[bool] = mapped_column(server_default=text("false"))
    skipped: Mapped[list[Json]] = mapped_column(server_default=text("'[]'"))
    reconciliation: Mapped[Json | None] = mapped_column(JSONB(none_as_null=True))
    # The last attempt, whether or not it succeeded.
    last_attempt_at: Mapped[datetime | None]
    last_error_code: Mapped[str | None]
    last_error_message: Mapped[str | None]


class TableSize(Base):
    """A row says nothing of time: it is rewritten only when a number changes."""

    __tablename__ = "database_table_size_stats"
    id: Mapped[int] = mapped_column(primary_key=True)
    database_id: Mapped[int] = mapped_column(
        ForeignKey("instance_databases.id", ondelete="CASCADE")
    )
    schema_name: Mapped[str]
    table_name: Mapped[str]
    kind: Mapped[str]
    size_bytes: Mapped[Bytes | None]
    data_bytes: Mapped[Bytes | None]
    index_bytes: Mapped[Bytes | None]
    lob_bytes: Mapped[Bytes | None]
    allocated_bytes: Mapped[Bytes | None]
    row_count: Mapped[Count | None]
    quality: Mapped[str]
    size_reason: Mapped[str | None]
    __table_args__ = (
        UniqueConstraint("database_id", "schema_name", "table_name"),
        Index(
            "ix_database_table_size_stats_size",
            "database_id",
            text("size_bytes DESC NULLS LAST"),
            text("id DESC"),
        ),
        Index("ix_database_table_size_stats_table_name_id", "table_name", "id"),
        {"postgresql_with": {"fillfactor": "85"}},
    )


class TableName(Base):
    """Each name that tables have, once: what is searched instead of the tables themselves.

    Names come after their snapshot has committed, and names of no table leave every night.
    """

    __tablename__ = "table_names"
    name: Mapped[str] = mapped_column(primary_key=True)
    __table_args__ = (
        Index(
            "ix_table_names_name_trgm",
            "name",
            postgresql_using="gin",
            postgresql_ops={"name": "gin_trgm_ops"},
        ),
        Index("ix_table_names_length_name", text("length(name)"), "name"),
        Index(
            "ix_table_names_lower_name",
            literal_column("lower(name)").label("lower_name"),
            postgresql_ops={"lower_name": "text_pattern_ops"},
        ),
    )


class DatabaseSizeStat(Base):
    """One database on one day; a later run of the day replaces it. Partitioned by month."""

    __tablename__ = "database_size_stats"
    database_id: Mapped[int] = mapped_column(
        ForeignKey("instance_databases.id", ondelete="CASCADE"), primary_key=True
    )
    stat_date: Mapped[date] = mapped_column(primary_key=True)
    instance_id: Mapped[int] = mapped_column(ForeignKey("instances.id"))
    size_bytes: Mapped[Bytes | None]
    data_bytes: Mapped[Bytes | None]
    log_bytes: Mapped[Bytes | None]
    used_bytes: Mapped[Bytes | None]
    quality: Mapped[str]
    source: Mapped[str] = mapped_column(server_default=text("'COLLECTED'"))  # or SAMPLE
    collected_at: Mapped[datetime] = mapped_column(server_default=func.now())
    __table_args__ = (
        Index("ix_database_size_stats_instance_id_stat_date", "instance_id", "stat_date"),
        Index("ix_database_size_stats_collected_at", "collected_at", postgresql_using="brin"),
        {"postgresql_partition_by": "RANGE (stat_date)"},
    )


class InstanceSizeStat(Base):
    """The total of one instance's active databases on one day. Partitioned by month."""

    __tablename__ = "instance_size_stats"
    instance_id: Mapped[int] = mapped_column(ForeignKey("instances.id"), primary_key=True)
    stat_date: Mapped[date] = mapped_column(primary_key=True)
    total_bytes: Mapped[Bytes | None]
    data_bytes: Mapped[Bytes | None]
    log_bytes: Mapped[Bytes | None]
    database_count: Mapped[int]
    quality: Mapped[str]
    source: Mapped[str] = mapped_column(server_default=text("'COLLECTED'"))
    collected_at: Mapped[datetime] = mapped_column(server_default=func.now())
    __table_args__ = (
        Index("ix_instance_size_stats_collected_at", "collected_at", postgresql_using="brin"),
        {"postgresql_partition_by": "RANGE (stat_date)"},
    )
