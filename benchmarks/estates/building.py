"""Making an estate, and finding the places in it that questions ask for."""

import base64
import json
from dataclasses import dataclass
from pathlib import Path

import asyncpg

from benchmarks.estates.sizes import Size
from whalefall.domain.engines import ENGINES

SCRIPT = Path(__file__).with_name("estate.sql")
WANTED = """
    CREATE TEMPORARY TABLE wanted AS
    SELECT {0} AS instances, {1} AS databases, {2} AS tables, {3} AS history,
           '{{{engines}}}'::text[] AS engines
"""
COUNTS = """
    SELECT (SELECT count(*) FROM instances), (SELECT count(*) FROM instance_databases),
           (SELECT count(*) FROM database_table_size_stats),
           (SELECT count(*) FROM database_size_stats)
"""
WIDE = "SELECT database_id FROM table_snapshots WHERE table_count = 2000 ORDER BY 1 DESC LIMIT 1"
LEDGER = """
      FROM instance_databases AS d JOIN instances AS i ON i.id = d.instance_id
     WHERE d.is_active AND i.is_active AND i.deleted_at IS NULL
"""
DEEP = f"""
    SELECT i.name, d.name, d.id {LEDGER} ORDER BY i.name, d.name, d.id
     LIMIT 1 OFFSET (SELECT count(*) * 9 / 10 {LEDGER})
"""


@dataclass(frozen=True)
class Places:
    """A database of 2,000 tables, and the cursor of the ledger's row at 90 %."""

    wide_id: str
    deep_cursor: str


async def build(url: str, size: Size) -> None:
    """Fill an empty, migrated database. Raises when a number of rows is not as asked."""
    connection = await asyncpg.connect(url)
    await connection.execute("SET maintenance_work_mem = '512MB'; SET work_mem = '128MB'")
    numbers = (size.instances, size.databases, size.tables, size.history)
    await connection.execute(WANTED.format(*numbers, engines=",".join(ENGINES)))
    await connection.execute(SCRIPT.read_text())
    await connection.execute("VACUUM (FREEZE, ANALYZE)")
    made = tuple((await connection.fetchrow(COUNTS)) or ())
    await connection.close()
    if made != numbers:
        raise AssertionError(f"the estate has {made} rows, not {numbers}")


async def find_places(url: str) -> Places:
    """Where the questions lead in the estate of this database."""
    connection = await asyncpg.connect(url)
    wide = await connection.fetchval(WIDE)
    keys = tuple((await connection.fetchrow(DEEP)) or ())
    await connection.close()
    position = json.dumps([1, "Database:INSTANCE:ASC", None, *keys])
    return Places(_base64(f"Database:{wide}"), _base64(position))


def _base64(text: str) -> str:
    return base64.b64encode(text.encode()).decode()
