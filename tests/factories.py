"""Rows for tests, with sensible defaults: ask only for what the test is about."""

from collections.abc import Iterable, Mapping
from datetime import UTC, date, datetime
from itertools import count
from secrets import token_bytes
from typing import Any, TypeVar

from sqlalchemy import null
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from whalefall.auth import NOBODY, PERMISSIONS, Actor, Role
from whalefall.crypto import KeyRing
from whalefall.domain.engines import Engine
from whalefall.domain.facts import Quality, TableKind
from whalefall.domain.states import (
    CredentialType,
    ScheduleTask,
    SyncCategory,
    SyncStatus,
    SyncTrigger,
)
from whalefall.domain.tls import TlsMode
from whalefall.models.base import Base
from whalefall.models.databases import (
    DatabaseSizeStat,
    InstanceDatabase,
    InstanceSizeStat,
    TableName,
    TableSize,
    TableSnapshot,
)
from whalefall.models.instances import Credential, Instance, InstanceTag, Tag
from whalefall.models.schedules import Schedule
from whalefall.models.sync import SyncRecord, SyncSession
from whalefall.models.users import ApiToken, User

Model = TypeVar("Model", bound=Base)

ADA = Actor(name="ada", permissions=PERMISSIONS[Role.ADMIN])  # administers
OTTO = Actor(name="otto", permissions=PERMISSIONS[Role.OPERATOR])  # operates
VERA = Actor(name="vera", permissions=PERMISSIONS[Role.VIEWER])  # views
__all__ = ["ADA", "NOBODY", "OTTO", "VERA"]

MYSQL, POSTGRESQL, ORACLE = Engine("MYSQL"), Engine("POSTGRESQL"), Engine("ORACLE")
_numbers = count(1)


def unique_name(noun: str) -> str:
    return f"{noun}-{next(_numbers)}"


async def make_user(session: AsyncSession, **columns: Any) -> User:
    defaults = {"username": unique_name("user"), "password_hash": "-", "role": Role.VIEWER}
    return await _add(session, User(**{**defaults, **columns}))


async def make_api_token(session: AsyncSession, user: User, **columns: Any) -> ApiToken:
    defaults = {"user_id": user.id, "name": unique_name("token"), "digest": token_bytes(32)}
    return await _add(session, ApiToken(**{**defaults, **columns}))


async def make_credential(
    session: AsyncSession, keys: KeyRing | None = None, password: str = "secret", **columns: Any
) -> Credential:
    """A credential; with a key ring its password can be decrypted."""
    defaults = {
        "name": unique_name("credential"),
        "credential_type": CredentialType.DATABASE,
        "username": "whalefall",
        "password_ciphertext": b"-",
        "key_id": "none",
    }
    credential = await _add(session, Credential(**{**defaults, **columns}))
    if keys is not None:
        credential.key_id, credential.password_ciphertext = keys.encrypt(password, credential.id)
        await session.flush()
    return credential


async def make_tag(session: AsyncSession, name: str | None = None, **columns: Any) -> Tag:
    name = name or unique_name("tag")
    defaults = {"name": name, "display_name": name.title(), "category": "environment"}
    return await _add(session, Tag(**{**defaults, **columns}))


async def make_instance(
    session: AsyncSession, *, tags: Iterable[Tag] = (), **columns: Any
) -> Instance:
    defaults = {
        "name": unique_name("instance"),
        "engine": POSTGRESQL,
        "host": "db.example.com",
        "port": 5432,
        "tls_mode": TlsMode.PREFER,
    }
    instance = await _add(session, Instance(**{**defaults, **columns}))
    session.add_all(InstanceTag(instance_id=instance.id, tag_id=tag.id) for tag in tags)
    await session.flush()
    return instance


async def make_database(
    session: AsyncSession, instance: Instance | None = None, **columns: Any
) -> InstanceDatabase:
    """A database, of an instance of its own unless one is given; a size makes it collected now."""
    instance = instance or await make_instance(session)
    defaults: dict[str, Any] = {
        "instance_id": instance.id,
        "name": unique_name("database"),
        "first_seen_on": date(2026, 1, 1),
        "last_seen_on": date(2026, 7, 1),
    }
    if columns.get("size_bytes") is not None:
        defaults["size_collected_at"] = datetime.now(UTC)
        defaults |= {"size_quality": Quality.EXACT, "size_reason": null()}
    return await _add(session, InstanceDatabase(**{**defaults, **columns}))


