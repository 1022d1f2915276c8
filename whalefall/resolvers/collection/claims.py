"""Records from the worker's side: claim one, keep the lease, finish it; and find the lost ones.

A claim is a conditional update that hands out a new fencing token; whoever writes later must still
hold the newest. All times are the database's own.
"""

from dataclasses import dataclass
from typing import Any

from sqlalchemy import text

from whalefall.db import Session, WriteSession, notify
from whalefall.domain.states import SyncStatus
from whalefall.errors import Code, said
from whalefall.queue import enqueue
from whalefall.resolvers.sessions import CHANNEL, JOBS, close_if_done

LEASE_SECONDS = 30
MAX_ATTEMPTS = 3
GIVEN_UP = said("The worker stopped each time during this job, so it is not tried again.")
RESEND_SECONDS = 10

RECYCLED = """EXISTS (SELECT FROM instances AS target
                       WHERE target.id = record.instance_id AND target.deleted_at IS NOT NULL)"""
CLAIM = text(f"""
    UPDATE sync_instance_records AS record
       SET status = 'RUNNING', attempt = attempt + 1, fencing_token = fencing_token + 1,
           lease_expires_at = now() + interval '{LEASE_SECONDS} seconds',
           started_at = coalesce(record.started_at, now()), stage = 'connecting', progress = NULL
      FROM sync_sessions AS session
     WHERE record.id = :record_id AND session.id = record.session_id
       AND session.cancel_requested_at IS NULL
       AND (record.status IN ('PENDING', 'LOST')
            OR record.status = 'RUNNING' AND record.lease_expires_at < now())
       AND record.attempt < {MAX_ATTEMPTS} AND NOT {RECYCLED}
 RETURNING record.id, record.session_id, record.fencing_token, record.instance_id,
           record.database_id, record.task, record.attempt
""")  # noqa: S608 (constants of ours)
LOST_ONE = text("""
    SELECT attempt > 0 AND (status = 'LOST' OR status = 'RUNNING' AND lease_expires_at < now())
      FROM sync_instance_records WHERE id = :record_id
""")
LOCK_SESSION = text("""
    SELECT 1 FROM sync_sessions AS session
      JOIN sync_instance_records AS record ON record.session_id = session.id
     WHERE record.id = :record_id FOR UPDATE OF session
""")  # first, as the one who cancels does: no deadlock between the two
HOLD_TARGET = text(f"""
    INSERT INTO target_leases (instance_id, record_id, fencing_token, expires_at)
    VALUES (:instance_id, :record_id, :token, now() + interval '{LEASE_SECONDS} seconds')
        ON CONFLICT (instance_id) DO UPDATE
       SET record_id = excluded.record_id, fencing_token = excluded.fencing_token,
           expires_at = excluded.expires_at
     WHERE target_leases.expires_at < now() OR target_leases.record_id = excluded.record_id
 RETURNING instance_id
""")  # noqa: S608
RENEW = text(f"""
    WITH held AS (
        UPDATE target_leases SET expires_at = now() + interval '{LEASE_SECONDS} seconds'
         WHERE instance_id = :instance_id AND record_id = :record_id AND fencing_token = :token
    )
    UPDATE sync_instance_records AS record
       SET lease_expires_at = CASE WHEN record.status = 'RUNNING'
                                   THEN now() + interval '{LEASE_SECONDS} seconds' END
      FROM sync_sessions AS session
     WHERE record.id = :record_id AND record.fencing_token = :token
       AND record.status IN ('RUNNING', 'COMPLETED', 'COMPLETED_WITH_ERRORS')
       AND session.id = record.session_id
 RETURNING record.status = 'RUNNING'
           AND (session.cancel_requested_at IS NOT NULL OR {RECYCLED})
""")  # noqa: S608
START_SESSION = text("""
    UPDATE sync_sessions SET status = 'RUNNING', started_at = coalesce(started_at, now())
     WHERE id = :session_id AND status = 'PENDING'
""")
FENCE = text("""
    SELECT 1 FROM sync_instance_records
     WHERE id = :record_id AND fencing_token = :token AND status = 'RUNNING' FOR UPDATE
""")
PROGRESS = text("""
    UPDATE sync_instance_records SET stage = :stage, progress = :progress
     WHERE id = :record_id AND fencing_token = :token AND status = 'RUNNING'
""")
FINISH = text("""
    UPDATE sync_instance_records
       SET status = :status, finished_at = now(), lease_expires_at = NULL, stage = NULL,
           progress = NULL, elapsed_ms = :elapsed_ms,
           items_seen = :items_seen, items_created = :items_created,
           items_updated = :items_updated, items_removed = :items_removed,
           items_reactivated = :items_reactivated,
           error_code = :error_code, error_message = :error_message
     WHERE id = :record_id
""")
RELEASE_TARGET = text("""
    DELETE FROM target_leases WHERE record_id = :record_id AND fencing_token = :token
""")
HAND_BACK = text("""
    UPDATE sync_instance_records SET status = 'LOST', lease_expires_at = now(), stage = NULL
     WHERE id = :record_id AND fencing_token = :token AND status = 'RUNNING'
""")
NEXT_OF_TARGET = text("""
    SELECT id, category FROM sync_instance_records
     WHERE instance_id = :instance_id AND status = 'PENDING' ORDER BY id LIMIT 1
""")
EXPIRE = text(f"""
    UPDATE sync_instance_records AS record
       SET status = CASE WHEN session.cancel_requested_at IS NOT NULL OR {RECYCLED}
                         THEN 'CANCELLED'
                         WHEN record.attempt >= {MAX_ATTEMPTS} THEN 'FAILED' ELSE 'LOST' END,
           error_code = CASE WHEN record.attempt >= {MAX_ATTEMPTS} THEN '{Code.INTERNAL_ERROR}' END,
           error_message = CASE WHEN record.attempt >= {MAX_ATTEMPTS} THEN :given_up END,
           finished_at = CASE WHEN record.attempt >= {MAX_ATTEMPTS}
                              OR session.cancel_requested_at IS NOT NULL OR {RECYCLED}
                              THEN now() END,
           lease_expires_at = NULL, stage = NULL, progress = NULL
      FROM sync_sessions AS session
     WHERE session.id = record.session_id
       AND (record.status = 'RUNNING' AND record.lease_expires_at < now()
            OR record.status = 'LOST' AND record.attempt >= {MAX_ATTEMPTS}
            OR record.status IN ('PENDING', 'LOST') AND {RECYCLED})
 RETURNING record.session_id
""")  # noqa: S608
RESEND = text(f"""
    UPDATE sync_instance_records AS record SET sent_at = now()
     WHERE record.status IN ('PENDING', 'LOST')
       AND record.sent_at < now() - interval '{RESEND_SECONDS} seconds'
       AND NOT EXISTS (SELECT FROM target_leases AS lease
                        WHERE lease.instance_id = record.instance_id AND lease.expires_at > now())
 RETURNING record.id, record.category
""")  # noqa: S608


