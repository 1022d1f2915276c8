"""The rows of the estate, noun by noun: each loop goes through what its noun can be."""

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from itertools import count, cycle
from typing import Any

from tests.schema.lists import HOSTILE, SIZES
from whalefall.auth import Role
from whalefall.domain.engines import ENGINES
from whalefall.domain.facts import Quality, SkipReason, TableKind
from whalefall.domain.periods import previous, span_of
from whalefall.domain.reconciliation import BucketKind, reconcile
from whalefall.domain.states import (
    TERMINAL,
    AggregationPeriod,
    CredentialType,
    ScheduleTask,
    SyncCategory,
    SyncStatus,
    SyncTrigger,
)
from whalefall.errors import Code
from whalefall.models.base import Base
from whalefall.models.capacity import (
    DatabaseSizeAggregation,
    GrowthEvent,
    InstanceSizeAggregation,
)
from whalefall.models.databases import (
    DatabaseSizeStat,
    InstanceDatabase,
    InstanceSizeStat,
    TableName,
    TableSize,
    TableSnapshot,
)
from whalefall.models.instances import Credential, Instance, InstanceTag, Tag
from whalefall.models.logs import AuditEntry
from whalefall.models.schedules import Schedule, ScheduledRun
from whalefall.models.sync import SyncRecord, SyncSession
from whalefall.models.users import ApiToken, User, UserSession

AGES = (timedelta(minutes=5), timedelta(hours=40), timedelta(days=9), None)  # of sizes and answers


def _ago(age: timedelta | None) -> datetime | None:
    """A moment with microseconds, or never; far from where one word for an age becomes another."""
    return None if age is None else datetime.now(UTC) - age


def users() -> Iterable[User]:
    for name, role in (("ada", Role.ADMIN), ("vera", Role.VIEWER), ("数据库", Role.OPERATOR)):
        last_login_at = _ago(timedelta(days=1)) if name == "ada" else None
        yield User(
            username=name,
            password_hash="-",
            role=role,
            last_login_at=last_login_at,
            theme="dark",
            density="compact",
            language="zh-CN",
            time_zone="Asia/Shanghai",
        )


def user_sessions(users: list[User]) -> Iterable[UserSession]:
    """Some last, some are over; owners and browsers differ."""
    owners, agents = cycle(users), cycle((None, "curl/8", "Mozilla/5.0 (X11; Linux) Firefox/140.0"))
    for number in range(12):
        yield UserSession(
            user_id=next(owners).id,
            token_digest=bytes([number]),
            created_at=_ago(timedelta(days=1)),
            last_seen_at=_ago(AGES[0]),
            expires_at=_ago(timedelta(days=-9)),
            revoked_at=_ago(AGES[0]) if number % 6 == 5 else None,
            address=None if number % 2 else "10.0.0.7",
            user_agent=next(agents),
        )


def api_tokens(users: list[User]) -> Iterable[ApiToken]:
    """Some work, some are used up; owners and rights differ."""
    owners, ends = cycle(users), cycle((None, timedelta(days=9), timedelta(days=-9)))
    for number in range(10):
        yield ApiToken(
            user_id=next(owners).id,
            name=HOSTILE[number % 4],
            digest=bytes([number]),
            scopes=(None, [], ["VIEW"], ["VIEW", "UPDATE"])[number % 4],
            expires_at=_ago(next(ends)),
            last_used_at=_ago(AGES[number % 4]),
            revoked_at=_ago(AGES[2]) if number % 5 == 4 else None,
        )


def tags() -> Iterable[Tag]:
    categories = cycle(("environment", "team", 'owner\'s "unit"'))
    for number, name in enumerate(("prod", "Live", "test", "legacy", "dba-1", "_", "gone", "idle")):
        yield Tag(
            name=name,
            display_name=HOSTILE[number * 3],
            category=next(categories),
            is_active=name not in ("legacy", "gone"),
        )


def credentials() -> Iterable[Credential]:
    engines = cycle((None, *ENGINES))
    for number, kind in enumerate([*CredentialType, CredentialType.DATABASE]):
        yield Credential(
            name=HOSTILE[number + 5],
            credential_type=kind,
            engine=next(engines),
            username=f"reader_{number}",
            password_ciphertext=b"-",
            key_id="none",
            description=None if number % 2 else HOSTILE[-number],
            is_active=number != 3,
        )


