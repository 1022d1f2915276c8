"""Forecasts of databases: one made when it is asked for, those of all databases every night."""

import asyncio
import datetime as dt
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from functools import partial
from typing import Any

from sqlalchemy import ARRAY, BigInteger, bindparam, text

from whalefall.auth import Actor, Permission
from whalefall.db import Database, Session, WriteSession
from whalefall.domain.forecast import (
    HISTORY_DAYS,
    DaysUntilFull,
    Forecast,
    forecast,
)
from whalefall.domain.histories import Reading
from whalefall.domain.sizes import Bytes
from whalefall.errors import BadInput, NotFound, said
from whalefall.models.databases import InstanceDatabase
from whalefall.resolvers.audit import audit
from whalefall.resolvers.databases import get_database
from whalefall.resolvers.nouns.noun import described
from whalefall.resolvers.patience import patiently
from whalefall.resolvers.progress import Report

BATCH = 100  # databases at a time
MONTH = 30
MOST_AHEAD = 366
MOST_OLD = 14  # days since the last reading: what was then says little of now
POINTS = 30  # of an outlook: a week apart over half a year, and so on
MAX_LIMIT = 2**62
LOOK_BACK = HISTORY_DAYS + 60
# A reading in part is compared with nothing but such: the latest says which kind counts.
READINGS = text("""
    WITH found AS (
        SELECT database_id, stat_date, size_bytes, source, quality = 'PARTIAL' AS in_part,
               first_value(quality = 'PARTIAL') OVER latest_first AS counts_in_part
          FROM database_size_stats
         WHERE database_id = ANY(:ids) AND size_bytes IS NOT NULL
           AND stat_date > CAST(:today AS date) - CAST(:days AS integer)
        WINDOW latest_first AS (PARTITION BY database_id ORDER BY stat_date DESC))
    SELECT database_id, stat_date, size_bytes, source = 'SAMPLE' AS is_sample
      FROM found
     WHERE in_part = counts_in_part
     ORDER BY database_id, stat_date
""").bindparams(bindparam("ids", type_=ARRAY(BigInteger)))
NEXT = text("""
    SELECT id, least(ceiling_bytes, limit_bytes) AS ceiling FROM instance_databases
     WHERE id > :after AND is_active AND size_bytes IS NOT NULL ORDER BY id LIMIT :batch
""")
CEILING = text("SELECT ceiling_bytes, limit_bytes FROM instance_databases WHERE id = :id")
COLUMNS = (
    *("database_id", "readings", "slope_bytes", "month_p10", "month_p50", "month_p90"),
    *("ceiling_bytes", "full_p10", "full_p50", "full_p90"),
)
SAVE = text(f"""
    INSERT INTO database_forecasts ({", ".join(COLUMNS)}, began_on, is_sample)
    VALUES ({", ".join(f":{name}" for name in COLUMNS)}, :began_on, :is_sample)
        ON CONFLICT (database_id) DO UPDATE
       SET {", ".join(f"{name} = excluded.{name}" for name in (*COLUMNS[1:], "began_on"))},
           is_sample = excluded.is_sample, made_at = now()
""")  # noqa: S608 (names of ours)
FORGET = text("DELETE FROM database_forecasts WHERE database_id = ANY(:ids)").bindparams(
    bindparam("ids", type_=ARRAY(BigInteger))
)


class ForecastStatus(StrEnum):
    READY = "READY"
    INSUFFICIENT_DATA = "INSUFFICIENT_DATA"


class CeilingSource(StrEnum):
    """ENGINE: the settings of its files. MANUAL: the limit that people set."""

    ENGINE = "ENGINE"
    MANUAL = "MANUAL"


@dataclass(kw_only=True)
class OutlookRow:
    """The size that is expected on a day: above p50 as likely as below, below p10 one time in ten,
    above p90 one time in ten."""

    date: dt.date = described("The day.")
    p10: Bytes = described("Less than this one time in ten.")
    p50: Bytes = described("More as likely as less.")
    p90: Bytes = described("More than this one time in ten.")


@dataclass(kw_only=True)
class ForecastRow:
    """What is to be expected of a database."""

    status: ForecastStatus
    readings: int
    began_on: date | None = None
    ceiling_bytes: Bytes | None = None
    ceiling_source: CeilingSource | None = None
    slope_bytes: Bytes | None = None
    full: DaysUntilFull | None = None
    outlook: Sequence[OutlookRow] = ()
    is_sample: bool = False


