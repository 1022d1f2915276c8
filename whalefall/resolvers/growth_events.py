"""Growth that people want to hear of: the rule, what it found, and who has seen it."""

from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from datetime import date, datetime
from enum import StrEnum

from sqlalchemy import Subquery, func, select, text, update

from whalefall.auth import Actor, Permission
from whalefall.db import Session, WriteSession
from whalefall.domain.paging import Direction, OrderBy, Page, PageRequest
from whalefall.domain.patch import UNSET, Unset, given
from whalefall.domain.sizes import Bytes
from whalefall.errors import BadInput, NotFound
from whalefall.models.capacity import GrowthEvent, GrowthRule
from whalefall.models.databases import InstanceDatabase
from whalefall.models.instances import Instance
from whalefall.resolvers.audit import audit
from whalefall.resolvers.nouns import reading
from whalefall.resolvers.nouns.noun import Condition, Noun, RequiredOne, described
from whalefall.resolvers.nouns.queries import Listing
from whalefall.resolvers.nouns.writing import changes

RULE_ID = 1
MOST_EVENTS = 1000
MOST_BYTES = 2**62
# Against the latest reading of the three days before, so that a failed night hides nothing.
RECORD = text("""
    INSERT INTO growth_events (database_id, event_date, since, before_bytes, after_bytes, percent)
    SELECT known.id, :today, base.stat_date, base.size_bytes, known.size_bytes,
           CASE WHEN base.size_bytes > 0
                THEN (known.size_bytes - base.size_bytes) * 100::float8 / base.size_bytes END
      FROM growth_rules AS rule, instance_databases AS known
     CROSS JOIN LATERAL (
           SELECT stat_date, size_bytes FROM database_size_stats AS stat
            WHERE stat.database_id = known.id AND stat.size_bytes IS NOT NULL
              AND stat.stat_date BETWEEN CAST(:today AS date) - 3 AND CAST(:today AS date) - 1
              AND (stat.quality = 'PARTIAL') = (known.size_quality = 'PARTIAL')
            ORDER BY stat_date DESC LIMIT 1) AS base
     WHERE rule.id = 1 AND rule.is_enabled AND known.instance_id = :instance_id
       AND known.is_active AND known.size_quality <> 'STALE'
       AND (known.growth_muted_until IS NULL OR known.growth_muted_until < :today)
       AND known.size_bytes > base.size_bytes
       AND (known.size_bytes - base.size_bytes >= rule.bytes
            OR base.size_bytes > 0 AND
               (known.size_bytes - base.size_bytes) * 100::float8 / base.size_bytes >= rule.percent)
        ON CONFLICT (database_id, event_date) DO UPDATE
       SET after_bytes = excluded.after_bytes, percent = excluded.percent
""")


@dataclass(kw_only=True)
class GrowthEventRow:
    """A database that grew more than the rule allows; at most once a day."""

    id: int = described("The row's id.")
    database_id: int = described("The database.")
    database_name: str = described("Its name.")
    instance_id: int = described("Its instance.")
    instance_name: str = described("The name of that.")
    event_date: date = described("The day, in the business time zone.")
    since: date = described("The day of the older reading, at most three days before.")
    before_bytes: Bytes = described("The size on that day.")
    after_bytes: Bytes = described("The size on the day of the event.")
    percent: float | None = described("The growth in per cent; null from nothing.")
    created_at: datetime = described("When it was found.")
    acknowledged_at: datetime | None = described("When somebody said they have seen it.")
    muted_until: date | None = described("Until when growth of this database is no event.")


@dataclass(kw_only=True)
class GrowthEventFilter:
    """Narrows growth events; all conditions must hold."""

    is_open: bool | None = described("Only those that nobody has acknowledged.", default=None)
    database_id: int | None = described("Of this database.", default=None)
    instance_id: int | None = described("Of this instance's databases.", default=None)


class GrowthEventOrderField(StrEnum):
    """CREATED_AT, latest first, is the default."""

    CREATED_AT = "CREATED_AT"


@dataclass(kw_only=True)
class GrowthRuleRow:
    """When growth is an event: when it reaches one threshold or the other."""

    is_enabled: bool = described("Whether events are recorded.")
    percent: float | None = described("From so many per cent on; null: not by this.")
    bytes: Bytes | None = described("From so many bytes on; null: not by this.")
    updated_at: datetime = described("When it was last changed.")


@dataclass(kw_only=True)
class GrowthRulePatch:
    """What changes of the rule."""

    is_enabled: bool | Unset | None = UNSET
    percent: float | Unset | None = UNSET
    bytes: int | Unset | None = UNSET


def _where(view: Subquery, filter: GrowthEventFilter) -> Iterator[Condition]:
    if filter.is_open is not None:
        seen = view.c.acknowledged_at
        yield seen.is_(None) if filter.is_open else seen.is_not(None)
    if filter.database_id is not None:
        yield view.c.database_id == filter.database_id
    if filter.instance_id is not None:
        yield view.c.instance_id == filter.instance_id


