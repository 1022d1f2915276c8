"""The partitions of WhaleFall's own tables."""

from datetime import date

import strawberry

from whalefall.auth import Permission
from whalefall.resolvers.partitions import (
    PartitionKind,
    PartitionReport,
    PartitionRow,
    create_month,
    drop_old_partitions,
    old_partitions,
    partition_report,
)
from whalefall.schema.context import Info
from whalefall.schema.cost import LIST_COST, Size, priced
from whalefall.schema.nodes import RowType, row_type
from whalefall.schema.problems import UserError, errors_field, mutation

MOST_SHOWN = 500  # partitions: four tables of five years, and more
KIND = "What holds the partitions: the sizes of days, or what was summed up of them."


@row_type(PartitionRow, name="Partition")
class Partition(PartitionRow, RowType):
    pass


PARTITIONS = priced(LIST_COST, Size((), lambda: MOST_SHOWN))


@strawberry.type(description="All partitions, and whether they are as they should be.")
class Partitions:
    is_healthy: bool = strawberry.field(
        description="Whether this month and the next three have theirs, and none has strays."
    )
    missing: list[str] = strawberry.field(description="Partitions that should be there.")
    stray_rows: int = strawberry.field(
        description="Rows in default partitions; the nightly task moves them."
    )
    raw_months: int = strawberry.field(description="How many past months of sizes are kept.")
    aggregate_months: int = strawberry.field(description="How many past months of sums are kept.")
    partitions: list[Partition] = strawberry.field(
        description="By table and month.", metadata=PARTITIONS
    )


@strawberry.type
class PartitionQueries:
    @strawberry.field(description="All partitions, and whether they are as they should be.")
    async def partitions(self, info: Info) -> Partitions:
        context = info.context
        async with context.db.read() as session:
            report: PartitionReport = await partition_report(session, context.actor, context.db)
        shown = [Partition.of(row) for row in report.partitions]
        return Partitions(**{**vars(report), "partitions": shown})


@strawberry.input(description="Which month to make partitions for.")
class CreatePartitionsInput:
    month: date = strawberry.field(description="Any day of it: this month, or a later one.")


@strawberry.input(description="Which months to drop, with all that is in them.")
class CleanupPartitionsInput:
    retention_months: int = strawberry.field(
        description="How many months before this one are kept, 1 to 1200."
    )
    kind: PartitionKind = strawberry.field(description=KIND, default=PartitionKind.RAW)
    dry_run: bool = strawberry.field(description="Only say what would go.", default=True)
    confirmation: str | None = strawberry.field(
        description="To drop them: the first month that is kept, as in 2025-07.", default=None
    )


@strawberry.type(description="What was made, or why nothing was.")
class CreatePartitionsPayload:
    created: list[str] | None = strawberry.field(
        description="The names of new partitions; null when refused.", default=None
    )
    errors: list[UserError] = errors_field()


@strawberry.type(description="What was dropped, or would be.")
class CleanupPartitionsPayload:
    partitions: list[Partition] | None = strawberry.field(
        description="What went, or would go; null when refused.", default=None, metadata=PARTITIONS
    )
    errors: list[UserError] = errors_field()


@strawberry.type
class PartitionMutations:
    @mutation("Make a month's partitions.", needs=Permission.ADMIN)
    async def create_partitions(
        self, info: Info, input: CreatePartitionsInput
    ) -> CreatePartitionsPayload:
        context = info.context
        async with context.db.write() as session:
            names = await create_month(
                session, context.actor, input.month, today=context.db.settings.today()
            )
        return CreatePartitionsPayload(created=names)

    @mutation("Drop partitions that are too old, or say which they are.", needs=Permission.ADMIN)
    async def cleanup_partitions(
        self, info: Info, input: CleanupPartitionsInput
    ) -> CleanupPartitionsPayload:
        context, today = info.context, info.context.db.settings.today()
        kind, months = input.kind, input.retention_months
        if input.dry_run:
            async with context.db.read() as session:
                rows = await old_partitions(session, context.actor, kind, months, today=today)
        else:
            async with context.db.write() as writing:
                rows = await drop_old_partitions(
                    writing,
                    context.actor,
                    kind,
                    months,
                    today=today,
                    confirmation=input.confirmation,
                )
        return CleanupPartitionsPayload(partitions=[Partition.of(row) for row in rows])
