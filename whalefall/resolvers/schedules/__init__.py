"""Schedules: read in `reading` and `runs`, changed in `writing`, and come due in `due`."""

from whalefall.resolvers.schedules.due import run_due_schedules
from whalefall.resolvers.schedules.reading import (
    SCHEDULES,
    UPCOMING,
    ScheduleFilter,
    ScheduleOrderField,
    ScheduleRow,
    cron_of,
    get_schedule,
    last_sessions,
    list_schedules,
    upcoming,
    words_of,
)
from whalefall.resolvers.schedules.runs import RunRow, recent_runs
from whalefall.resolvers.schedules.writing import (
    SchedulePatch,
    cron_from,
    pause_schedule,
    resume_schedule,
    run_schedule,
    update_schedule,
)

__all__ = [
    "SCHEDULES",
    "UPCOMING",
    "RunRow",
    "ScheduleFilter",
    "ScheduleOrderField",
    "SchedulePatch",
    "ScheduleRow",
    "cron_from",
    "cron_of",
    "get_schedule",
    "last_sessions",
    "list_schedules",
    "pause_schedule",
    "recent_runs",
    "resume_schedule",
    "run_due_schedules",
    "run_schedule",
    "upcoming",
    "update_schedule",
    "words_of",
]
