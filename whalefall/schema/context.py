"""What every resolver is given."""

import asyncio
from dataclasses import dataclass, field
from typing import TypeAlias

import strawberry
from starlette.requests import Request
from starlette.responses import Response

from whalefall.auth import Actor
from whalefall.db import Database
from whalefall.schema.loaders import Loaders


@dataclass
class Context:
    """One request. What resolvers put into `response`'s headers goes out with the answer."""

    request: Request
    actor: Actor
    operation_name: str | None = None  # as given; the document may have several operations
    response: Response = field(default_factory=Response)
    deadline: asyncio.Timeout | None = None
    loaders: Loaders = field(init=False)

    def __post_init__(self) -> None:
        self.loaders = Loaders(self.db, self.actor)

    @property
    def db(self) -> Database:
        db: Database = self.request.app.state.db
        return db

    @property
    def request_id(self) -> str | None:
        return getattr(self.request.state, "request_id", None)

    def allow_more_time(self, seconds: float) -> None:
        """Move the operation's deadline: it is about to wait for something by request."""
        when = None if self.deadline is None else self.deadline.when()
        if self.deadline is not None and when is not None:
            self.deadline.reschedule(when + seconds)


Info: TypeAlias = strawberry.Info[Context, None]
