"""What may go once it is old enough: log lines, ended sync sessions, sign-ins, unused names.

What people changed, and the sizes of past days, are none of it: the audit stays, and sizes go
with their partitions.
"""

from sqlalchemy import TextClause, text

from whalefall.auth import Actor, Permission
from whalefall.db import Database
from whalefall.resolvers.maintenance import forget_sign_ins
from whalefall.resolvers.patience import patiently
from whalefall.resolvers.progress import Report
from whalefall.resolvers.table_names import tidy_table_names

BATCH = 5_000  # rows at a time, so that no transaction is long
SESSIONS = 50  # at a time: a nightly one takes a record for each instance along
OLD_LOGS = text("""
    DELETE FROM unified_logs
     WHERE id IN (SELECT id FROM unified_logs
                   WHERE logged_at < now() - make_interval(days => :days)
                   ORDER BY logged_at, id LIMIT :batch)
""")
OLD_SESSIONS = text("""
    DELETE FROM sync_sessions
     WHERE id IN (SELECT id FROM sync_sessions
                   WHERE created_at < now() - make_interval(days => :days)
                     AND finished_at IS NOT NULL
                   ORDER BY created_at, id LIMIT :batch)
""")
OLD_RUNS = text("""
    DELETE FROM scheduled_runs
     WHERE id IN (SELECT id FROM scheduled_runs
                   WHERE created_at < now() - make_interval(days => :days)
                     AND id NOT IN (SELECT max(id) FROM scheduled_runs GROUP BY schedule_id)
                   ORDER BY id LIMIT :batch)
""")


async def forget_what_is_old(db: Database, actor: Actor, report: Report) -> int:
    """Delete it in short transactions; how many rows went."""
    actor.require(Permission.ADMIN)
    settings = db.settings
    removed = 0
    for place, (stage, statement, days, batch) in enumerate(
        (
            ("log lines", OLD_LOGS, settings.log_days, BATCH),
            ("sessions", OLD_SESSIONS, settings.session_days, SESSIONS),
            ("runs", OLD_RUNS, settings.session_days, BATCH),
        )
    ):
        await report(stage, 0.2 * (place + 1))
        removed += await _delete(db, statement, days, batch)
    await report("names", 0.8)
    await forget_sign_ins(db, actor)
    await tidy_table_names(db, actor)
    return removed


async def _delete(db: Database, statement: TextClause, days: int, batch: int) -> int:
    async def delete() -> int:
        async with db.write() as session:
            result = await session.execute(statement, {"days": days, "batch": batch})
        return int(result.rowcount)  # type: ignore[attr-defined]

    removed = gone = await patiently(delete)
    while gone == batch:
        gone = await patiently(delete)
        removed += gone
    return removed
