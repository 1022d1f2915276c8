"""What the writing operations of nouns share."""

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from datetime import datetime
from typing import Any

from sqlalchemy.exc import IntegrityError

from whalefall.db import WriteSession
from whalefall.errors import Code, Conflict, said

UNIQUE_VIOLATION = "23505"


@asynccontextmanager
async def unique(
    session: WriteSession, message: str, *, field: str = "name"
) -> AsyncIterator[None]:
    """A savepoint for a write that may meet a taken name; then Conflict NAME_EXISTS.

    The database is asked, not a look-up before: two callers at once both see a free name.
    """
    try:
        async with session.begin_nested():
            yield
    except IntegrityError as error:
        if getattr(error.orig, "sqlstate", None) != UNIQUE_VIOLATION:
            raise
        raise Conflict(message, code=Code.NAME_EXISTS, field=field) from error


def require_unchanged(changed_at: datetime, expected: datetime | None, message: str) -> None:
    """Raise STALE_OBJECT for a row that is not as its caller read it, if they say when it was."""
    if expected is not None and changed_at != expected:
        hint = said("Load it again and repeat your change.")
        raise Conflict(message, code=Code.STALE_OBJECT, hint=hint)


def changes(
    before: Mapping[str, Any], given: Mapping[str, Any]
) -> tuple[dict[str, Any], dict[str, Any]]:
    """The old and the new values of what really changes."""
    after = {name: value for name, value in given.items() if before[name] != value}
    return {name: before[name] for name in after}, after
