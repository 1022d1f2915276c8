"""Loaders that many subscribers of one event share: each row below it is read once for them all."""

import asyncio
from collections.abc import Awaitable
from typing import Any

from strawberry.dataloader import DataLoader

from whalefall.auth import Actor, Permission
from whalefall.db import Database
from whalefall.schema.loaders import Loaders


class _SharedLoader(DataLoader[Any, Any]):
    """Who leaves while rows are being read must not take them away from the others."""

    def load(self, key: Any) -> Awaitable[Any]:
        return asyncio.shield(super().load(key))


class _SharedLoaders(Loaders):
    kind = _SharedLoader

    async def close(self) -> None:
        """One of many has no more use for them; the batches end by themselves."""


def shared_loaders(
    memo: dict[Any, Any], db: Database, permissions: frozenset[Permission]
) -> Loaders:
    """The loaders of an event for all who have the same rights.

    They read as nobody in particular: what only one person may see is not among it.
    """
    if permissions not in memo:
        memo[permissions] = _SharedLoaders(db, Actor(name="followers", permissions=permissions))
    loaders: Loaders = memo[permissions]
    return loaders
