"""The dictionary of tables' names that search looks into: what adds to it, what takes away."""

import structlog
from sqlalchemy import TextClause, text
from sqlalchemy.exc import DBAPIError

from whalefall.auth import Actor, Permission
from whalefall.db import Database
from whalefall.errors import ServiceUnavailable

BATCH = 5_000  # names at a time, so that no transaction is long
log = structlog.get_logger(__name__)

# In the order of names, so that two who add the same ones wait for each other but never in a ring.
ADD = text("""
    INSERT INTO table_names (name)
    SELECT DISTINCT t.table_name
      FROM sync_instance_records AS r
      JOIN database_table_size_stats AS t ON t.database_id = r.database_id
     WHERE r.id = :record_id
       AND NOT EXISTS (SELECT FROM table_names AS n WHERE n.name = t.table_name)
     ORDER BY t.table_name
    ON CONFLICT DO NOTHING
""")
DROP_UNUSED = text("""
    WITH walked AS MATERIALIZED (
        SELECT name FROM table_names WHERE name > :after ORDER BY name LIMIT :batch),
    dropped AS (
        DELETE FROM table_names AS n USING walked
         WHERE n.name = walked.name
           AND NOT EXISTS (SELECT FROM database_table_size_stats AS t WHERE t.table_name = n.name)
        RETURNING n.name)
    SELECT (SELECT max(name) FROM walked) AS last, (SELECT count(*) FROM dropped) AS changed
""")
ADD_MISSING = text("""
    WITH walked AS MATERIALIZED (
        SELECT DISTINCT table_name AS name FROM database_table_size_stats
         WHERE table_name > :after ORDER BY table_name LIMIT :batch),
    added AS (
        INSERT INTO table_names (name) SELECT name FROM walked ORDER BY name
        ON CONFLICT DO NOTHING
        RETURNING name)
    SELECT (SELECT max(name) FROM walked) AS last, (SELECT count(*) FROM added) AS changed
""")


async def add_names_of(db: Database, record_id: int) -> None:
    """Add the names of the tables that a record's refresh has brought; for after its commit.

    The snapshot stands whatever happens here: the next refresh adds what this one could not, and
    so does the night.
    """
    try:
        async with db.write() as session:
            await session.execute(ADD, {"record_id": record_id})
    except (ServiceUnavailable, DBAPIError) as error:
        log.warning("table_names.not_added", record_id=record_id, error=type(error).__name__)


async def tidy_table_names(db: Database, actor: Actor) -> None:
    """Drop the names of no table, then add whatever is missing: a name may have come back between.

    Several may do it at once.
    """
    actor.require(Permission.ADMIN)
    dropped = await _walk(db, DROP_UNUSED)
    added = await _walk(db, ADD_MISSING)
    log.info("table_names.tidied", dropped=dropped, added=added)


async def _walk(db: Database, statement: TextClause) -> int:
    """Go through all names, a batch in each transaction; how many changed."""
    after: str | None = ""
    changed = 0
    while after is not None:
        async with db.write() as session:
            result = await session.execute(statement, {"after": after, "batch": BATCH})
            after, number = result.one()
            changed += number
    return changed
