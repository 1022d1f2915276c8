"""Running a claimed record: the work and its heartbeat side by side, and every way it can end."""

import asyncio
import contextlib
import time
from collections.abc import Awaitable, Callable

import structlog

from whalefall.db import Database, WriteSession
from whalefall.domain.states import SyncStatus
from whalefall.errors import Problem, ServiceUnavailable
from whalefall.resolvers.collection.claims import (
    LEASE_SECONDS,
    Claim,
    LeaseLost,
    Outcome,
    TargetBusy,
    claim_record,
    fence,
    finish,
    hand_back,
    has_lost_a_worker,
    renew,
)
from whalefall.resolvers.collection.company import Company
from whalefall.resolvers.collection.records import timed_out, too_long
from whalefall.resolvers.sessions import CHANNEL

RENEW_SECONDS = 10
STOP_SECONDS = 1
Work = Callable[[Database, Claim], Awaitable[None]]
Failed = Callable[[WriteSession, Claim, Problem, int], Awaitable[None]]
log = structlog.get_logger(__name__)


async def run_claimed(
    db: Database, record_id: int, work: Work, seconds: float, failed: Failed
) -> None:
    """Claim a record and do its work within `seconds`; do nothing when it is not to be had.

    `work` saves and finishes the record itself, in one fenced transaction; `failed` ends it when
    `work` raised. A worker that is told to stop hands the record back.
    """
    async with db.read() as session:
        alone = await has_lost_a_worker(session, record_id)
    async with Company.of(db).joined(alone=alone):
        await _run(db, record_id, work, seconds, failed)


async def _run(db: Database, record_id: int, work: Work, seconds: float, failed: Failed) -> None:
    claiming = asyncio.create_task(_claim(db, record_id))
    try:
        claim = await asyncio.shield(claiming)
        if claim is not None:
            await _run_claim(db, claim, work, seconds, failed)
    except asyncio.CancelledError:
        await _give_back(db, claiming)
        raise


async def _run_claim(
    db: Database, claim: Claim, work: Work, seconds: float, failed: Failed
) -> None:
    with structlog.contextvars.bound_contextvars(
        sync_session_id=claim.session_id, instance_id=claim.instance_id
    ):
        started = time.monotonic()
        try:
            problem = await _race(db, claim, work, seconds)
        except LeaseLost:
            log.warning("record.lease_lost", record_id=claim.record_id)
            return
        if problem is None:
            return
        elapsed_ms = round((time.monotonic() - started) * 1000)
        with contextlib.suppress(LeaseLost):
            async with db.write() as session:
                await fence(session, claim)
                await failed(session, claim, problem, elapsed_ms)


async def _give_back(db: Database, claiming: "asyncio.Task[Claim | None]") -> None:
    """Hand the record back, also when it was just being claimed: a commit may have been on its way
    when the worker was told to stop."""
    with contextlib.suppress(Problem):
        claim = await claiming
        if claim is not None:
            async with db.write() as session:
                await hand_back(session, claim)


async def _claim(db: Database, record_id: int) -> Claim | None:
    try:
        async with db.write() as session:
            return await claim_record(session, record_id)
    except TargetBusy:
        return None


async def _race(db: Database, claim: Claim, work: Work, seconds: float) -> Problem | None:
    """The work against its heartbeat; the problem that ended it, if one did."""
    working = asyncio.create_task(_bounded(db, claim, work, seconds))
    beating = asyncio.create_task(_beat(db, claim))
    try:
        await asyncio.wait({working, beating}, return_when=asyncio.FIRST_COMPLETED)
        if not working.done():
            await stop(working)
            beating.result()  # raises LeaseLost; returns when somebody asked to cancel
            await _finish_cancelled(db, claim)
            return None
        return working.result()
    finally:
        await stop(beating)
        await stop(working)


async def _bounded(db: Database, claim: Claim, work: Work, seconds: float) -> Problem | None:
    """Do the work; turn what it raises into the problem that people will read."""
    try:
        async with asyncio.timeout(seconds):
            await work(db, claim)
    except TimeoutError:
        return too_long(seconds) if claim.instance_id is None else timed_out(seconds)
    except ServiceUnavailable as error:
        # Nothing can be written now; when the lease runs out, another attempt is made.
        raise LeaseLost from error
    except Problem as problem:
        return problem
    except LeaseLost:
        raise
    except Exception:  # one record of many: it fails alone, and the log says why
        log.exception("record.crashed", record_id=claim.record_id)
        return Problem("Something unexpected happened; the log says what.")
    return None


async def _beat(db: Database, claim: Claim) -> None:
    """Renew the lease until cancelled; return when somebody asks to cancel. Raises LeaseLost."""
    renewed = time.monotonic()
    async with db.notifications.event(CHANNEL, str(claim.session_id)) as changed:
        while True:
            changed.clear()
            try:
                async with db.write() as session:
                    if await renew(session, claim):
                        return
                renewed = time.monotonic()
            except ServiceUnavailable:
                if time.monotonic() - renewed > LEASE_SECONDS:
                    raise LeaseLost from None
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(RENEW_SECONDS):
                    await changed.wait()


async def _finish_cancelled(db: Database, claim: Claim) -> None:
    async with db.write() as session:
        await fence(session, claim)
        await finish(session, claim, Outcome(status=SyncStatus.CANCELLED, elapsed_ms=0))


async def stop(task: asyncio.Task[Problem | None] | asyncio.Task[None]) -> None:
    """Cancel until it has ended; what the task still had to say no longer matters.

    Once is not enough: a driver may swallow a cancellation that meets its own timeout, and a
    heartbeat that went on would keep the lease for ever.
    """
    while not task.done():
        task.cancel()
        await asyncio.wait({task}, timeout=STOP_SECONDS)
    if not task.cancelled():
        task.exception()  # heard, so that asyncio does not complain of it
