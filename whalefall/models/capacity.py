"""Sizes summed up by day, week, month and quarter. Partitioned by the month they begin in."""

from datetime import date, datetime

from sqlalchemy import ForeignKey, Index, UniqueConstraint, func, text
from sqlalchemy.orm import Mapped, mapped_column

from whalefall.domain.sizes import Bytes
from whalefall.models.base import Base

NEXT_ID = text("nextval('size_aggregations_id_seq')")
BY_START: dict[str, str] = {"postgresql_partition_by": "RANGE (period_start)"}


class DatabaseSizeAggregation(Base):
    __tablename__ = "database_size_aggregations"
    database_id: Mapped[int] = mapped_column(
        ForeignKey("instance_databases.id", ondelete="CASCADE"), primary_key=True
    )
    period: Mapped[str] = mapped_column(primary_key=True)
    period_start: Mapped[date] = mapped_column(primary_key=True)
    id: Mapped[int] = mapped_column(server_default=NEXT_ID)
    instance_id: Mapped[int] = mapped_column(ForeignKey("instances.id"))
    period_end: Mapped[date]
    days: Mapped[int]  # of the period that had come when it was summed up
    readings: Mapped[int]  # days of them with a size
    avg_bytes: Mapped[Bytes]
    min_bytes: Mapped[Bytes]
    max_bytes: Mapped[Bytes]
    first_bytes: Mapped[Bytes]
    last_bytes: Mapped[Bytes]
    # Against the average of the period before; null: there is nothing to compare with.
    change_bytes: Mapped[Bytes | None]
    change_percent: Mapped[float | None]
    quality: Mapped[str]
    is_sample: Mapped[bool]
    calculated_at: Mapped[datetime] = mapped_column(server_default=func.now())
    __table_args__ = (
        Index("ix_database_size_aggregations_period_period_start", "period", "period_start", "id"),
        Index("ix_database_size_aggregations_id", "id"),
        Index("ix_database_size_aggregations_instance_id", "instance_id", "period", "period_start"),
        BY_START,
    )


class InstanceSizeAggregation(Base):
    __tablename__ = "instance_size_aggregations"
    instance_id: Mapped[int] = mapped_column(ForeignKey("instances.id"), primary_key=True)
    period: Mapped[str] = mapped_column(primary_key=True)
    period_start: Mapped[date] = mapped_column(primary_key=True)
    id: Mapped[int] = mapped_column(server_default=NEXT_ID)
    period_end: Mapped[date]
    days: Mapped[int]
    readings: Mapped[int]
    avg_bytes: Mapped[Bytes]
    min_bytes: Mapped[Bytes]
    max_bytes: Mapped[Bytes]
    first_bytes: Mapped[Bytes]
    last_bytes: Mapped[Bytes]
    change_bytes: Mapped[Bytes | None]
    change_percent: Mapped[float | None]
    avg_database_count: Mapped[float]
    quality: Mapped[str]
    is_sample: Mapped[bool]
    calculated_at: Mapped[datetime] = mapped_column(server_default=func.now())
    __table_args__ = (
        Index("ix_instance_size_aggregations_period_period_start", "period", "period_start", "id"),
        Index("ix_instance_size_aggregations_id", "id"),
        BY_START,
    )


class DatabaseForecast(Base):
    """What was to be expected of a database when its sizes were last summed up; no row: there are
    too few readings. A ceiling is the one that held then."""

    __tablename__ = "database_forecasts"
    database_id: Mapped[int] = mapped_column(
        ForeignKey("instance_databases.id", ondelete="CASCADE"), primary_key=True
    )
    made_at: Mapped[datetime] = mapped_column(server_default=func.now())
    readings: Mapped[int]
    began_on: Mapped[date | None]  # the last purge or resize
    slope_bytes: Mapped[Bytes]
    month_p10: Mapped[Bytes]
    month_p50: Mapped[Bytes]
    month_p90: Mapped[Bytes]
    ceiling_bytes: Mapped[Bytes | None]
    full_p10: Mapped[int | None]  # days; null: not within five years, or there is no ceiling
    full_p50: Mapped[int | None]
    full_p90: Mapped[int | None]
    is_sample: Mapped[bool]


class GrowthRule(Base):
    """When growth is an event: by one threshold or the other; null: not by this one. One row."""

    __tablename__ = "growth_rules"
    id: Mapped[int] = mapped_column(primary_key=True)
    is_enabled: Mapped[bool] = mapped_column(server_default=text("true"))
    percent: Mapped[float | None]
    bytes: Mapped[Bytes | None]
    updated_at: Mapped[datetime] = mapped_column(server_default=func.now())


class GrowthEvent(Base):
    """A database that grew more than the rule allows, once a day: an outbox for who is to hear."""

    __tablename__ = "growth_events"
    id: Mapped[int] = mapped_column(primary_key=True)
    database_id: Mapped[int] = mapped_column(
        ForeignKey("instance_databases.id", ondelete="CASCADE")
    )
    event_date: Mapped[date]
    since: Mapped[date]
    before_bytes: Mapped[Bytes]
    after_bytes: Mapped[Bytes]
    percent: Mapped[float | None]
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())
    acknowledged_at: Mapped[datetime | None]
    acknowledged_by_id: Mapped[int | None] = mapped_column(
        ForeignKey("users.id", ondelete="SET NULL")
    )
    __table_args__ = (
        UniqueConstraint("database_id", "event_date"),
        Index("ix_growth_events_created_at_id", "created_at", "id"),
    )