def instances(credentials: list[Credential]) -> Iterable[Instance]:
    """Thirty-six of all engines; every sixth is inactive, every ninth in the recycle bin."""
    engines, ages, owners = cycle(ENGINES), cycle(AGES), cycle([*credentials, None, None])
    for number in range(36):
        owner, success, failure = next(owners), _ago(next(ages)), _ago(AGES[number % 3])
        known = number % 5 > 0
        yield Instance(
            name=(HOSTILE[number] if number < len(HOSTILE) else f"db-{number:02}"),
            engine=next(engines),
            host=("10.0.0.7", "::1", "db.example.com", "DB.example.com")[number % 4],
            port=(1, 5432, 65535)[number % 3],
            database_name=None if known else "postgres",
            description=None if known else HOSTILE[-number % 24],
            credential_id=None if owner is None else owner.id,
            is_active=number % 6 != 5,
            deleted_at=_ago(AGES[2]) if number % 9 == 8 else None,
            created_at=datetime(2024, 1, 1, 1, 0, number % 7, 120_000, UTC),
            version="PostgreSQL 18.6" if known else None,
            main_version="18" if known else None,
            last_success_at=success,
            last_failure_at=failure if number % 7 == 3 else None,
            last_error_code=Code.AUTH_FAILED if number % 7 == 3 else None,
            latency_ms=number if known else None,
            tls_server_name="db.example.com" if number % 3 else None,
            options={"name_kind": "SID"} if number % 4 == 1 else {},
            connect_seconds=number + 1 if number % 3 else None,
            statement_seconds=number + 1 if number % 2 else None,
            include_databases=["shop%", 'a "b"'] if number % 3 == 1 else [],
            exclude_databases=[r"tmp\_%"] if number % 2 else [],
            database_count=number % 4 if known else None,
            inactive_database_count=number % 3 if known else None,
            total_size_bytes=SIZES[number % 5] if known else None,
            size_quality=list(Quality)[number % 5],
            size_collected_at=success,
        )


def instance_tags(instances: list[Instance], tags: list[Tag]) -> Iterable[InstanceTag]:
    for number, instance in enumerate(instances):
        for tag in {tags[number % 7], tags[number * 3 % 7], tags[number % 2]}:
            if number % 5:
                yield InstanceTag(instance_id=instance.id, tag_id=tag.id)


def databases(instances: list[Instance]) -> Iterable[InstanceDatabase]:
    """None to five for each instance; names repeat, some are gone, every third has no size."""
    today, numbers = datetime.now(UTC).date(), count()
    for place, instance in enumerate(instances):
        for which in range(place % 6):
            number = next(numbers)
            gone = number % 8 == 7
            sized = number % 3 > 0
            grown = sized and number % 4 > 0
            yield InstanceDatabase(
                instance_id=instance.id,
                name=HOSTILE[(place + which) % len(HOSTILE)],
                is_active=not gone,
                is_system=number % 10 == 9,
                first_seen_on=today - timedelta(days=100 + number % 4),
                last_seen_on=today - timedelta(days=number % 4),
                deleted_at=_ago(AGES[2]) if gone else None,
                size_bytes=SIZES[number % 5] if sized else None,
                data_bytes=SIZES[number % 4] if sized and number % 2 else None,
                log_bytes=number if sized and number % 2 else None,
                used_bytes=SIZES[number % 5] if sized and number % 2 else None,
                ceiling_bytes=SIZES[number % 4] if sized and number % 2 else None,
                reconciliation=parts(number) if sized and number % 2 else None,
                size_quality=list(Quality)[number % 4] if sized else Quality.UNAVAILABLE,
                size_reason=None if sized else list(SkipReason)[number % len(SkipReason)],
                size_collected_at=_ago(AGES[number % 3]) if sized else None,
                growth_bytes=SIZES[number % 5] * (-1) ** number if grown else None,
                growth_percent=number / 7 if grown and number % 5 else None,
                growth_since=today - timedelta(days=30 + number % 3) if grown else None,
            )


def parts(number: int) -> dict[str, Any] | None:
    """What a database is made of, with more or fewer numbers known."""
    made = reconcile(
        {BucketKind.DATA: number + 1, BucketKind.FREE: 5 * (number % 3)},
        objects_bytes=number if number % 2 else None,
        database_bytes=SIZES[number % 4],
        allocated_bytes=SIZES[number % 4] if number % 3 else None,
    )
    return None if made is None else made.to_json()


