"""The demo's own records: sample servers, tags and a labelled past. Everything may be run again."""

from dataclasses import dataclass, field
from datetime import date

from sqlalchemy import delete, select, text, update

from whalefall import crypto
from whalefall.auth import Actor, Permission, Role
from whalefall.crypto import KeyRing
from whalefall.db import ReadSession, WriteSession
from whalefall.domain.engines import ENGINES, Engine
from whalefall.domain.passwords import check_password
from whalefall.domain.periods import add_months
from whalefall.domain.states import ScheduleTask, SyncTrigger
from whalefall.domain.tls import Tls, TlsMode
from whalefall.models.databases import InstanceDatabase, TableSnapshot
from whalefall.models.instances import Credential, Instance, Tag
from whalefall.models.sync import SyncRecord
from whalefall.models.users import ApiToken, User
from whalefall.resolvers.audit import audit
from whalefall.resolvers.credentials import (
    CredentialInput,
    CredentialPatch,
    create_credential,
    update_credential,
)
from whalefall.resolvers.growth import save_growth
from whalefall.resolvers.instances import (
    InstanceInput,
    InstancePatch,
    create_instance,
    update_instance,
)
from whalefall.resolvers.partitions import create_partitions
from whalefall.resolvers.sessions import start_task
from whalefall.resolvers.tags import TagInput, create_tag
from whalefall.resolvers.users import create_api_token, create_user, revoke_all

DAYS = 365
MONTHS = 15  # of partitions: the first quarter of that year may have begun before it
# Every database shrinks, going back, at a pace of its own (0.02 to 0.32 per cent a day, by its id),
# faster over working days than over weekends, with a wobble of up to 0.5 per cent: always the same
# numbers, so a second look finds them again.
# Days of a database that has a past already, invented or real, are left alone.
HISTORY = text("""
    INSERT INTO database_size_stats (database_id, stat_date, instance_id, size_bytes, data_bytes,
                                     log_bytes, quality, source, collected_at)
    SELECT known.id, past.day, known.instance_id, (known.size_bytes * past.share)::bigint,
           (known.data_bytes * past.share)::bigint, (known.log_bytes * past.share)::bigint,
           'ESTIMATED', 'SAMPLE', past.day + time '04:00'
      FROM instance_databases AS known
     CROSS JOIN LATERAL (
           SELECT CAST(:today AS date) - ago AS day,
                  exp(-ago * (1 + known.id % 16) / 5000.0)
                  * (1 - 0.004 * (extract(isodow FROM CAST(:today AS date) - ago) >= 6)::int)
                  * (1 + ((known.id * 31 + ago * 7) % 11 - 5) / 1000.0) AS share
             FROM generate_series(1, :days) AS ago) AS past
     WHERE known.instance_id = :instance_id AND known.is_active AND known.size_bytes IS NOT NULL
       AND NOT EXISTS (SELECT FROM database_size_stats AS stat
                        WHERE stat.database_id = known.id AND stat.stat_date < :today)
""")
TOTALS = text("""
    INSERT INTO instance_size_stats (instance_id, stat_date, total_bytes, data_bytes, log_bytes,
                                     database_count, quality, source, collected_at)
    SELECT instance_id, stat_date, sum(size_bytes), sum(data_bytes), sum(log_bytes), count(*),
           'ESTIMATED', 'SAMPLE', max(collected_at)
      FROM database_size_stats
     WHERE instance_id = :instance_id AND source = 'SAMPLE'
     GROUP BY instance_id, stat_date
        ON CONFLICT DO NOTHING
""")


# What some of them may become, so that forecasts have something to say.
LIMITS = text("""
    UPDATE instance_databases SET limit_bytes = (size_bytes * 1.1)::bigint
     WHERE instance_id = :instance_id AND limit_bytes IS NULL AND ceiling_bytes IS NULL
       AND name IN ('shop', 'archive', 'telemetry', 'crm', 'reporting')
""")


@dataclass(frozen=True, kw_only=True)
class SampleInstance:
    """A server of the demo, and the account that reads it."""

    name: str
    engine: Engine
    port: int
    username: str
    password: str = field(repr=False)
    description: str
    tag_names: tuple[str, ...] = ()


