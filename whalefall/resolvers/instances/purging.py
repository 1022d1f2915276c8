"""Out of the recycle bin for good: an instance with everything that was ever read from it.

Audit entries and log lines stay: they tell what people did, not what a server held.
"""

from collections import Counter
from collections.abc import Sequence
from typing import Any

from sqlalchemy import text

from whalefall.auth import Actor, Permission
from whalefall.db import WriteSession
from whalefall.errors import Conflict, said
from whalefall.resolvers.audit import audit_many
from whalefall.resolvers.instances.choosing import hold
from whalefall.resolvers.sessions import close_if_done

BATCH = 100  # databases per statement, so that none comes near the statement timeout
TOLD = ("name", "engine", "host", "port", "database_name", "database_count", "total_size_bytes")
BUSY = text("""
    SELECT instance_id FROM sync_instance_records
     WHERE instance_id = ANY(:ids) AND status = 'RUNNING' AND lease_expires_at > now()
     UNION
    SELECT instance_id FROM target_leases WHERE instance_id = ANY(:ids) AND expires_at > now()
""")
DELETE_RECORDS = text("""
    DELETE FROM sync_instance_records WHERE instance_id = ANY(:ids) RETURNING session_id
""")
DELETE_EMPTY_SESSIONS = text("""
    DELETE FROM sync_sessions AS session WHERE id = ANY(:ids)
       AND NOT EXISTS (SELECT FROM sync_instance_records WHERE session_id = session.id)
""")
RECOUNT_SESSIONS = text("""
    UPDATE sync_sessions AS session
       SET total = counted.total, succeeded = counted.succeeded, failed = counted.failed,
           cancelled = counted.cancelled
      FROM (SELECT session_id, count(*) AS total,
                   count(*) FILTER (WHERE status LIKE 'COMPLETED%') AS succeeded,
                   count(*) FILTER (WHERE status = 'FAILED') AS failed,
                   count(*) FILTER (WHERE status = 'CANCELLED') AS cancelled
              FROM sync_instance_records WHERE session_id = ANY(:ids) GROUP BY session_id
           ) AS counted
     WHERE session.id = counted.session_id
 RETURNING session.id
""")  # what a session says of itself is what its records say
NEXT_DATABASES = text(f"""
    SELECT id, instance_id FROM instance_databases WHERE instance_id = ANY(:ids) LIMIT {BATCH}
""")  # noqa: S608 (a constant of ours)
DELETE_OF_DATABASES = [
    text("DELETE FROM database_table_size_stats WHERE database_id = ANY(:ids)"),
    text("DELETE FROM table_snapshots WHERE database_id = ANY(:ids)"),
    text("DELETE FROM database_size_stats WHERE database_id = ANY(:ids)"),
    text("DELETE FROM instance_databases WHERE id = ANY(:ids)"),
]
DELETE_INSTANCES = [
    text("DELETE FROM instance_size_stats WHERE instance_id = ANY(:ids)"),
    text("DELETE FROM instance_size_aggregations WHERE instance_id = ANY(:ids)"),
    text("DELETE FROM target_leases WHERE instance_id = ANY(:ids)"),
    text("DELETE FROM instance_tags WHERE instance_id = ANY(:ids)"),
    text("DELETE FROM instances WHERE id = ANY(:ids)"),
]


async def purge_instances(session: WriteSession, actor: Actor, ids: Sequence[int]) -> int:
    """Delete instances in the recycle bin with their databases, sizes and records; how many.

    One transaction: they are all gone, or all there. Raises BadInput, NotFound, and CONFLICT for
    one that is not in the bin, or that a worker is still reading.
    """
    actor.require(Permission.ADMIN)
    held = await hold(session, ids, also_recycled=True, to_delete=True)
    chosen = [row["id"] for row in held]
    busy = {row[0] for row in await session.execute(BUSY, {"ids": chosen})}
    for row in held:
        place = ("ids", str(list(ids).index(row["id"])))
        if row["deleted_at"] is None:
            message = said("%(name)s is not in the recycle bin.", name=row["name"])
            raise Conflict(message, field=place)
        if row["id"] in busy:
            message = said("%(name)s is still being read.", name=row["name"])
            raise Conflict(message, field=place, hint=said("Try again a little later."))
    await _delete_records(session, chosen)
    databases = await _delete_databases(session, chosen)
    for statement in DELETE_INSTANCES:
        await session.execute(statement, {"ids": chosen})
    entries = [(row["id"], _told(row, databases.get(row["id"], 0)), None) for row in held]
    await audit_many(session, actor, "instance.purged", "Instance", entries)
    return len(held)


def _told(row: dict[str, Any], databases: int) -> dict[str, Any]:
    """What the audit keeps of an instance; `databases` counts those that were gone too."""
    return {**{name: row[name] for name in TOLD}, "databases": databases}


async def _delete_records(session: WriteSession, ids: list[int]) -> None:
    """Sessions keep their other records, and count those; a session without any goes too."""
    deleted = await session.execute(DELETE_RECORDS, {"ids": ids})
    sessions = {"ids": sorted({row[0] for row in deleted})}
    await session.execute(DELETE_EMPTY_SESSIONS, sessions)
    for row in (await session.execute(RECOUNT_SESSIONS, sessions)).all():
        await close_if_done(session, row[0])


async def _delete_databases(session: WriteSession, ids: list[int]) -> dict[int, int]:
    """How many databases of each instance went, gone ones included."""
    counts: Counter[int] = Counter()
    while batch := (await session.execute(NEXT_DATABASES, {"ids": ids})).all():
        for statement in DELETE_OF_DATABASES:
            await session.execute(statement, {"ids": [row.id for row in batch]})
        counts.update(row.instance_id for row in batch)
    return counts
