"""Following a sync session."""

import contextlib
from collections.abc import AsyncGenerator

import strawberry

from whalefall.auth import Permission
from whalefall.resolvers.sessions import follow_session
from whalefall.schema.context import Info
from whalefall.schema.fields import Id
from whalefall.schema.ids import row_id
from whalefall.schema.sync.types import SyncSession


@strawberry.type
class SyncSubscriptions:
    @strawberry.subscription(
        description="A sync session now and after every change; it ends with the session."
    )
    async def sync_session(self, info: Info, id: Id) -> AsyncGenerator[SyncSession, None]:
        context = info.context
        context.actor.require(Permission.VIEW)
        states = follow_session(context.db, context.actor, row_id(id, "SyncSession"))
        async with contextlib.aclosing(states):
            async for state in states:
                await context.renew(state)
                context.actor.require(Permission.VIEW)
                yield SyncSession.of(state.value)
