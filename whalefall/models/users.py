"""People, their sessions with refresh tokens, and their API tokens. Secrets are digests only."""

from datetime import datetime

from sqlalchemy import ARRAY, ForeignKey, Index, Text, UniqueConstraint, func, text
from sqlalchemy.orm import Mapped, mapped_column

from whalefall.models.base import Base


class User(Base):
    __tablename__ = "users"
    id: Mapped[int] = mapped_column(primary_key=True)
    username: Mapped[str] = mapped_column(unique=True)
    password_hash: Mapped[str]  # argon2id
    role: Mapped[str]
    is_active: Mapped[bool] = mapped_column(server_default=text("true"))
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())
    updated_at: Mapped[datetime] = mapped_column(server_default=func.now())
    last_login_at: Mapped[datetime | None]
    must_change_password: Mapped[bool] = mapped_column(server_default=text("false"))
    # How they like the pages; null: as the browser says, or as the installation does.
    theme: Mapped[str | None]
    density: Mapped[str | None]
    language: Mapped[str | None]
    time_zone: Mapped[str | None]
    uses_keys: Mapped[bool] = mapped_column(server_default=text("true"))  # single letters act


class UserSession(Base):
    """One sign-in. Its cookie, its access tokens and its refresh tokens live and end with it."""

    __tablename__ = "user_sessions"
    id: Mapped[int] = mapped_column(primary_key=True)
    user_id: Mapped[int] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"), index=True)
    token_digest: Mapped[bytes] = mapped_column(unique=True)
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())
    last_seen_at: Mapped[datetime] = mapped_column(server_default=func.now())
    expires_at: Mapped[datetime]  # absolute; the idle limit counts from last_seen_at
    revoked_at: Mapped[datetime | None]
    address: Mapped[str | None]
    user_agent: Mapped[str | None]


class RefreshToken(Base):
    """One link of a session's chain: its use spends it and adds the next one."""

    __tablename__ = "refresh_tokens"
    id: Mapped[int] = mapped_column(primary_key=True)
    session_id: Mapped[int] = mapped_column(
        ForeignKey("user_sessions.id", ondelete="CASCADE"), index=True
    )
    digest: Mapped[bytes] = mapped_column(unique=True)
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())
    expires_at: Mapped[datetime]
    spent_at: Mapped[datetime | None]


class ApiToken(Base):
    __tablename__ = "api_tokens"
    id: Mapped[int] = mapped_column(primary_key=True)
    user_id: Mapped[int] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"), index=True)
    name: Mapped[str]
    digest: Mapped[bytes] = mapped_column(unique=True)
    scopes: Mapped[list[str] | None] = mapped_column(ARRAY(Text))  # null: all rights of its user
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())
    expires_at: Mapped[datetime | None]
    last_used_at: Mapped[datetime | None]
    revoked_at: Mapped[datetime | None]


class LoginAttempt(Base):
    """A failed sign-in, kept as long as throttling needs it."""

    __tablename__ = "login_attempts"
    id: Mapped[int] = mapped_column(primary_key=True)
    username: Mapped[str]
    address: Mapped[str]
    attempted_at: Mapped[datetime] = mapped_column(server_default=func.now())
    __table_args__ = (
        Index(None, "username", "attempted_at"),
        Index(None, "address", "attempted_at"),
    )


class SavedView(Base):
    """A list with its filters and its order, under a name: `query` stands in its address."""

    __tablename__ = "saved_views"
    id: Mapped[int] = mapped_column(primary_key=True)
    user_id: Mapped[int] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"))
    path: Mapped[str]
    name: Mapped[str]
    query: Mapped[str]
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())
    __table_args__ = (UniqueConstraint("user_id", "path", "name"),)
