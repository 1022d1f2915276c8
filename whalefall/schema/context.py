"""What every resolver is given."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from functools import cached_property
from typing import Any, TypeAlias

import strawberry
from starlette.requests import HTTPConnection

from whalefall.auth import Actor, Permission
from whalefall.db import Database
from whalefall.errors import AuthenticationRequired, Problem
from whalefall.feeds import Seen
from whalefall.schema.loaders import Loaders
from whalefall.schema.sharing import shared_loaders


def found_by_edge(connection: HTTPConnection) -> Mapping[str, Any]:
    """What the edge knows of a request; empty where none was passed.

    As it is: `request.state` is felt in small queries.
    """
    found: Mapping[str, Any] = connection.scope.get("state", {})
    return found


@dataclass
class Context:
    """One operation, asked for by an HTTP request or over a WebSocket.

    `deadline` ends the operation. `patience` is what ends when the client goes away: the whole of
    a query, of a mutation only a wait. `ask_again` tells, in the middle of an operation, who asks
    by now, and raises when that is nobody any more. `hidden` are the texts that no log may show.
    """

    request: HTTPConnection
    actor: Actor
    ask_again: Callable[[], Awaitable[Actor]] | None = None
    deadline: asyncio.Timeout | None = None
    patience: asyncio.Timeout | None = None
    is_left: bool = False
    hidden: Callable[[], Iterable[str]] = tuple

    @cached_property
    def loaders(self) -> Loaders:
        return Loaders(self.db, self.actor)

    @property
    def db(self) -> Database:
        db: Database = self.request.app.state.db
        return db

    @property
    def address(self) -> str:
        """Where the request comes from, as far as proxies can be believed."""
        return str(found_by_edge(self.request).get("address", ""))

    @property
    def request_id(self) -> str | None:
        return found_by_edge(self.request).get("request_id")

    def check_write(self, needs: Permission | None) -> None:
        """Raise what speaks against a mutation: nobody asks, another site does, the right lacks.

        None needs no right at all, but a page of ours. The edge has looked at where it comes from.
        """
        if needs is not None and not self.actor.is_signed_in:
            raise AuthenticationRequired("Sign in first.")
        self._check_good_faith()
        if needs is not None:
            self.actor.require(needs)

    def check_own_write(self) -> None:
        """The same for what everybody may who is signed in, even before they have rights."""
        self.actor.require_sign_in()
        self._check_good_faith()

    def _check_good_faith(self) -> None:
        problem: Problem | None = found_by_edge(self.request).get("csrf_problem")
        if problem is not None:
            raise problem

    async def renew(self, seen: Seen[Any]) -> None:
        """Before an event of a subscription: rights may have changed, and what was read before
        has. Who may do the same share what is read below the event."""
        if self.ask_again is not None:
            self.actor = await self.ask_again()
        self.loaders = shared_loaders(seen.memo, self.db, self.actor.permissions)

    def allow_more_time(self, seconds: float) -> None:
        """Move the operation's deadline: it is about to wait for something by request."""
        when = None if self.deadline is None else self.deadline.when()
        if self.deadline is not None and when is not None:
            self.deadline.reschedule(when + seconds)

    @asynccontextmanager
    async def waiting(self, seconds: float) -> AsyncIterator[None]:
        """A wait by request: it does not count, and is broken off when the client goes away."""
        self.allow_more_time(seconds)
        before = self.patience
        try:
            async with asyncio.timeout(0 if self.is_left else None) as self.patience:
                yield
        except TimeoutError:
            if not self.is_left:
                raise
        finally:
            self.patience = before

    def leave(self) -> None:
        """The client is gone: a query ends, a mutation goes on but waits for nothing any more."""
        self.is_left = True
        if self.patience is not None and not self.patience.expired():
            self.patience.reschedule(0)


Info: TypeAlias = strawberry.Info[Context, None]
