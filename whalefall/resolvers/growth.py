"""How much databases grew.

One rule, wherever growth is asked for. A database's growth over N days is its latest size less
its baseline: of the days before the latest reading, at most 2 N of them, the one nearest to N days
before it (of two as near, the older). So a young database tells of the days that it has, a gap is
stepped over, and nothing is ever extrapolated: `since` says from which day the number counts.
Without a baseline there is no growth, which is not a growth of zero; shrinking is negative; from a
baseline of zero bytes there is no percentage. A size that could not be read counts for nothing,
and one that was read in part is compared with nothing but such: the rest did not come or go.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from sqlalchemy import ARRAY, BigInteger, bindparam, text

from whalefall.auth import Actor, Permission
from whalefall.db import Session, WriteSession
from whalefall.domain.sizes import Bytes
from whalefall.errors import BadInput, said

GROWTH_DAYS = 30  # of the growth that stands beside every size
LONGEST_DAYS = 1830


def baseline(database_id: str, day: str, days: str, quality: str) -> str:
    """SQL for the reading that growth up to a reading of `day` counts from; all of it SQL."""
    return f"""
        SELECT stat_date, size_bytes FROM database_size_stats
         WHERE database_id = {database_id} AND size_bytes IS NOT NULL
           AND stat_date BETWEEN {day} - 2 * {days} AND {day} - 1
           AND (quality = 'PARTIAL') = ({quality} = 'PARTIAL')
         ORDER BY abs(stat_date - ({day} - {days})), stat_date
         LIMIT 1
    """  # noqa: S608 (constants of ours)


def percent(size_bytes: str, before_bytes: str) -> str:
    """SQL for the growth from one size to another in per cent; null from nothing."""
    change = f"({size_bytes} - {before_bytes})"
    return f"CASE WHEN {before_bytes} > 0 THEN {change} * 100::float8 / {before_bytes} END"


_DAYS = "CAST(:days AS integer)"
_BASELINE = baseline("known.id", "latest.stat_date", _DAYS, "latest.quality")
_GROWN = f"""
    SELECT known.id, latest.size_bytes - base.size_bytes AS bytes,
           {percent("latest.size_bytes", "base.size_bytes")} AS percent, base.stat_date AS since
      FROM instance_databases AS known
     CROSS JOIN LATERAL (
           SELECT stat_date, size_bytes, quality FROM database_size_stats
            WHERE database_id = known.id AND size_bytes IS NOT NULL
            ORDER BY stat_date DESC
            LIMIT 1) AS latest
     CROSS JOIN LATERAL ({_BASELINE}) AS base
"""  # noqa: S608
GROWN = text(f"{_GROWN} WHERE known.id = ANY(:ids)").bindparams(
    bindparam("ids", type_=ARRAY(BigInteger))
)
SAVE = text(f"""
    UPDATE instance_databases AS old
       SET growth_bytes = grown.bytes, growth_percent = grown.percent, growth_since = grown.since
      FROM ({_GROWN} WHERE known.instance_id = :instance_id) AS grown
     WHERE old.id = grown.id
       AND (old.growth_bytes, old.growth_percent, old.growth_since)
           IS DISTINCT FROM (grown.bytes, grown.percent, grown.since)
""")  # noqa: S608


@dataclass(frozen=True, kw_only=True)
class GrowthRow:
    """What became of a size: `percent` is none from nothing, `since` the day it counts from."""

    bytes: Bytes
    percent: float | None
    since: date


def check_days(days: int) -> None:
    """Raises BadInput for a span that no history could tell of."""
    if not 1 <= days <= LONGEST_DAYS:
        raise BadInput(
            said("%(name)s must be between 1 and %(maximum)s.", name="days", maximum=LONGEST_DAYS),
            field="days",
        )


async def database_growth(
    session: Session, actor: Actor, database_ids: Sequence[int], days: int = GROWTH_DAYS
) -> dict[int, GrowthRow]:
    """The growth of databases over `days`, by their ids; those without a baseline are missing.

    Raises BadInput.
    """
    actor.require(Permission.VIEW)
    check_days(days)
    found = await session.execute(GROWN, {"ids": list(database_ids), "days": days})
    return {
        row.id: GrowthRow(bytes=row.bytes, percent=row.percent, since=row.since) for row in found
    }


async def save_growth(session: WriteSession, instance_id: int) -> None:
    """Bring the growth beside the sizes of an instance's databases up to date with history."""
    await session.execute(SAVE, {"instance_id": instance_id, "days": GROWTH_DAYS})