async def make_snapshot(
    session: AsyncSession, database: InstanceDatabase, **columns: Any
) -> TableSnapshot:
    now = datetime.now(UTC)
    defaults = {
        "database_id": database.id,
        "collected_at": now,
        "last_attempt_at": now,
        "elapsed_ms": 12,
        "table_count": 0,
        "source": "pg_class",
        "complete": True,
    }
    return await _add(session, TableSnapshot(**{**defaults, **columns}))


async def make_table_sizes(
    session: AsyncSession, database: InstanceDatabase, sizes: Iterable[int | None], **columns: Any
) -> list[TableSize]:
    """A snapshot with one table per size."""
    tables = [_table(database, size, columns) for size in sizes]
    await make_snapshot(session, database, table_count=len(tables))
    session.add_all(tables)
    await session.flush()
    return tables


async def make_named_tables(
    session: AsyncSession, database: InstanceDatabase, *names: str, **columns: Any
) -> list[TableSize]:
    """Tables of these names, which search knows."""
    tables = [_table(database, 1, {"table_name": name, **columns}) for name in names]
    session.add_all(tables)
    names_known = insert(TableName).values([{"name": name} for name in names])
    await session.execute(names_known.on_conflict_do_nothing())
    await session.flush()
    return tables


async def make_size_stat(
    session: AsyncSession, database: InstanceDatabase, day: date, **columns: Any
) -> DatabaseSizeStat:
    """The size of a database on one day; of its instance nothing is said."""
    defaults = {"quality": Quality.EXACT, "instance_id": database.instance_id}
    shared = {"database_id": database.id, "stat_date": day}
    return await _add(session, DatabaseSizeStat(**{**shared, **defaults, **columns}))


async def make_size_history(
    session: AsyncSession,
    database: InstanceDatabase,
    sizes: Mapping[date, int | None],
    quality_of_known: Quality = Quality.EXACT,
) -> None:
    """The sizes of past days, of the database and, as if it were the only one, its instance."""
    for day, size in sizes.items():
        quality = Quality.UNAVAILABLE if size is None else quality_of_known
        shared = {"instance_id": database.instance_id, "stat_date": day, "quality": quality}
        session.add(DatabaseSizeStat(database_id=database.id, size_bytes=size, **shared))
        session.add(InstanceSizeStat(total_bytes=size, database_count=1, **shared))
    await session.flush()


async def make_sync_session(session: AsyncSession, **columns: Any) -> SyncSession:
    defaults = {
        "category": SyncCategory.CAPACITY,
        "trigger": SyncTrigger.MANUAL,
        "status": SyncStatus.COMPLETED,
    }
    return await _add(session, SyncSession(**{**defaults, **columns}))


async def make_sync_record(
    session: AsyncSession, sync_session: SyncSession | None = None, **columns: Any
) -> SyncRecord:
    sync_session = sync_session or await make_sync_session(session)
    defaults = {
        "session_id": sync_session.id,
        "category": sync_session.category,
        "status": SyncStatus.COMPLETED,
    }
    return await _add(session, SyncRecord(**{**defaults, **columns}))


async def make_schedule(session: AsyncSession, **columns: Any) -> Schedule:
    """A daily one, which no scheduler has looked at yet."""
    defaults = {
        "task": ScheduleTask.RETENTION,
        "cron": "0 3 * * *",
        "longest_pause_seconds": 86_400,
    }
    return await _add(session, Schedule(**{**defaults, **columns}))


def _table(database: InstanceDatabase, size: int | None, columns: dict[str, Any]) -> TableSize:
    defaults = {
        "database_id": database.id,
        "schema_name": "public",
        "table_name": unique_name("table"),
        "kind": TableKind.TABLE,
        "size_bytes": size,
        "quality": Quality.UNAVAILABLE if size is None else Quality.EXACT,
    }
    return TableSize(**{**defaults, **columns})


async def _add(session: AsyncSession, row: Model) -> Model:
    """Insert the row and read back what the database made of it."""
    session.add(row)
    await session.flush()
    await session.refresh(row)
    return row