def _visible(view: Subquery, actor: Actor) -> Iterator[Condition]:
    yield view.c.instance_deleted_at.is_(None)


GROWTH_EVENTS: Noun[GrowthEventRow] = Noun(
    name="GrowthEvent",
    row=GrowthEventRow,
    filter=GrowthEventFilter,
    view=select(
        GrowthEvent.id,
        GrowthEvent.database_id,
        InstanceDatabase.name.label("database_name"),
        InstanceDatabase.instance_id,
        Instance.name.label("instance_name"),
        Instance.deleted_at.label("instance_deleted_at"),
        GrowthEvent.event_date,
        GrowthEvent.since,
        GrowthEvent.before_bytes,
        GrowthEvent.after_bytes,
        GrowthEvent.percent,
        GrowthEvent.created_at,
        GrowthEvent.acknowledged_at,
        InstanceDatabase.growth_muted_until.label("muted_until"),
    )
    .join(InstanceDatabase, InstanceDatabase.id == GrowthEvent.database_id)
    .join(Instance, Instance.id == InstanceDatabase.instance_id),
    where=_where,
    visible=_visible,
    orders={GrowthEventOrderField.CREATED_AT: ("created_at",)},
    default_order=OrderBy(GrowthEventOrderField.CREATED_AT, Direction.DESC),
    relations={"database": RequiredOne("Database", ours="database_id", theirs="id")},
)


async def record_growth(session: WriteSession, instance_id: int, today: date) -> None:
    """Record what grew too much among an instance's databases, with the sizes of today."""
    await session.execute(RECORD, {"instance_id": instance_id, "today": today})


async def list_growth_events(
    session: Session,
    actor: Actor,
    filter: GrowthEventFilter | None = None,
    page: PageRequest | None = None,
) -> Page[GrowthEventRow]:
    """One page of growth events, latest first."""
    listing = Listing(filter=filter, page=page or PageRequest())
    return await reading.list_rows(session, actor, GROWTH_EVENTS, listing)


async def get_growth_rule(session: Session, actor: Actor) -> GrowthRuleRow:
    """The rule. Without one, nothing is an event."""
    actor.require(Permission.VIEW)
    columns = (GrowthRule.is_enabled, GrowthRule.percent, GrowthRule.bytes, GrowthRule.updated_at)
    found = await session.execute(select(*columns).where(GrowthRule.id == RULE_ID))
    row = found.mappings().first()
    if row is None:
        raise NotFound("There is no rule for growth events.")
    return GrowthRuleRow(**row)


async def update_growth_rule(
    session: WriteSession, actor: Actor, patch: GrowthRulePatch
) -> GrowthRuleRow:
    """Change when growth is an event; what was recorded stays. Raises BadInput."""
    actor.require(Permission.ADMIN)
    row = await get_growth_rule(session, actor)
    clean = given(patch)
    percent, most = clean.get("percent"), clean.get("bytes")
    if percent is not None and not 0 < percent <= 1_000_000:
        raise BadInput("Enter a number above 0, or nothing.", field="percent")
    if most is not None and not 0 < most <= MOST_BYTES:
        raise BadInput("Enter a number above 0, or nothing.", field="bytes")
    if clean.get("is_enabled", True) is None:
        raise BadInput("Say whether events are recorded.", field="is_enabled")
    before, after = changes(asdict(row), clean)
    if after:
        statement = update(GrowthRule).where(GrowthRule.id == RULE_ID)
        await session.execute(statement.values(**after, updated_at=func.clock_timestamp()))
        await audit(session, actor, "growth_rule.updated", "GrowthRule", RULE_ID, before, after)
    return await get_growth_rule(session, actor)


async def acknowledge_growth_events(session: WriteSession, actor: Actor, ids: Sequence[int]) -> int:
    """Say that these events were seen; how many were open. Raises BadInput for too many."""
    actor.require(Permission.UPDATE)
    if not 1 <= len(ids) <= MOST_EVENTS:
        raise BadInput("Choose 1 to 1000 events.", field="ids")
    changed = await session.execute(
        update(GrowthEvent)
        .where(GrowthEvent.id.in_(ids), GrowthEvent.acknowledged_at.is_(None))
        .values(acknowledged_at=func.clock_timestamp(), acknowledged_by_id=actor.user_id)
    )
    count = int(changed.rowcount)  # type: ignore[attr-defined]
    if count:
        after = {"ids": sorted(ids)}
        await audit(session, actor, "growth_events.acknowledged", "GrowthEvent", None, None, after)
    return count


async def mute_growth(
    session: WriteSession, actor: Actor, database_id: int, until: date | None
) -> None:
    """Record no growth of a database up to this day; none: record it again. Raises NotFound."""
    actor.require(Permission.UPDATE)
    row = await session.get(InstanceDatabase, database_id, with_for_update=True)
    if row is None:
        raise NotFound("There is no such database.")
    before, after = {"growth_muted_until": row.growth_muted_until}, {"growth_muted_until": until}
    if before == after:
        return
    row.growth_muted_until = until
    await session.flush()
    await audit(session, actor, "database.growth_muted", "Database", database_id, before, after)