class LeaseLost(Exception):
    """Somebody else owns this record now, or it is over: whatever was read must not be saved."""


class TargetBusy(Exception):
    """Another record's worker talks to this instance now; roll the claim back."""


@dataclass(frozen=True, kw_only=True)
class Claim:
    """The right to work on one record until the lease runs out."""

    record_id: int
    session_id: int
    token: int
    instance_id: int | None  # null for work of our own, which `task` names
    database_id: int | None
    task: str | None
    attempt: int

    @property
    def target(self) -> int:
        """The instance of work that reads one."""
        assert self.instance_id is not None  # noqa: S101 (of its category)
        return self.instance_id

    @property
    def key(self) -> dict[str, Any]:
        return {"record_id": self.record_id, "token": self.token}


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """How a record ends. Counters stay null where nothing was saved."""

    status: SyncStatus
    elapsed_ms: int
    items_seen: int | None = None
    items_created: int | None = None
    items_updated: int | None = None
    items_removed: int | None = None
    items_reactivated: int | None = None
    error_code: Code | None = None
    error_message: str | None = None


async def has_lost_a_worker(session: Session, record_id: int) -> bool:
    """Whether a worker began it and is gone. Not so for one that runs, or has ended since."""
    return bool((await session.execute(LOST_ONE, {"record_id": record_id})).scalar())


