"""Sync sessions, their records, and who holds which target."""

from datetime import datetime

from sqlalchemy import ForeignKey, Index, func, text
from sqlalchemy.orm import Mapped, mapped_column

from whalefall.models.base import Base

LIVE = "status IN ('PENDING', 'RUNNING', 'LOST')"


class SyncSession(Base):
    __tablename__ = "sync_sessions"
    id: Mapped[int] = mapped_column(primary_key=True)
    category: Mapped[str]
    trigger: Mapped[str]
    status: Mapped[str]
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())
    started_at: Mapped[datetime | None]
    finished_at: Mapped[datetime | None]
    created_by_id: Mapped[int | None] = mapped_column(ForeignKey("users.id", ondelete="SET NULL"))
    cancel_requested_at: Mapped[datetime | None]
    total: Mapped[int] = mapped_column(server_default=text("0"))
    succeeded: Mapped[int] = mapped_column(server_default=text("0"))
    failed: Mapped[int] = mapped_column(server_default=text("0"))
    cancelled: Mapped[int] = mapped_column(server_default=text("0"))
    __table_args__ = (Index("ix_sync_sessions_created_at_id", "created_at", "id"),)


class SyncRecord(Base):
    """One job. The claim (fencing token, lease) lives here, so a job delivered twice runs once."""

    __tablename__ = "sync_instance_records"
    id: Mapped[int] = mapped_column(primary_key=True)
    session_id: Mapped[int] = mapped_column(
        ForeignKey("sync_sessions.id", ondelete="CASCADE"), index=True
    )
    category: Mapped[str]
    instance_id: Mapped[int | None] = mapped_column(ForeignKey("instances.id"))
    database_id: Mapped[int | None] = mapped_column(
        ForeignKey("instance_databases.id", ondelete="CASCADE")
    )
    task: Mapped[str | None]  # what is done where no instance is read
    status: Mapped[str]
    attempt: Mapped[int] = mapped_column(server_default=text("0"))
    fencing_token: Mapped[int] = mapped_column(server_default=text("0"))
    lease_expires_at: Mapped[datetime | None]
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())
    sent_at: Mapped[datetime] = mapped_column(server_default=func.now())  # last given to the broker
    started_at: Mapped[datetime | None]
    finished_at: Mapped[datetime | None]
    elapsed_ms: Mapped[int | None]
    stage: Mapped[str | None]
    progress: Mapped[float | None]
    items_seen: Mapped[int | None]
    items_created: Mapped[int | None]
    items_updated: Mapped[int | None]
    items_removed: Mapped[int | None]
    items_reactivated: Mapped[int | None]
    error_code: Mapped[str | None]
    error_message: Mapped[str | None]
    __table_args__ = (
        # Second callers join: the database holds at most one live job of a kind per target.
        Index(
            "uq_sync_instance_records_live_capacity",
            "instance_id",
            unique=True,
            postgresql_where=text(f"category = 'CAPACITY' AND {LIVE}"),
        ),
        Index(
            "uq_sync_instance_records_live_table_sizes",
            "database_id",
            unique=True,
            postgresql_where=text(f"category = 'TABLE_SIZES' AND {LIVE}"),
        ),
        Index(
            "uq_sync_instance_records_live_task",
            "task",
            unique=True,
            postgresql_where=text(f"instance_id IS NULL AND {LIVE}"),
        ),
        Index("ix_sync_instance_records_live", "lease_expires_at", postgresql_where=text(LIVE)),
        Index("ix_sync_instance_records_instance_id_id", "instance_id", "id"),
        Index("ix_sync_instance_records_database_id_id", "database_id", "id"),
    )


class TargetLease(Base):
    """Who may talk to an instance now. A row with a deadline, never a lock held open."""

    __tablename__ = "target_leases"
    instance_id: Mapped[int] = mapped_column(
        ForeignKey("instances.id", ondelete="CASCADE"), primary_key=True
    )
    record_id: Mapped[int]
    fencing_token: Mapped[int]
    expires_at: Mapped[datetime]
