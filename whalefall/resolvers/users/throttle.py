"""How often one may try to sign in: per account and per address, whoever answers the request."""

import math
from datetime import timedelta

from sqlalchemy import ColumnElement, delete, func, insert, select, text

from whalefall.db import WriteSession
from whalefall.domain.origins import network_of
from whalefall.errors import Code, Refused, counted, said
from whalefall.models.users import LoginAttempt

WINDOW = timedelta(minutes=15)
PER_ACCOUNT = 10
PER_ADDRESS = 50
LOCKS = text(
    "SELECT pg_advisory_xact_lock(1, hashtext(:account)),"
    " pg_advisory_xact_lock(2, hashtext(:address))"
)


class TooManyAttempts(Refused):
    """Says how long to wait, in seconds; never whether the account exists."""

    code = Code.RATE_LIMIT_EXCEEDED

    def __init__(self, wait_seconds: int) -> None:
        self.wait_seconds, self.wait_minutes = wait_seconds, max(1, math.ceil(wait_seconds / 60))
        hint = counted(
            "Try again in a minute.", "Try again in %(count)s minutes.", self.wait_minutes
        )
        super().__init__(said("Too many attempts to sign in."), hint=hint)


async def count_attempt(session: WriteSession, account: str, address: str) -> int:
    """Count an attempt before its password is checked; the id of its row.

    Counting first means that parallel guesses cannot all pass under the limit; the locks order
    them. What is refused does not count, so waiting helps. Raises TooManyAttempts.
    """
    await session.execute(LOCKS, {"account": account, "address": address})
    waits = select(
        _wait(LoginAttempt.username == account, PER_ACCOUNT),
        _wait(LoginAttempt.address == address, PER_ADDRESS),
    )
    row = (await session.execute(waits)).one()
    if wait := max((seconds for seconds in row if seconds is not None), default=0):
        raise TooManyAttempts(math.ceil(wait))
    added = insert(LoginAttempt).values(username=account, address=address)
    attempt: int = (await session.execute(added.returning(LoginAttempt.id))).scalar_one()
    return attempt


async def forgive(session: WriteSession, account: str) -> None:
    """Forget an account's attempts after a success, and everybody's that are over."""
    over = LoginAttempt.attempted_at < func.now() - WINDOW
    await session.execute(delete(LoginAttempt).where((LoginAttempt.username == account) | over))


def account_key(username: str) -> str:
    """What counts as one account, existing or not."""
    return username.strip().casefold().encode("utf-8", "replace").decode().replace("\x00", "")[:64]


def address_key(address: str | None) -> str:
    """What counts as one address."""
    return network_of(address or "") or "unknown"


def _wait(same: ColumnElement[bool], limit: int) -> ColumnElement[float]:
    """Seconds until the oldest of the last `limit` attempts is over; null when there are fewer."""
    left = LoginAttempt.attempted_at + WINDOW - func.now()
    return (
        select(func.extract("epoch", left))
        .where(same, LoginAttempt.attempted_at > func.now() - WINDOW)
        .order_by(LoginAttempt.attempted_at.desc())
        .offset(limit - 1)
        .limit(1)
        .scalar_subquery()
    )
