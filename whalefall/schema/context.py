"""What every resolver is given."""

import asyncio
from dataclasses import dataclass
from functools import cached_property
from typing import TypeAlias

import strawberry
from starlette.requests import Request

from whalefall.auth import Actor, Permission
from whalefall.db import Database
from whalefall.errors import AuthenticationRequired, Problem
from whalefall.schema.loaders import Loaders


@dataclass
class Context:
    """One request."""

    request: Request
    actor: Actor
    deadline: asyncio.Timeout | None = None

    @cached_property
    def loaders(self) -> Loaders:
        return Loaders(self.db, self.actor)

    @property
    def db(self) -> Database:
        db: Database = self.request.app.state.db
        return db

    @property
    def request_id(self) -> str | None:
        return getattr(self.request.state, "request_id", None)

    def check_write(self, needs: Permission | None) -> None:
        """Raise what speaks against a mutation: nobody asks, another site does, the right lacks.

        None needs no right at all, but a page of ours. The edge has looked at where it comes from.
        """
        if needs is not None and not self.actor.is_signed_in:
            raise AuthenticationRequired("Sign in first.")
        problem: Problem | None = getattr(self.request.state, "csrf_problem", None)
        if problem is not None:
            raise problem
        if needs is not None:
            self.actor.require(needs)

    def allow_more_time(self, seconds: float) -> None:
        """Move the operation's deadline: it is about to wait for something by request."""
        when = None if self.deadline is None else self.deadline.when()
        if self.deadline is not None and when is not None:
            self.deadline.reschedule(when + seconds)


Info: TypeAlias = strawberry.Info[Context, None]
