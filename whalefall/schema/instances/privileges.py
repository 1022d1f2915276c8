"""The privilege doctor's report."""

from datetime import datetime

import strawberry

from whalefall.auth import Permission
from whalefall.domain.privileges import Feature, PrivilegeCheck, PrivilegeState
from whalefall.errors import NotFound
from whalefall.resolvers.collection import PrivilegeReport, privilege_report
from whalefall.schema.context import Info
from whalefall.schema.cost import Size, priced
from whalefall.schema.fields import Id
from whalefall.schema.ids import row_id
from whalefall.schema.problems import UserError

VISIT_COST = 2_000  # a connection to somebody's server, for up to ten seconds
CHECKS = priced(1, Size((), lambda: len(Feature)))


@strawberry.type(name="PrivilegeCheck", description="One feature, and what the account lacks.")
class PrivilegeCheckType:
    feature: Feature = strawberry.field(description="What the account is for.")
    state: PrivilegeState = strawberry.field(description="How the account stands to it.")
    probe: str = strawberry.field(description="What was asked of the server; never a user's row.")
    needed: list[str] = strawberry.field(
        description="The grants that it needs on this server, in the engine's own words."
    )
    missing: list[str] = strawberry.field(description="Which of them are missing, to be granted.")
    excess: list[str] = strawberry.field(
        description="What opens user data without need, to be revoked."
    )

    @classmethod
    def of(cls, check: PrivilegeCheck) -> "PrivilegeCheckType":
        return cls(**vars(check))


@strawberry.type(
    name="PrivilegeReport", description="An instance's account, held against what WhaleFall needs."
)
class PrivilegeReportType:
    account: str = strawberry.field(
        description="The account that connects; without a credential the name in the scripts."
    )
    version: str | None = strawberry.field(
        description="What the server calls itself; null when it could not be asked."
    )
    checked_at: datetime = strawberry.field(description="When it was asked.")
    state: PrivilegeState = strawberry.field(description="The worst of the checks.")
    checks: list[PrivilegeCheckType] = strawberry.field(
        description="One for each feature; none when the server could not be asked.",
        metadata=CHECKS,
    )
    create_script: str = strawberry.field(
        description="Statements that make the account, with a placeholder for its password. An"
        " administrator reads and runs them; WhaleFall never does."
    )
    drop_script: str = strawberry.field(description="Statements that take all of it back.")
    error: UserError | None = strawberry.field(
        description="Why the server could not be asked; null when it was."
    )

    @classmethod
    def of(cls, report: PrivilegeReport) -> "PrivilegeReportType":
        return cls(
            account=report.account,
            version=report.version,
            checked_at=report.checked_at,
            state=report.state,
            checks=[PrivilegeCheckType.of(check) for check in report.checks],
            create_script=report.script.create,
            drop_script=report.script.drop,
            error=UserError.of(report.problem) if report.problem else None,
        )


@strawberry.type
class PrivilegeQueries:
    @strawberry.field(
        description="Connect to an instance once, for at most ten seconds, and ask what its account"
        " may do. Needs EXECUTE; null when there is no such instance.",
        metadata=priced(VISIT_COST, alone=True),
    )
    async def privilege_report(self, info: Info, instance_id: Id) -> PrivilegeReportType | None:
        context = info.context
        context.actor.require(Permission.EXECUTE)
        number = row_id(instance_id, "Instance", field="instanceId")
        try:
            report = await privilege_report(context.db, context.actor, number)
        except NotFound:
            return None
        return PrivilegeReportType.of(report)
