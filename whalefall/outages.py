"""Our own database being away, full or too slow is a Problem, not an unexpected error."""

from types import TracebackType

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


class _Outages:
    """Raises ServiceUnavailable for what passes; any other error stays what it is."""

    def __enter__(self) -> None: ...

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        where: TracebackType | None,
    ) -> None:
        if isinstance(error, AWAY):
            raise ServiceUnavailable(SILENT) from error
        if isinstance(error, asyncpg.PostgresError | DBAPIError) and (text := _passing(error)):
            raise ServiceUnavailable(text) from error


OUTAGES = _Outages()  # for `with`, from anywhere at once: it remembers nothing


def _passing(error: asyncpg.PostgresError | DBAPIError) -> str | None:
    if isinstance(error, DBAPIError) and error.connection_invalidated:
        return SILENT
    cause = error.orig if isinstance(error, DBAPIError) else error
    state = getattr(cause, "sqlstate", None) or ""
    return next((text for starts, text in PASSING.items() if state.startswith(starts)), None)
