"""Which period is the latest: the running one as soon as nearly all of the estate is in it."""

from whalefall.resolvers.aggregation.computing import Level

NEARLY_ALL = 0.9  # of what the period before has


def latest_start(level: Level) -> str:
    """SQL for the first day of the latest period of `:period`; null: nothing was summed up yet.

    After the first instances of a night were read, a day consists of them alone: it would pass for
    the whole estate. Price: both periods are counted, from the index.
    """
    rows = f"FROM {level.table} WHERE period = :period AND period_start"
    return f"""
        SELECT CASE WHEN before.start IS NULL
                      OR (SELECT count(*) {rows} = last.start)
                         >= {NEARLY_ALL} * (SELECT count(*) {rows} = before.start)
                    THEN last.start ELSE before.start END
          FROM (SELECT max(period_start) AS start FROM {level.table}
                 WHERE period = :period) AS last
         CROSS JOIN LATERAL (SELECT max(period_start) AS start {rows} < last.start) AS before
    """  # noqa: S608 (names of ours)
