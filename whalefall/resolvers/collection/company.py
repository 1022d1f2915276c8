"""Who works beside whom in a worker: a record that has lost one already works alone.

What kills its worker kills whatever runs beside it. Were those tried again beside it, they would
be given up with it. Price: after a power failure, what was running is done one by one.
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from weakref import WeakKeyDictionary

from whalefall.db import Database

_companies: WeakKeyDictionary[Database, "Company"] = WeakKeyDictionary()


class Company:
    """Everybody at work in one process: some of them beside each other, or one alone."""

    def __init__(self) -> None:
        self._changed = asyncio.Condition()
        self._at_work = 0
        self._is_alone = False
        self._would_be_alone = 0

    @classmethod
    def of(cls, db: Database) -> "Company":
        """The one of a process, which has one database."""
        return _companies.setdefault(db, cls())

    @asynccontextmanager
    async def joined(self, *, alone: bool) -> AsyncIterator[None]:
        """Wait for room. Nobody new begins while one waits to be alone, so that its turn comes."""
        async with self._changed:
            self._would_be_alone += alone
            try:
                await self._changed.wait_for(lambda: self._has_room(alone=alone))
                self._at_work, self._is_alone = self._at_work + 1, alone
            finally:
                self._would_be_alone -= alone
                self._changed.notify_all()
        try:
            yield
        finally:
            async with self._changed:
                self._at_work, self._is_alone = self._at_work - 1, False
                self._changed.notify_all()

    def _has_room(self, *, alone: bool) -> bool:
        if alone:
            return self._at_work == 0
        return not self._is_alone and not self._would_be_alone
