"""The privilege doctor: an instance's account held against what WhaleFall needs of it."""

from dataclasses import dataclass
from datetime import UTC, datetime

from sqlalchemy import select

from whalefall.adapters import adapter_for
from whalefall.adapters.base import TargetSession
from whalefall.auth import Actor, Permission
from whalefall.db import Database
from whalefall.domain.facts import ServerFact
from whalefall.domain.privileges import AccountScript, PrivilegeCheck, PrivilegeState
from whalefall.errors import Problem
from whalefall.models.databases import InstanceDatabase
from whalefall.models.instances import Credential
from whalefall.resolvers.collection.targets import Endpoint, endpoint_of
from whalefall.resolvers.collection.visits import visit

NAME_IF_NONE = "whalefall_collector"
MOST_DATABASES = 200  # named in a script
WORST = (
    PrivilegeState.MISSING,
    PrivilegeState.OVER_PRIVILEGED,
    PrivilegeState.UNKNOWN,
    PrivilegeState.OK,
)


@dataclass(frozen=True, kw_only=True)
class PrivilegeReport:
    """What an account may do. `checks` is empty, and `problem` says why, when the server could not
    be asked; the script is there in any case. `state` is the worst of the checks."""

    instance_id: int
    account: str
    version: str | None
    checked_at: datetime
    checks: list[PrivilegeCheck]
    script: AccountScript
    problem: Problem | None

    @property
    def state(self) -> PrivilegeState:
        found = {check.state for check in self.checks}
        return next((state for state in WORST if state in found), PrivilegeState.UNKNOWN)


async def privilege_report(db: Database, actor: Actor, instance_id: int) -> PrivilegeReport:
    """Ask an instance's server what its account may do. Raises NotFound and Unsupported."""
    actor.require(Permission.EXECUTE)
    async with db.read() as session:
        endpoint = await endpoint_of(session, instance_id)
        found = await session.execute(
            select(Credential.username).where(Credential.id == endpoint.credential_id)
        )
        account = found.scalar() or NAME_IF_NONE
        names = await session.execute(
            select(InstanceDatabase.name)
            .where(InstanceDatabase.instance_id == instance_id)
            .where(InstanceDatabase.is_active, InstanceDatabase.is_system.is_(False))
            .order_by(InstanceDatabase.name)
            .limit(MOST_DATABASES)
        )
        databases = list(names.scalars())
    return await _report(db, endpoint, instance_id, account, databases)


async def _report(
    db: Database, endpoint: Endpoint, instance_id: int, account: str, databases: list[str]
) -> PrivilegeReport:
    adapter, now = adapter_for(endpoint.engine), datetime.now(UTC)
    answer = await visit(db, endpoint, _examine)
    problem = answer if isinstance(answer, Problem) else None
    server, checks = (None, []) if isinstance(answer, Problem) else answer
    return PrivilegeReport(
        instance_id=instance_id,
        account=account,
        version=server.version if server else None,
        checked_at=now,
        checks=checks,
        script=adapter.account_script(server, account, databases),
        problem=problem,
    )


async def _examine(remote: TargetSession) -> tuple[ServerFact, list[PrivilegeCheck]]:
    return remote.server, await remote.privileges()
