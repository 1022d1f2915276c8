"""The database servers under watch, their credentials and tags."""

from datetime import datetime

from sqlalchemy import ARRAY, ForeignKey, Index, Text, func, text
from sqlalchemy.orm import Mapped, mapped_column

from whalefall.domain.engines import Engine
from whalefall.domain.sizes import Bytes
from whalefall.models.base import Base, Json


class Credential(Base):
    __tablename__ = "credentials"
    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(unique=True)
    credential_type: Mapped[str]
    engine: Mapped[Engine | None]
    username: Mapped[str]
    password_ciphertext: Mapped[bytes]  # AES-256-GCM, this row's id is the associated data
    key_id: Mapped[str]
    description: Mapped[str | None]
    is_active: Mapped[bool] = mapped_column(server_default=text("true"))
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())
    updated_at: Mapped[datetime] = mapped_column(server_default=func.now())
    password_updated_at: Mapped[datetime] = mapped_column(server_default=func.now())


class Instance(Base):
    __tablename__ = "instances"
    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(unique=True)
    engine: Mapped[Engine]
    host: Mapped[str]
    port: Mapped[int]
    database_name: Mapped[str | None]
    description: Mapped[str | None]
    credential_id: Mapped[int | None] = mapped_column(ForeignKey("credentials.id"), index=True)
    is_active: Mapped[bool] = mapped_column(server_default=text("true"))
    deleted_at: Mapped[datetime | None]
    was_active: Mapped[bool | None]  # what is_active was when it went to the recycle bin
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())
    updated_at: Mapped[datetime] = mapped_column(server_default=func.now())
    tls_mode: Mapped[str] = mapped_column(server_default=text("'PREFER'"))
    tls_ca_pem: Mapped[str | None]
    tls_server_name: Mapped[str | None]
    options: Mapped[Json] = mapped_column(server_default=text("'{}'"))  # by the engine's own names
    connect_seconds: Mapped[int | None]  # null: the usual ones
    statement_seconds: Mapped[int | None]
    # Names by LIKE patterns: which databases are read, and which of these are not.
    include_databases: Mapped[list[str]] = mapped_column(ARRAY(Text), server_default=text("'{}'"))
    exclude_databases: Mapped[list[str]] = mapped_column(ARRAY(Text), server_default=text("'{}'"))
    # What the last connection said.
    version: Mapped[str | None]
    main_version: Mapped[str | None]
    last_success_at: Mapped[datetime | None]
    last_failure_at: Mapped[datetime | None]
    last_error_code: Mapped[str | None]
    latency_ms: Mapped[int | None]
    # Totals of active databases, written with every size collection; null: never collected.
    database_count: Mapped[int | None]
    inactive_database_count: Mapped[int | None]
    total_size_bytes: Mapped[Bytes | None]
    size_quality: Mapped[str] = mapped_column(server_default=text("'UNAVAILABLE'"))
    size_collected_at: Mapped[datetime | None]
    # An inventory that lost most of its databases is not believed until a second one agrees.
    inventory_doubted_at: Mapped[datetime | None]
    __table_args__ = (
        Index("ix_instances_name_id", "name", "id"),
        Index("ix_instances_engine_id", "engine", "id"),
        Index("ix_instances_host_id", "host", "id"),
        Index(
            "ix_instances_total_size_bytes_id",
            text("total_size_bytes DESC NULLS LAST"),
            text("id DESC"),
        ),
        Index("ix_instances_created_at_id", "created_at", "id"),
        Index("ix_instances_recycled", "id", postgresql_where=text("deleted_at IS NOT NULL")),
    )


class Tag(Base):
    __tablename__ = "tags"
    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(unique=True)
    display_name: Mapped[str]
    category: Mapped[str]
    is_active: Mapped[bool] = mapped_column(server_default=text("true"))
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())
    updated_at: Mapped[datetime] = mapped_column(server_default=func.now())
    __table_args__ = (Index("uq_tags_lower_name", text("lower(name)"), unique=True),)


class InstanceTag(Base):
    __tablename__ = "instance_tags"
    instance_id: Mapped[int] = mapped_column(
        ForeignKey("instances.id", ondelete="CASCADE"), primary_key=True
    )
    tag_id: Mapped[int] = mapped_column(ForeignKey("tags.id"), primary_key=True, index=True)
