"""How old a reading may be: as old as the schedule lets it become by itself, and a little more."""

from typing import Any

from sqlalchemy import ColumnElement, func, literal_column

from whalefall.domain.freshness import GRACE_HOURS, USUAL_PAUSE_SECONDS
from whalefall.domain.states import ScheduleTask

_PAUSE = f"""
    (SELECT make_interval(secs => coalesce(min(longest_pause_seconds), {USUAL_PAUSE_SECONDS}))
       FROM schedules WHERE task = '{ScheduleTask.CAPACITY}')
"""  # noqa: S608 (constants of ours); asked once for a whole statement


def pauses_ago(count: int) -> ColumnElement[Any]:
    """The moment so many pauses of the capacity schedule, and two hours, before now."""
    late: ColumnElement[Any] = literal_column(
        f"(interval '{GRACE_HOURS} hours' + {count} * {_PAUSE})"
    )
    return func.now() - late