def snapshots(databases: list[InstanceDatabase]) -> Iterable[TableSnapshot]:
    """By turns read, read in part, never read, read and then failed, failed from the first."""
    taken_at = _ago(AGES[0])
    for number, database in enumerate(databases):
        state = number % 5
        skipped = {"schema_name": None, "name": HOSTILE[number % 24], "reason": "PERMISSION"}
        failed = state in (3, 4)
        if state != 2:
            yield TableSnapshot(
                database_id=database.id,
                collected_at=None if state == 4 else taken_at,
                elapsed_ms=None if state == 4 else number,
                table_count=None if state == 4 else number % 9,
                source=None if state == 4 else "pg_class",
                complete=state == 0,
                skipped=[skipped, {**skipped, "schema_name": "s"}] if state in (1, 3) else [],
                reconciliation=parts(number) if state < 2 else None,
                last_attempt_at=_ago(AGES[0]),
                last_error_code=Code.DATABASE_TIMEOUT if failed else None,
                last_error_message='It took "too" long.\n' if failed else None,
            )


def tables(databases: list[InstanceDatabase]) -> Iterable[TableSize]:
    """None to eight for each database with a snapshot."""
    numbers, kinds = count(), cycle(TableKind)
    for place, database in enumerate(databases):
        for which in range(0 if place % 5 in (2, 4) else place % 9):
            number = next(numbers)
            size = None if number % 4 == 0 else SIZES[number % 5]
            yield TableSize(
                database_id=database.id,
                schema_name=("public", "Public", "s")[which % 3],
                table_name=HOSTILE[(place + which) % len(HOSTILE)],
                kind=next(kinds),
                size_bytes=size,
                data_bytes=size if number % 3 else None,
                index_bytes=which if number % 3 else None,
                lob_bytes=0 if number % 7 == 1 else None,
                allocated_bytes=size,
                row_count=None if number % 6 == 5 else number % 6 * 10**9,
                quality=Quality.UNAVAILABLE if size is None else list(Quality)[number % 4],
                size_reason=SkipReason.LOCKED if size is None else None,
            )


def table_names(tables: list[TableSize]) -> Iterable[TableName]:
    for name in sorted({table.table_name for table in tables}):
        yield TableName(name=name)


def history(databases: list[InstanceDatabase]) -> Iterable[Base]:
    """Four days of every fourth database, and of its instance as if it had no other."""
    today, instances = datetime.now(UTC).date(), set()
    for database in databases[::4]:
        for number, days in enumerate((1, 2, 30, 400)):
            size = SIZES[number] if days != 30 else None
            shared: dict[str, Any] = {
                "instance_id": database.instance_id,
                "stat_date": today - timedelta(days=days),
                "data_bytes": size,
                "log_bytes": None if days == 1 else number,
                "quality": Quality.UNAVAILABLE if size is None else Quality.EXACT,
                "source": "SAMPLE" if days == 400 else "COLLECTED",
            }
            yield DatabaseSizeStat(database_id=database.id, size_bytes=size, **shared)
            if database.instance_id not in instances:
                yield InstanceSizeStat(total_bytes=size, database_count=number, **shared)
        instances.add(database.instance_id)


def sums(databases: list[InstanceDatabase]) -> Iterable[Base]:
    """Two periods of every kind of every third database, and of its instance once."""
    today, numbers, instances = datetime.now(UTC).date(), count(), set()
    for database in databases[::3]:
        for period in AggregationPeriod:
            span = span_of(period, today)
            for where in (previous(period, span), span):
                number = next(numbers)
                change = None if where is not span else number - 40
                shared: dict[str, Any] = {
                    "instance_id": database.instance_id,
                    "period": period,
                    "period_start": where.start,
                    "period_end": where.end,
                    "days": where.days,
                    "readings": max(1, where.days - number % 3),
                    "avg_bytes": SIZES[number % 5],
                    "min_bytes": number,
                    "max_bytes": SIZES[number % 4] // 2 + number,
                    "first_bytes": number,
                    "last_bytes": SIZES[number % 5],
                    "change_bytes": change,
                    "change_percent": change / 3 if change and number % 2 else None,
                    "quality": list(Quality)[number % 3],
                    "is_sample": number % 7 == 0,
                }
                yield DatabaseSizeAggregation(database_id=database.id, **shared)
                if database.instance_id not in instances:
                    yield InstanceSizeAggregation(avg_database_count=number / 4, **shared)
        instances.add(database.instance_id)


