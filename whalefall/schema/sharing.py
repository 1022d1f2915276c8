"""Loaders that many subscribers of one event share: each row below it is read once for them all."""

from typing import Any

from whalefall.auth import Actor, Permission
from whalefall.db import Database
from whalefall.schema.loaders import Loaders


def shared_loaders(
    memo: dict[Any, Any], db: Database, permissions: frozenset[Permission]
) -> Loaders:
    """The loaders of an event for all who have the same rights.

    They read as nobody in particular: what only one person may see is not among it.
    """
    if permissions not in memo:
        memo[permissions] = Loaders(db, Actor(name="followers", permissions=permissions))
    loaders: Loaders = memo[permissions]
    return loaders
