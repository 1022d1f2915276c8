"""The statements that a piece of our code sends, so that they can be run again by themselves."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from sqlalchemy import event

from whalefall.db import Database

Sent = tuple[str, Sequence[Any]]  # as asyncpg takes them


@contextmanager
def listening(db: Database) -> Iterator[list[Sent]]:
    """Collect what is sent through sessions of `db` inside the block, in its order."""
    sent: list[Sent] = []

    def keep(
        connection: object, cursor: object, statement: str, parameters: Any, *_: object
    ) -> None:
        sent.append((statement, tuple(parameters)))

    event.listen(db.engine.sync_engine, "before_cursor_execute", keep)
    yield sent
    event.remove(db.engine.sync_engine, "before_cursor_execute", keep)
