"""What every collection tells of itself: stage, shortfall, failure, an instance's health."""

import time
from contextlib import suppress
from datetime import UTC, datetime

import structlog
from sqlalchemy import update

from whalefall.db import Database, WriteSession
from whalefall.domain.facts import ServerFact
from whalefall.domain.states import SyncStatus
from whalefall.errors import ClosedDatabase, Code, Problem, ServiceUnavailable, TargetProblem, said
from whalefall.models.instances import Instance
from whalefall.resolvers.collection.claims import Claim, Outcome, finish, report
from whalefall.resolvers.collection.snapshots import save_failed_attempt

PARTLY_READ = said("Some objects could not be read; they keep their last values.")
log = structlog.get_logger(__name__)


async def say(db: Database, claim: Claim, stage: str, progress: float) -> None:
    """Tell how far the work is. Not worth an attempt: it goes on when nobody can be told."""
    with suppress(ServiceUnavailable):
        async with db.write() as session:
            await report(session, claim, stage, progress)


async def failed(session: WriteSession, claim: Claim, problem: Problem, elapsed_ms: int) -> None:
    """End a record whose work raised; what was known before stays as it is."""
    if claim.database_id is not None:
        now = datetime.now(UTC)
        await save_failed_attempt(session, claim.database_id, problem, now=now)
    if isinstance(problem, TargetProblem) and not _is_of_one_database(claim, problem):
        await remember(session, claim.target, None, problem.problem_code)
    outcome = Outcome(
        status=SyncStatus.FAILED,
        elapsed_ms=elapsed_ms,
        error_code=problem.problem_code,
        error_message=problem.message,
    )
    await finish(session, claim, outcome)
    log.warning("record.failed", code=problem.problem_code, exc_info=problem)


def completed(complete: bool) -> SyncStatus:
    return SyncStatus.COMPLETED if complete else SyncStatus.COMPLETED_WITH_ERRORS


def shortfall(complete: bool, missing_grants: list[str]) -> tuple[Code | None, str | None]:
    """What to say of a reading that was not complete."""
    if complete:
        return None, None
    if not missing_grants:
        return Code.SYNC_DATA_ERROR, PARTLY_READ
    grants = list(dict.fromkeys(missing_grants))
    message = said("Some objects could not be read. Missing: %(grants)s.", grants=grants)
    return Code.TARGET_PERMISSION_DENIED, message


def _is_of_one_database(claim: Claim, problem: TargetProblem) -> bool:
    """Whether the server itself has answered, and its other databases are as they were."""
    told_by_code = problem.problem_code in (Code.DATABASE_NOT_FOUND, Code.TARGET_PERMISSION_DENIED)
    return claim.database_id is not None and (told_by_code or isinstance(problem, ClosedDatabase))


async def remember(
    session: WriteSession, instance_id: int, server: ServerFact | None, code: Code | None
) -> None:
    """An instance's health: when it last answered, when and why it last did not."""
    now = datetime.now(UTC)
    values: dict[str, object] = {"last_failure_at": now, "last_error_code": code}
    if server is not None:
        values = {
            "last_success_at": now,
            "last_error_code": None,
            "latency_ms": server.latency_ms,
            "version": server.version,
            "main_version": server.main_version,
        }
    await session.execute(update(Instance).where(Instance.id == instance_id).values(**values))


def timed_out(seconds: float) -> TargetProblem:
    message = said("The server did not finish within %(seconds)s seconds.", seconds=round(seconds))
    return TargetProblem(message, code=Code.DATABASE_TIMEOUT)


def too_long(seconds: float) -> Problem:
    """Of work of our own, which no server holds up."""
    minutes = round(seconds / 60)
    return ServiceUnavailable(
        said("It was not done within %(minutes)s minutes, and given up.", minutes=minutes)
    )


def since(started: float) -> int:
    return round((time.monotonic() - started) * 1000)
