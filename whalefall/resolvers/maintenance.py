"""What keeps WhaleFall itself in order every few seconds: lost records; and old sign-ins."""

from whalefall.auth import Actor, Permission
from whalefall.db import Database
from whalefall.resolvers.collection.claims import reap, resend
from whalefall.resolvers.users import forget_ended_sessions


async def reconcile(db: Database, actor: Actor) -> None:
    """Expire leases and send unsent jobs; safe from several schedulers at once."""
    actor.require(Permission.ADMIN)
    async with db.write() as session:
        await reap(session)
    async with db.write() as session:
        await resend(session)


async def forget_sign_ins(db: Database, actor: Actor) -> None:
    """Drop sessions that ended a week ago or more, and their refresh tokens with them."""
    actor.require(Permission.ADMIN)
    async with db.write() as session:
        await forget_ended_sessions(session)