def growth_events(databases: list[InstanceDatabase], users: list[User]) -> Iterable[Base]:
    """Of every fifth database; some were seen."""
    today = datetime.now(UTC).date()
    for number, database in enumerate(databases[::5]):
        yield GrowthEvent(
            database_id=database.id,
            event_date=today - timedelta(days=number % 3),
            since=today - timedelta(days=number % 3 + 1),
            before_bytes=number,
            after_bytes=SIZES[number % 5] // 2 + number,
            percent=number / 3 if number % 4 else None,
            created_at=datetime(2026, 1, 1, 0, 0, 0, number // 3, UTC),
            acknowledged_at=_ago(AGES[0]) if number % 3 == 1 else None,
            acknowledged_by_id=users[0].id if number % 3 == 1 else None,
        )


def sync_sessions(users: list[User]) -> Iterable[SyncSession]:
    statuses = cycle(status for status in SyncStatus if status != SyncStatus.LOST)
    categories, triggers, owners = cycle(SyncCategory), cycle(SyncTrigger), cycle([None, *users])
    for number in range(28):
        owner, status = next(owners), next(statuses)
        yield SyncSession(
            category=next(categories),
            trigger=next(triggers),
            status=status,
            created_at=datetime(2026, 1, 1, 0, 0, 0, number // 3, UTC),
            started_at=None if status == SyncStatus.PENDING else _ago(AGES[1]),
            finished_at=_ago(AGES[0]) if status in TERMINAL else None,
            created_by_id=None if owner is None else owner.id,
            total=number % 5,
            succeeded=number % 3,
            failed=number % 2,
        )


def sync_records(
    sessions: list[SyncSession], databases: list[InstanceDatabase]
) -> Iterable[SyncRecord]:
    """None to four for each session, in every status, each of a database of its own."""
    statuses, targets, categories = cycle(SyncStatus), iter(databases), cycle(SyncCategory)
    for place, session in enumerate(sessions):
        for which in range(place % 4 + 1 if place % 7 else 0):
            status, category, database = next(statuses), next(categories), next(targets)
            failed = status in (SyncStatus.FAILED, SyncStatus.COMPLETED_WITH_ERRORS)
            ended = status in TERMINAL
            live = category == SyncCategory.CAPACITY and not ended  # at most one per instance
            yield SyncRecord(
                session_id=session.id,
                category=category,
                task=ScheduleTask.RETENTION if which == 3 and ended else None,
                instance_id=None if which == 3 or live else database.instance_id,
                database_id=database.id if which % 2 else None,
                status=status,
                attempt=which,
                created_at=session.created_at,
                started_at=_ago(AGES[1]) if which else None,
                finished_at=_ago(AGES[0]) if ended else None,
                elapsed_ms=which * 1000 if ended else None,
                stage=HOSTILE[which] if which else None,
                progress=(None, 0.0, 1 / 3, 1.0)[which % 4],
                items_seen=which if ended else None,
                items_created=0 if ended else None,
                items_updated=which if ended else None,
                items_removed=place if ended else None,
                error_code=Code.TLS_ERROR if failed else None,
                error_message=HOSTILE[-which - 1] if failed else None,
            )


def schedules(sessions: list[SyncSession]) -> Iterable[Base]:
    """Of every task, by turns paused, never run, run and skipped; run times repeat."""
    tasks, zones = cycle(ScheduleTask), cycle((None, "UTC", "Europe/London"))
    for number in range(13):
        enabled = number % 3 > 0
        schedule = Schedule(
            id=1000 + number,
            task=next(tasks),
            cron=("0 3 * * *", "*/15 * * * *", "0 3 1,15 * MON")[number % 3],
            time_zone=next(zones),
            is_enabled=enabled,
            next_run_at=_ago(timedelta(days=-1 - number // 4)) if enabled else None,
            longest_pause_seconds=86_400,
            updated_at=_ago(AGES[number % 3]),
        )
        yield schedule
        for which in range(number % 3):
            skipped = number % 4 == 2
            yield ScheduledRun(
                schedule_id=schedule.id,
                scheduled_for=_ago(timedelta(days=which)),
                created_at=_ago(timedelta(days=which)),
                missed=which,
                session_id=None if skipped else sessions[number].id,
                skipped_because="The run before it was still running." if skipped else None,
            )


def audit_entries(users: list[User], tags: list[Tag]) -> Iterable[AuditEntry]:
    """By people and by WhaleFall itself; of tags, of what is gone, of no single thing."""
    makers = cycle([*users, None])
    for number in range(12):
        maker = next(makers)
        tag = tags[number % len(tags)]
        yield AuditEntry(
            made_at=_ago(timedelta(days=number // 3, minutes=number % 3)),
            actor_id=None if maker is None else maker.id,
            actor_name="system:scheduler" if maker is None else maker.username,
            action=("tag.created", "tag.updated", "tag.deleted", "tag.imported")[number % 4],
            object_type="Tag",
            object_id=(tag.id, tag.id, 2**40, None)[number % 4],
            before=None if number % 4 == 0 else {"name": HOSTILE[number + 2], "is_active": True},
            after=None if number % 4 == 2 else {"name": tag.name, "count": number, "tags": [1]},
            request_id=f"r-{number}" if number % 2 else None,
        )