async def claim_record(session: WriteSession, record_id: int) -> Claim | None:
    """The claim, or None: it is done, or a live worker holds it. Raises TargetBusy.

    Neither needs an answer: the one who finishes sends the target's next record, and the scheduler
    sends again whatever stays behind.
    """
    await session.execute(LOCK_SESSION, {"record_id": record_id})
    row = (await session.execute(CLAIM, {"record_id": record_id})).mappings().first()
    if row is None:
        return None
    claim = Claim(
        record_id=row["id"],
        session_id=row["session_id"],
        token=row["fencing_token"],
        instance_id=row["instance_id"],
        database_id=row["database_id"],
        task=row["task"],
        attempt=row["attempt"],
    )
    if claim.instance_id is not None:
        held = await session.execute(HOLD_TARGET, {**claim.key, "instance_id": claim.instance_id})
        if held.first() is None:
            raise TargetBusy
    await session.execute(START_SESSION, {"session_id": claim.session_id})
    await notify(session, CHANNEL, str(claim.session_id))
    return claim


async def renew(session: WriteSession, claim: Claim) -> bool:
    """Keep the lease; whether to stop, cancelled or its instance recycled. Raises LeaseLost.

    A record that its own work has just completed is not lost: the notification of the commit can
    be here before the work hears that it has committed, and goes on to send the next job.
    """
    renewed = await session.execute(RENEW, {**claim.key, "instance_id": claim.instance_id})
    row = renewed.first()
    if row is None:
        raise LeaseLost
    return bool(row[0])


async def fence(session: Session, claim: Claim) -> None:
    """Lock the record for the saving transaction. Raises LeaseLost for an old token."""
    if (await session.execute(FENCE, claim.key)).first() is None:
        raise LeaseLost


async def report(session: WriteSession, claim: Claim, stage: str, progress: float | None) -> None:
    """Say how far the work is: `progress` from 0 to 1, or null."""
    await session.execute(PROGRESS, {**claim.key, "stage": stage, "progress": progress})
    await notify(session, CHANNEL, str(claim.session_id))


async def finish(session: WriteSession, claim: Claim, outcome: Outcome) -> None:
    """End a fenced record, free its target, and send the target's next job."""
    await session.execute(FINISH, {"record_id": claim.record_id, **vars(outcome)})
    await session.execute(RELEASE_TARGET, claim.key)
    await close_if_done(session, claim.session_id)
    waiting = await session.execute(NEXT_OF_TARGET, {"instance_id": claim.instance_id})
    for record_id, category in waiting:
        enqueue(session, JOBS[category], record_id=record_id)


async def hand_back(session: WriteSession, claim: Claim) -> None:
    """A worker that must stop gives its record to the next one."""
    await session.execute(HAND_BACK, claim.key)
    await session.execute(RELEASE_TARGET, claim.key)
    await notify(session, CHANNEL, str(claim.session_id))


async def reap(session: WriteSession) -> int:
    """Declare records of silent workers lost (or failed for good) and close their sessions.

    What a recycled instance still has to be read for is cancelled: nobody would ever claim it.
    """
    sessions = {row[0] for row in await session.execute(EXPIRE, {"given_up": GIVEN_UP})}
    for session_id in sorted(sessions):
        await close_if_done(session, session_id)
    return len(sessions)


async def resend(session: WriteSession) -> int:
    """Send again what is committed but never arrived, or was lost with its worker."""
    rows = (await session.execute(RESEND)).all()
    for record_id, category in rows:
        enqueue(session, JOBS[category], record_id=record_id)
    return len(rows)
