"""Our own database being away, full or too slow is a Problem, not an unexpected error."""

from collections.abc import Iterator
from contextlib import contextmanager

import asyncpg
from sqlalchemy.exc import DBAPIError, InterfaceError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError

from whalefall.errors import ServiceUnavailable, said

SILENT = said("WhaleFall's own database does not answer.")
# What passes, by itself or once somebody has made room, by the beginnings of SQLSTATEs: the server
# is going down; a limit of time ended the statement, or somebody else was served first; it is full.
PASSING = {
    ("08", "57P"): SILENT,
    ("57014", "55P03", "40P01", "40001"): said("WhaleFall's own database took too long."),
    ("53", "25006"): said("WhaleFall's own database takes nothing in right now."),
}
AWAY = (
    OSError,
    TimeoutError,
    PoolTimeoutError,
    InterfaceError,
    asyncpg.InterfaceError,
    asyncpg.PostgresConnectionError,
    asyncpg.CannotConnectNowError,
)


@contextmanager
def outages() -> Iterator[None]:
    """Raise ServiceUnavailable for what passes; any other error stays what it is."""
    try:
        yield
    except AWAY as error:
        raise ServiceUnavailable(SILENT) from error
    except (asyncpg.PostgresError, DBAPIError) as error:
        if text := _passing(error):
            raise ServiceUnavailable(text) from error
        raise


def _passing(error: asyncpg.PostgresError | DBAPIError) -> str | None:
    if isinstance(error, DBAPIError) and error.connection_invalidated:
        return SILENT
    cause = error.orig if isinstance(error, DBAPIError) else error
    state = getattr(cause, "sqlstate", None) or ""
    return next((text for starts, text in PASSING.items() if state.startswith(starts)), None)
