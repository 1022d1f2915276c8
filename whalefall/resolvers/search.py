"""Search by name over active instances, their databases and the tables in those.

Tables are found through the dictionary of their distinct names: a name stands there once, however
many databases have such a table.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, fields
from typing import Any, TypeVar

from sqlalchemy import TextClause, text

from whalefall.auth import Actor, Permission
from whalefall.db import Session
from whalefall.domain.checks import checked, line
from whalefall.domain.engines import Engine
from whalefall.errors import BadInput, said
from whalefall.resolvers.nouns.noun import described
from whalefall.resolvers.nouns.text import like_pattern

MAX_TEXT, MAX_HITS = 100, 50
FEW = 3  # with fewer hits than these, a typo is likely
SHORTEST_TYPO = 3  # shorter texts resemble nearly everything
LIKENESSES = (0.5, 0.35)  # a wrong letter, then also two that changed places
SAME_NAME = 3  # of a name that may not be the one meant, so that others show too
LIKELY = 1_000  # names that are compared closely; each takes a few microseconds
MORE, ALL = 25, 10_000_000  # times as many names, when the tables of some may not be shown


@dataclass(kw_only=True)
class InstanceHit:
    """An active instance whose name or host fits."""

    id: int = described("The instance's row id.")
    name: str = described("The instance's name.")
    host: str = described("Its host.")
    engine: Engine = described("Its engine.")
    is_fuzzy: bool = described("Whether it only resembles the text, as after a typo.")


@dataclass(kw_only=True)
class DatabaseHit:
    """An active database of an active instance whose name fits."""

    id: int = described("The database's row id.")
    name: str = described("The database's name.")
    instance_name: str = described("The name of its instance.")
    engine: Engine = described("The engine of its instance.")
    is_fuzzy: bool = described("Whether it only resembles the text, as after a typo.")


@dataclass(kw_only=True)
class TableHit:
    """A table of an active database whose name fits, as of the database's latest snapshot."""

    id: int = described("The row id of the table's size.")
    database_id: int = described("The row id of its database.")
    schema_name: str = described("Its schema; for MySQL and Oracle the database's own name.")
    table_name: str = described("Its name.")
    database_name: str = described("The name of its database.")
    instance_name: str = described("The name of its instance.")
    engine: Engine = described("The engine of its instance.")
    is_fuzzy: bool = described("Whether it only resembles the text, as after a typo.")


@dataclass(kw_only=True)
class SearchHits:
    """What was found, best first: equal names, names that begin so, then shorter ones."""

    instances: list[InstanceHit] = field(default_factory=list)
    databases: list[DatabaseHit] = field(default_factory=list)
    tables: list[TableHit] = field(default_factory=list)


Hit = TypeVar("Hit", InstanceHit, DatabaseHit, TableHit)
VISIBLE = "i.is_active AND i.deleted_at IS NULL"
# A plan made without the text can take thirty times as long; one with several workers would not
# keep names in their order.
PREPARE = text("""
    SELECT set_config('plan_cache_mode', 'force_custom_plan', true),
           set_config('max_parallel_workers_per_gather', '0', true)
""")
# Comparing takes a thousand times what it counts for: an index is to choose what is compared.
LIKENESS = text("""
    SELECT set_config('pg_trgm.word_similarity_threshold', :likeness, true),
           set_config('cpu_operator_cost', '1', true)
""")

INSTANCES = text(f"""
    SELECT i.id, i.name, i.host, i.engine
      FROM instances AS i
     WHERE (i.name ILIKE :contains OR i.host ILIKE :contains) AND {VISIBLE}
     ORDER BY i.name NOT ILIKE :begins, i.name NOT ILIKE :contains, length(i.name), i.name
     LIMIT :first
""")  # noqa: S608 (parts of ours)
LIKE_INSTANCES = text(f"""
    SELECT i.id, i.name, i.host, i.engine
      FROM instances AS i
     WHERE (:text <% i.name OR :text <% i.host) AND {VISIBLE}
     ORDER BY greatest(word_similarity(:text, i.name), word_similarity(:text, i.host)) DESC,
              length(i.name), i.name
     LIMIT :first
""")  # noqa: S608

_DATABASE = f"""
    SELECT d.id, d.name, i.name AS instance_name, i.engine
      FROM instance_databases AS d JOIN instances AS i ON i.id = d.instance_id
     WHERE d.is_active AND {VISIBLE}
"""  # noqa: S608
DATABASES = text(f"""
    {_DATABASE} AND d.name ILIKE :contains
     ORDER BY d.name NOT ILIKE :begins, length(d.name), d.name, d.id
     LIMIT :first
""")
LIKE_DATABASES = text(f"""
    SELECT * FROM ({_DATABASE} AND :text <% d.name LIMIT :likely) AS likely
     ORDER BY word_similarity(:text, name) DESC, length(name), name, id
     LIMIT :first
""")  # noqa: S608

