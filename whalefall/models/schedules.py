"""What WhaleFall does by itself: when each task is due, and what became of each time."""

from datetime import datetime

from sqlalchemy import ForeignKey, Index, UniqueConstraint, func, text
from sqlalchemy.orm import Mapped, mapped_column

from whalefall.models.base import Base


class Schedule(Base):
    __tablename__ = "schedules"
    id: Mapped[int] = mapped_column(primary_key=True)
    task: Mapped[str]
    cron: Mapped[str]
    time_zone: Mapped[str | None]  # null: the business time zone
    is_enabled: Mapped[bool] = mapped_column(server_default=text("true"))
    next_run_at: Mapped[datetime | None]  # null: a scheduler has yet to say, or it is paused
    longest_pause_seconds: Mapped[int]  # between two runs: how old results get by themselves
    updated_at: Mapped[datetime] = mapped_column(server_default=func.now())
    __table_args__ = (
        Index("ix_schedules_next_run_at", "next_run_at", postgresql_where=text("is_enabled")),
    )


class ScheduledRun(Base):
    """One time of a schedule: at most one run, whoever else is running schedules."""

    __tablename__ = "scheduled_runs"
    id: Mapped[int] = mapped_column(primary_key=True)
    schedule_id: Mapped[int] = mapped_column(ForeignKey("schedules.id", ondelete="CASCADE"))
    scheduled_for: Mapped[datetime]
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())
    missed: Mapped[int] = mapped_column(server_default=text("0"))  # earlier times it stands for
    session_id: Mapped[int | None] = mapped_column(
        ForeignKey("sync_sessions.id", ondelete="SET NULL"), index=True
    )
    skipped_because: Mapped[str | None]  # null: it began
    __table_args__ = (UniqueConstraint("schedule_id", "scheduled_for"),)
