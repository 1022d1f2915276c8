"""What happened: the unified log, and the audit of every change."""

from datetime import datetime

from sqlalchemy import ForeignKey, Index, func
from sqlalchemy.orm import Mapped, mapped_column

from whalefall.models.base import Base, Json


class UnifiedLog(Base):
    __tablename__ = "unified_logs"
    id: Mapped[int] = mapped_column(primary_key=True)
    logged_at: Mapped[datetime]
    level: Mapped[str]
    module: Mapped[str]
    event: Mapped[str]
    request_id: Mapped[str | None]
    actor: Mapped[str | None]
    sync_session_id: Mapped[int | None]
    instance_id: Mapped[int | None]
    fields: Mapped[Json]
    __table_args__ = (Index("ix_unified_logs_logged_at_id", "logged_at", "id"),)


class AuditEntry(Base):
    """Written in the transaction of the change itself: no change without its entry."""

    __tablename__ = "audit_entries"
    id: Mapped[int] = mapped_column(primary_key=True)
    made_at: Mapped[datetime] = mapped_column(server_default=func.now())
    actor_id: Mapped[int | None] = mapped_column(ForeignKey("users.id", ondelete="SET NULL"))
    actor_name: Mapped[str]
    action: Mapped[str]  # noun.verb_past, as in the log
    object_type: Mapped[str]
    object_id: Mapped[int | None]
    before: Mapped[Json | None]
    after: Mapped[Json | None]
    request_id: Mapped[str | None]
    __table_args__ = (
        Index("ix_audit_entries_made_at_id", "made_at", "id"),
        Index("ix_audit_entries_object_type_object_id", "object_type", "object_id"),
    )
