"""Sizes summed up by day, week, month and quarter. Partitioned by the month they begin in."""

from datetime import date, datetime

from sqlalchemy import ForeignKey, Index, func, text
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
