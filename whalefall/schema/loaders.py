"""Batches what sibling fields ask for: one statement per relation and arguments."""

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable, Sequence
from typing import Any

from strawberry.dataloader import DataLoader

from whalefall.auth import Actor
from whalefall.db import Database, ReadSession
from whalefall.resolvers.nouns import reading
from whalefall.resolvers.nouns.noun import Noun, Relation
from whalefall.resolvers.nouns.queries import Listing

Fetch = Callable[..., Awaitable[dict[Any, Any]]]


class _Loader(DataLoader[Any, Any]):
    """Fields that ask for the same key wait for one future. A field is cancelled when one beside
    it fails: that must not take the future away from the others, only the last to go ends it."""

    def __init__(self, load: Callable[[list[Any]], Awaitable[list[Any]]]) -> None:
        super().__init__(load)
        self._waiting: Counter[Any] = Counter()

    async def load(self, key: Any) -> Any:
        future: Any = super().load(key)
        self._waiting[future] += 1
        try:
            return await asyncio.shield(future)
        finally:
            self._waiting[future] -= 1
            if not self._waiting[future]:
                del self._waiting[future]
                future.cancel()  # which does nothing to one that is done


class Loaders:
    """The loaders of one request. Each batch reads in a session of its own."""

    def __init__(self, db: Database, actor: Actor) -> None:
        self._db, self._actor = db, actor
        self._loaders: dict[Any, DataLoader[Any, Any]] = {}

    async def rows(self, relation: Relation, key: Any) -> list[Any]:
        """The related rows; none for a null key."""
        if key is None:
            return []
        rows: list[Any] = await self._loader(reading.related_rows, relation).load(key)
        return rows

    async def series(self, relation: Relation, key: Any, filter: Any) -> list[Any]:
        """The rows of a whole list."""
        rows: list[Any] = await self._loader(reading.related_rows, relation, filter).load(key)
        return rows

    async def page(self, relation: Relation, key: Any, listing: Listing) -> Any:
        return await self._loader(reading.related_pages, relation, listing).load(key)

    async def count(self, relation: Relation, key: Any, filter: Any) -> Any:
        return await self._loader(reading.related_counts, relation, filter).load(key)

    async def node(self, noun: Noun[Any], row_id: int) -> Any:
        """The row with this id; null when there is none."""
        return await self._loader(_nodes, noun).load(row_id)

    async def found(self, operation: Fetch, key: Any, *arguments: Any) -> Any:
        """What an operation on many keys finds for this one; null for nothing."""
        return await self._loader(_found, operation, *arguments).load(key)

    def _loader(self, fetch: Fetch, what: Any, *arguments: Any) -> DataLoader[Any, Any]:
        name = (fetch, id(what), repr(arguments))
        if name not in self._loaders:

            async def load(keys: list[Any]) -> list[Any]:
                async with self._db.read() as session:
                    found = await fetch(session, self._actor, what, keys, *arguments)
                return [found.get(key) for key in keys]

            self._loaders[name] = _Loader(load)
        return self._loaders[name]


async def _nodes(
    session: ReadSession, actor: Actor, noun: Noun[Any], ids: Sequence[int]
) -> dict[Any, Any]:
    return await reading.get_rows(session, actor, noun, ids)


async def _found(
    session: ReadSession, actor: Actor, operation: Fetch, keys: Sequence[Any], *arguments: Any
) -> dict[Any, Any]:
    return await operation(session, actor, keys, *arguments)
