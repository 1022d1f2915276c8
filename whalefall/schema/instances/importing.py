"""Importing instances: what becomes of each row of a CSV."""

import strawberry

from whalefall.auth import Permission
from whalefall.domain.csv_text import MAX_ROWS
from whalefall.errors import BadInput, Problem
from whalefall.resolvers.instances import (
    IMPORT_COLUMNS,
    ImportRow,
    ImportStatus,
    InstanceImport,
    check_import,
    import_instances,
)
from whalefall.schema.context import Info
from whalefall.schema.cost import Size, priced
from whalefall.schema.enums import describe
from whalefall.schema.problems import UserError, errors_field, mutation

REFUSED_ROWS = 100  # told of with their errors; beyond them a number says enough
CSV = (
    f"The file's text: a header, then at most {MAX_ROWS:,} rows, in one million bytes. Separated by"
    f" commas, semicolons or tabs. Columns in any order: {', '.join(IMPORT_COLUMNS)};"
    " name, db_type and host are required. The CSV export of instances fits as it is."
)
describe(
    ImportStatus,
    "What becomes of a row.",
    {
        "READY": "Passed every check; it would be added.",
        "CREATED": "Is an instance now.",
        "REFUSED": "Was not, or would not be, added; its errors say why.",
    },
    name="ImportStatus",
)


@strawberry.input(description="Instances to be added from a CSV.")
class ImportInstancesInput:
    csv: str = strawberry.field(description=CSV)
    dry_run: bool = strawberry.field(
        description="Only check; false adds every row that passes.", default=True
    )


@strawberry.type(description="What becomes of one row.")
class ImportedRow:
    line: int = strawberry.field(description="The line of the file that it begins on; from 1.")
    name: str = strawberry.field(description="The instance's name as it stands there.")
    status: ImportStatus = strawberry.field(description="Whether it is good.")
    errors: list[UserError] = strawberry.field(
        description="Everything that is wrong with it, each at input, csv, line, column.",
        metadata=priced(1, Size((), lambda: len(IMPORT_COLUMNS))),
    )


@strawberry.type(description="What becomes of a file's rows.")
class ImportInstancesPayload:
    rows: list[ImportedRow] | None = strawberry.field(
        description=f"The rows in the file's order, but only the first {REFUSED_ROWS} of those"
        " refused; null when the file as a whole was.",
        default=None,
        metadata=priced(1, Size((), lambda: MAX_ROWS)),
    )
    created_count: int | None = strawberry.field(
        description="How many instances were added; null when the file was refused.", default=None
    )
    ready_count: int | None = strawberry.field(
        description="How many rows a dry run found good; null when the file was refused.",
        default=None,
    )
    refused_count: int | None = strawberry.field(
        description="How many rows were refused, also those that `rows` leaves out; null when the"
        " file was.",
        default=None,
    )
    errors: list[UserError] = errors_field()


@strawberry.type
class InstanceImportMutations:
    @mutation(
        "Add instances from a CSV, row by row: a bad row does not stop the others.",
        needs=Permission.CREATE,
        alone=True,
    )
    async def import_instances(
        self, info: Info, input: ImportInstancesInput
    ) -> ImportInstancesPayload:
        context = info.context
        if input.dry_run:
            async with context.db.read() as session:
                result = await check_import(session, context.actor, input.csv)
        else:
            async with context.db.write() as session:
                result = await import_instances(session, context.actor, input.csv)
        return _payload(result)


def _payload(result: InstanceImport) -> ImportInstancesPayload:
    refused = result.of(ImportStatus.REFUSED)
    left_out = {row.line for row in refused[REFUSED_ROWS:]}
    payload = ImportInstancesPayload(
        rows=[_row(row) for row in result.rows if row.line not in left_out],
        created_count=len(result.of(ImportStatus.CREATED)),
        ready_count=len(result.of(ImportStatus.READY)),
        refused_count=len(refused),
    )
    if refused:
        message = (
            f"{len(refused):,} of {len(result.rows):,} rows cannot be added; see their errors."
        )
        payload.errors.append(UserError.of(BadInput(message, field="csv")))
    return payload


def _row(row: ImportRow) -> ImportedRow:
    errors = [_error(row.line, problem) for problem in row.problems]
    return ImportedRow(line=row.line, name=row.name, status=row.status, errors=errors)


def _error(line: int, problem: Problem) -> UserError:
    """The problem at its place in the file; columns are called as the file calls them."""
    error = UserError.of(problem)
    error.field = ["input", "csv", str(line), *(problem.field or ())]
    return error