async def get_forecast(
    session: Session, actor: Actor, database_id: int, days: int = MONTH, *, today: date
) -> ForecastRow:
    """The forecast of a database over so many days. Raises NotFound, BadInput."""
    if not 1 <= days <= MOST_AHEAD:
        limits = {"name": "days", "maximum": MOST_AHEAD}
        raise BadInput(said("%(name)s must be between 1 and %(maximum)s.", **limits), field="days")
    await get_database(session, actor, database_id)
    ceiling, limit = (await session.execute(CEILING, {"id": database_id})).one()
    lowest = min((each for each in (ceiling, limit) if each is not None), default=None)
    source = CeilingSource.ENGINE if lowest == ceiling else CeilingSource.MANUAL
    histories = await _histories(session, [database_id], today)
    history, is_sample = histories.get(database_id, ([], False))
    row = ForecastRow(
        status=ForecastStatus.INSUFFICIENT_DATA,
        readings=len(history),
        ceiling_bytes=lowest,
        ceiling_source=None if lowest is None else source,
        is_sample=is_sample,
    )
    made = _forecast(history, today)
    if made is None:
        return row
    step = max(1, days // POINTS)
    row.status, row.began_on = ForecastStatus.READY, made.history.began_on
    row.slope_bytes = Bytes(round(made.slope))
    row.full = None if lowest is None else made.until_full(lowest).less(_age(made, today))
    row.outlook = [_outlook(made, ahead) for ahead in range(step, days + 1, step)]
    return row


async def size_limit_of(session: Session, actor: Actor, database_id: int) -> Bytes | None:
    """What somebody said, also where its engine has a lower ceiling. Raises NotFound."""
    await get_database(session, actor, database_id)
    row = (await session.execute(CEILING, {"id": database_id})).one()
    return None if row.limit_bytes is None else Bytes(row.limit_bytes)


async def set_size_limit(
    session: WriteSession, actor: Actor, database_id: int, limit_bytes: int | None
) -> None:
    """Say how large a database may become, or that nobody says. Raises NotFound, BadInput."""
    actor.require(Permission.UPDATE)
    if limit_bytes is not None and not 1 <= limit_bytes <= MAX_LIMIT:
        raise BadInput("The limit must be a number of bytes.", field="limit_bytes")
    row = await session.get(InstanceDatabase, database_id, with_for_update=True)
    if row is None:
        raise NotFound("There is no such database.")
    if row.limit_bytes == limit_bytes:
        return
    before = {"limit_bytes": row.limit_bytes}
    row.limit_bytes = None if limit_bytes is None else Bytes(limit_bytes)
    await session.flush()
    after = {"limit_bytes": limit_bytes}
    await audit(session, actor, "database.limited", "Database", database_id, before, after)


async def forecast_all(db: Database, actor: Actor, report: Report) -> int:
    """Make the forecasts that lists show anew, a hundred databases at a time; how many.

    The numbers are made beside the event loop: a lease has to be renewed meanwhile.
    """
    actor.require(Permission.ADMIN)
    today = db.settings.today()
    after, count = 0, 0
    await report("forecasts", 0.9)
    while True:
        async with db.read() as session:
            found = (await session.execute(NEXT, {"after": after, "batch": BATCH})).all()
            ids = [row.id for row in found]
            histories = await _histories(session, ids, today) if ids else {}
        if not ids:
            return count
        ceilings = {row.id: row.ceiling for row in found}
        made = await asyncio.to_thread(_made, histories, ceilings, today)
        known = {one["database_id"] for one in made}
        gone = [each for each in ids if each not in known]
        await patiently(partial(_save, db, made, gone))
        after, count = ids[-1], count + len(made)


async def _save(db: Database, made: Sequence[dict[str, Any]], gone: Sequence[int]) -> None:
    async with db.write() as session:
        if made:
            await session.execute(SAVE, made)
        await session.execute(FORGET, {"ids": list(gone)})


def _made(
    histories: Mapping[int, tuple[list[Reading], bool]],
    ceilings: Mapping[int, int | None],
    today: date,
) -> list[dict[str, Any]]:
    """The rows of the databases that can be forecast, their days counted from today."""
    rows = []
    for database_id, (history, is_sample) in histories.items():
        made = _forecast(history, today)
        if made is None:
            continue
        month, ceiling = made.after(MONTH), ceilings[database_id]
        full = DaysUntilFull(p10=None, p50=None, p90=None)
        if ceiling:
            full = made.until_full(ceiling).less(_age(made, today))
        rows.append(
            {
                "database_id": database_id,
                "readings": made.history.readings,
                "began_on": made.history.began_on,
                "slope_bytes": round(made.slope),
                **{f"month_{name}": round(value) for name, value in vars(month).items()},
                "ceiling_bytes": ceiling,
                **{f"full_{name}": days for name, days in vars(full).items()},
                "is_sample": is_sample,
            }
        )
    return rows


def _forecast(history: Sequence[Reading], today: date) -> Forecast | None:
    made = forecast(history)
    return made if made is not None and _age(made, today) <= MOST_OLD else None


def _age(made: Forecast, today: date) -> int:
    """Days since the last reading."""
    return max(0, (today - made.history.last_day).days)


async def _histories(
    session: Session, ids: Sequence[int], today: date
) -> dict[int, tuple[list[Reading], bool]]:
    """The readings of databases, and whether some of them were invented, by their ids."""
    values = {"ids": list(ids), "today": today, "days": LOOK_BACK}
    readings: defaultdict[int, list[Reading]] = defaultdict(list)
    samples: set[int] = set()
    for row in await session.execute(READINGS, values):
        readings[row.database_id].append((row.stat_date, float(row.size_bytes)))
        if row.is_sample:
            samples.add(row.database_id)
    return {key: (found, key in samples) for key, found in readings.items()}


def _outlook(made: Forecast, days: int) -> OutlookRow:
    expected = made.after(days)
    return OutlookRow(
        date=made.history.last_day + dt.timedelta(days=days),
        p10=Bytes(round(expected.p10)),
        p50=Bytes(round(expected.p50)),
        p90=Bytes(round(expected.p90)),
    )