# What has the text is either a walk along (length, name) that soon ends, for what is frequent, or
# a look into the trigrams and a sort, for what is rare. Names that begin with it are among these,
# unless there were too many: only then they are looked for by themselves. Should they be few, what
# they leave room for is among the others.
_NAMES = """
    containing AS MATERIALIZED (
        SELECT name FROM table_names
         WHERE name ILIKE :contains
         ORDER BY length(name), name
         LIMIT :names),
    names AS MATERIALIZED (
        SELECT 0 AS place, name
          FROM (SELECT name FROM table_names
                 WHERE lower(name) LIKE lower(:begins)
                   AND (SELECT count(*) FROM containing) = :names
                 ORDER BY length(name), name
                 LIMIT :names) AS beginning
        UNION
        SELECT CASE WHEN name ILIKE :begins THEN 0 ELSE 1 END, name FROM containing)
"""
_LIKE_NAMES = """
    likely AS MATERIALIZED (
        SELECT name FROM table_names WHERE :text <% name LIMIT :likely),
    names AS MATERIALIZED (
        SELECT -word_similarity(:text, name) AS place, name FROM likely
         ORDER BY 1, length(name), name
         LIMIT :names)
"""
# A lateral subquery is joined in a loop, name after name, which ends with the last row wanted.
# There is always a row, which says how many names were looked at.
_TABLES = """
    WITH {names}
    SELECT found.*, counted.names
      FROM (SELECT count(*) AS names FROM names) AS counted
      LEFT JOIN (
           SELECT ordered.place, tables.*
             FROM (SELECT * FROM names ORDER BY place, length(name), name) AS ordered
            CROSS JOIN LATERAL (
                  SELECT t.id, t.database_id, t.schema_name, t.table_name,
                         d.name AS database_name, i.name AS instance_name, i.engine
                    FROM database_table_size_stats AS t
                    JOIN instance_databases AS d ON d.id = t.database_id
                    JOIN instances AS i ON i.id = d.instance_id
                   WHERE t.table_name = ordered.name AND d.is_active AND {visible}
                   ORDER BY t.id
                   LIMIT :same_name) AS tables
            LIMIT :first) AS found ON true
     ORDER BY place, length(table_name), table_name, id
"""
TABLES = text(_TABLES.format(names=_NAMES, visible=VISIBLE))
LIKE_TABLES = text(_TABLES.format(names=_LIKE_NAMES, visible=VISIBLE))
FITTING, RESEMBLING = (
    (INSTANCES, DATABASES, TABLES),
    (LIKE_INSTANCES, LIKE_DATABASES, LIKE_TABLES),
)


async def search(session: Session, actor: Actor, text: str, first: int = 20) -> SearchHits:
    """At most `first` of each kind whose name has the text in it; in any case, % and _ as such.

    When there are hardly any, also those that resemble it, `is_fuzzy`. Raises BadInput.
    """
    actor.require(Permission.VIEW)
    wanted: str = checked({"text": text}, {"text": line(MAX_TEXT)})["text"]
    if not 1 <= first <= MAX_HITS:
        message = said("Ask for 1 to %(maximum)s hits of each kind.", maximum=MAX_HITS)
        raise BadInput(message, field="first")
    pattern = like_pattern(wanted)
    asked = {
        "text": wanted,
        "contains": pattern,
        "begins": pattern[1:],
        "first": first,
        "likely": LIKELY,
    }
    await session.execute(PREPARE)
    hits = SearchHits()
    await _find(session, hits, FITTING, asked, is_fuzzy=False)
    for likeness in LIKENESSES:
        if not _is_typo(wanted, hits):
            break
        await session.execute(LIKENESS, {"likeness": str(likeness)})
        await _find(session, hits, RESEMBLING, asked, is_fuzzy=True)
    return hits


def _is_typo(wanted: str, hits: SearchHits) -> bool:
    """Whether there are few hits, and none that looks like what the person is about to type."""
    names = [hit.name for hit in hits.instances] + [hit.name for hit in hits.databases]
    names += [hit.table_name for hit in hits.tables]
    begun = any(name.lower().startswith(wanted.lower()) for name in names)
    return len(wanted) >= SHORTEST_TYPO and len(names) < FEW and not begun


async def _find(
    session: Session,
    hits: SearchHits,
    statements: Sequence[TextClause],
    asked: Mapping[str, Any],
    *,
    is_fuzzy: bool,
) -> None:
    """Add what the statements find of each kind."""
    instances, databases, tables = statements
    room = asked["first"]
    found = await _rows(session, instances, asked)
    _add(hits.instances, InstanceHit, found, room, is_fuzzy=is_fuzzy)
    found = await _rows(session, databases, asked)
    _add(hits.databases, DatabaseHit, found, room, is_fuzzy=is_fuzzy)
    same_name = min(room, SAME_NAME) if is_fuzzy else room
    found = await _tables(session, tables, {**asked, "same_name": same_name})
    _add(hits.tables, TableHit, found, room, is_fuzzy=is_fuzzy)


async def _tables(session: Session, statement: TextClause, asked: Mapping[str, Any]) -> list[Any]:
    """Tables of the best names; of all names where those have too few that may be shown."""
    rows: list[Any] = []
    for names in (asked["first"], MORE * asked["first"], ALL):
        rows = await _rows(session, statement, {**asked, "names": names})
        if rows[0]["names"] < names or len(rows) == asked["first"]:
            break
    return [row for row in rows if row["id"] is not None]


async def _rows(session: Session, statement: TextClause, asked: Mapping[str, Any]) -> list[Any]:
    return list((await session.execute(statement, asked)).mappings())


def _add(
    hits: list[Hit], kind: type[Hit], found: Sequence[Any], room: int, *, is_fuzzy: bool
) -> None:
    """Add the rows that are not there yet, while there is room."""
    known = {hit.id for hit in hits}
    names = [declared.name for declared in fields(kind) if declared.name != "is_fuzzy"]
    for row in found:
        if len(hits) < room and row["id"] not in known:
            hits.append(kind(**{name: row[name] for name in names}, is_fuzzy=is_fuzzy))
