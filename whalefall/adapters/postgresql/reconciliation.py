"""Where all bytes of one database are: its tables, what else lies in its files, and the rest.

pg_database_size adds up the files of the database in all tablespaces, so it is both what the engine
calls the size and what is allocated. Parts are told from inside the database only: among the sizes
of a server's databases there are none.
"""

from collections.abc import Sequence

from whalefall.adapters.postgresql.errors import LockTimeout
from whalefall.adapters.postgresql.tables import Fetch
from whalefall.domain.facts import TableFact
from whalefall.domain.reconciliation import BucketKind, Reconciliation, reconcile
from whalefall.errors import Code, TargetProblem

# Everything but what TABLES lists, in one row. Sequences belong to users' tables, so they are data;
# large objects lie in a catalog, but are users' too. What is locked stays unattributed, as a lock
# on a catalog would hold everybody up anyway. Shared catalogs are in no database's files.
OTHERS = """
    WITH relation AS (
        SELECT c.oid,
               CASE WHEN c.relpersistence = 't' THEN 'TEMP'
                    WHEN c.relname LIKE 'pg\\_largeobject%' AND n.nspname = 'pg_catalog' THEN 'LOB'
                    WHEN n.nspname IN ('pg_catalog', 'information_schema') THEN 'CATALOG'
                    ELSE 'DATA' END AS bucket
          FROM pg_class AS c
          JOIN pg_namespace AS n ON n.oid = c.relnamespace
         WHERE c.relkind IN ('r', 'm', 'S')
           AND NOT c.relisshared
           AND (c.relkind = 'S' OR c.relpersistence = 't'
                OR n.nspname IN ('pg_catalog', 'information_schema'))
           AND NOT EXISTS (SELECT FROM pg_locks AS l
                            WHERE l.relation = c.oid AND l.locktype = 'relation'
                              AND l.mode = 'AccessExclusiveLock'
                              AND l.pid <> pg_backend_pid())
        OFFSET 0
    )
    SELECT sum(size) FILTER (WHERE bucket = 'DATA')    AS data,
           sum(size) FILTER (WHERE bucket = 'LOB')     AS lob,
           sum(size) FILTER (WHERE bucket = 'CATALOG') AS catalog,
           sum(size) FILTER (WHERE bucket = 'TEMP')    AS temp,
           (SELECT pg_database_size(oid) FROM pg_database
             WHERE datname = current_database())       AS whole
      FROM (SELECT bucket, pg_total_relation_size(oid) AS size FROM relation) AS sized
"""
# Beside relations a database's folder holds only the cache of its catalogs (pg_internal.init, about
# 160 KB, which only superusers may measure) and two files of some hundred bytes: a rest of up to so
# much is theirs. The price: less than this that nobody owns is not noticed.
CACHE_BYTES = 192 * 1024
# What may keep us from the parts without taking the tables from us.
BEARABLE = (Code.TARGET_PERMISSION_DENIED, Code.DATABASE_TIMEOUT, Code.DATABASE_QUERY_ERROR)


async def reconciled(fetch: Fetch, facts: Sequence[TableFact]) -> Reconciliation | None:
    """The parts of the database that the session is in; None where they could not be read."""
    try:
        [row] = await fetch(OTHERS)
    except LockTimeout:
        return None
    except TargetProblem as problem:
        if problem.problem_code in BEARABLE:
            return None
        raise
    lob = sum(fact.lob_bytes or 0 for fact in facts)
    buckets = {
        BucketKind.DATA: sum(fact.data_bytes or 0 for fact in facts) - lob + int(row["data"] or 0),
        BucketKind.LOB: lob + int(row["lob"] or 0),
        BucketKind.INDEX: sum(fact.index_bytes or 0 for fact in facts),
        BucketKind.CATALOG: int(row["catalog"] or 0),
        BucketKind.TEMP: int(row["temp"] or 0),
    }
    rest = int(row["whole"]) - sum(buckets.values())
    buckets[BucketKind.CATALOG] += min(max(rest, 0), CACHE_BYTES)
    return reconcile(
        buckets,
        objects_bytes=sum(fact.size_bytes or 0 for fact in facts),
        database_bytes=row["whole"],
        allocated_bytes=row["whole"],
    )