async def save_sample_admin(
    session: WriteSession, actor: Actor, username: str, password: str, token: str
) -> None:
    """Make sure that an administrator signs in with this password and calls with this token."""
    actor.require(Permission.ADMIN)
    user = await session.scalar(select(User).where(User.username == username))
    is_this_token = ApiToken.digest == crypto.token_digest(token)
    if user is None:
        await create_user(session, actor, username, password, Role.ADMIN)
    elif not await crypto.check_password(user.password_hash, password):
        check_password(password, username)
        hashed = await crypto.hash_password(password)
        await session.execute(update(User).where(User.id == user.id).values(password_hash=hashed))
        await audit(session, actor, "user.password_changed", "User", user.id, None, None)
        await revoke_all(session, actor, user.id)
        await session.execute(delete(ApiToken).where(is_this_token))  # it is made anew below
    if await session.scalar(select(ApiToken.id).where(is_this_token)) is None:
        await create_api_token(session, actor, username, "demo", token=token)


async def save_sample_tags(session: WriteSession, actor: Actor, tags: tuple[TagInput, ...]) -> None:
    """Add the tags that are not there yet."""
    actor.require(Permission.CREATE)
    known = set((await session.execute(select(Tag.name))).scalars())
    for tag in tags:
        if tag.name not in known:
            await create_tag(session, actor, tag)


async def register_sample(
    session: WriteSession, actor: Actor, keys: KeyRing, sample: SampleInstance
) -> int | None:
    """Register a server of the demo under its present address; its id.

    What people changed about it stays; None when they put it into the recycle bin.
    """
    actor.require(Permission.CREATE)
    credential_id = await _credential(session, actor, keys, sample)
    found = select(Instance.id, Instance.port, Instance.deleted_at)
    known = (await session.execute(found.where(Instance.name == sample.name))).one_or_none()
    if known is None:
        instance = InstanceInput(
            name=sample.name,
            engine=sample.engine,
            host="127.0.0.1",
            port=sample.port,
            description=sample.description,
            credential_id=credential_id,
            tag_names=list(sample.tag_names),
            tls=Tls(mode=TlsMode.DISABLE),
        )
        return (await create_instance(session, actor, instance)).id
    if known.deleted_at is not None:
        return None
    if known.port != sample.port:
        await update_instance(session, actor, known.id, InstancePatch(port=sample.port))
    return int(known.id)


async def save_sample_history(
    session: WriteSession, actor: Actor, instance_id: int, *, today: date
) -> None:
    """Invent a year before today from the present sizes; every row of it says SAMPLE."""
    actor.require(Permission.ADMIN)
    first = today.replace(day=1)
    await create_partitions(session, [add_months(first, -ago) for ago in range(MONTHS)])
    here = {"instance_id": instance_id}
    await session.execute(HISTORY, {**here, "today": today, "days": DAYS})
    await session.execute(TOTALS, here)
    await session.execute(LIMITS, here)
    await save_growth(session, instance_id)


async def sum_up_samples(session: WriteSession, actor: Actor) -> None:
    """Have the years that were invented summed up, by the task that does it every night."""
    actor.require(Permission.ADMIN)
    known = select(SyncRecord.id).where(SyncRecord.task == ScheduleTask.AGGREGATION).limit(1)
    if (await session.execute(known)).first() is None:
        await start_task(session, actor, ScheduleTask.AGGREGATION, trigger=SyncTrigger.MANUAL)


async def unread_databases(
    session: ReadSession, actor: Actor, instance_id: int, names: tuple[str, ...]
) -> list[int]:
    """The ids of those of the named databases whose tables were never read."""
    actor.require(Permission.VIEW)
    found = (
        select(InstanceDatabase.id)
        .outerjoin(TableSnapshot)
        .where(InstanceDatabase.instance_id == instance_id, InstanceDatabase.is_active)
        .where(InstanceDatabase.name.in_(names), TableSnapshot.collected_at.is_(None))
    )
    return list((await session.execute(found)).scalars())


async def _credential(
    session: WriteSession, actor: Actor, keys: KeyRing, sample: SampleInstance
) -> int:
    """The id of the sample's credential; its password is set anew only when it differs."""
    name = f"Demo: {ENGINES[sample.engine].label}"
    row = (await session.execute(select(Credential).where(Credential.name == name))).scalar()
    if row is None:
        credential = CredentialInput(
            name=name,
            username=sample.username,
            password=sample.password,
            engine=sample.engine,
            description="Reads the sample server; made by the demo.",
        )
        return (await create_credential(session, actor, keys, credential)).id
    if keys.decrypt(row.key_id, row.password_ciphertext, row.id) != sample.password:
        patch = CredentialPatch(password=sample.password)
        await update_credential(session, actor, keys, row.id, patch)
    return row.id
