"""Registering many instances from a CSV: each row is checked, and stands or falls by itself."""

import asyncio
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from sqlalchemy import insert, select
from sqlalchemy.dialects import postgresql

from whalefall.auth import Actor, Permission
from whalefall.db import Session, WriteSession
from whalefall.domain.csv_text import BLANKS, Line, lines_of, text_of
from whalefall.errors import BadInput, Problem, said
from whalefall.models.instances import Credential, Instance, InstanceTag, Tag
from whalefall.resolvers.audit import audit_many
from whalefall.resolvers.instances.import_cells import (
    COLUMNS,
    HEADINGS,
    REQUIRED,
    UNREAD,
    Cells,
    Known,
    name_problem,
    read_cells,
    tags_in,
)
from whalefall.resolvers.instances.writing import taken_text
from whalefall.resolvers.nouns.text import one_of


class ImportStatus(StrEnum):
    """READY passed every check of a dry run; CREATED is an instance now; REFUSED is neither."""

    READY = "READY"
    CREATED = "CREATED"
    REFUSED = "REFUSED"


@dataclass(kw_only=True)
class ImportRow:
    """What becomes of one row of the file. A problem's field is the column that is to blame."""

    line: int
    name: str
    values: dict[str, Any] = field(default_factory=dict)
    problems: list[Problem] = field(default_factory=list)
    instance_id: int | None = None

    @property
    def status(self) -> ImportStatus:
        if self.problems:
            return ImportStatus.REFUSED
        return ImportStatus.READY if self.instance_id is None else ImportStatus.CREATED


@dataclass(kw_only=True)
class InstanceImport:
    """A file's rows in its own order; `rest` is a CSV of only those that were refused."""

    rows: list[ImportRow]
    rest: str

    def of(self, status: ImportStatus) -> list[ImportRow]:
        return [row for row in self.rows if row.status == status]


async def check_import(session: Session, actor: Actor, csv: str) -> InstanceImport:
    """Say what would become of each row. Raises BadInput where the file itself is at fault."""
    actor.require(Permission.CREATE)
    headings, lines = await asyncio.to_thread(_read, csv)
    rows, _ = await _checked(session, lines, hold=False)
    return _result(headings, lines, rows)


async def import_instances(session: WriteSession, actor: Actor, csv: str) -> InstanceImport:
    """Register the instances of all good rows, and say why the others are none.

    They are inserted together, yet a name that somebody took meanwhile costs only its own row.
    Raises BadInput where the file itself is at fault.
    """
    actor.require(Permission.CREATE)
    headings, lines = await asyncio.to_thread(_read, csv)
    rows, known = await _checked(session, lines, hold=True)
    await _insert(session, [row for row in rows if row.status == ImportStatus.READY])
    created = [row for row in rows if row.status == ImportStatus.CREATED]
    await _set_tags(session, created, known)
    entries = [(row.instance_id, None, row.values) for row in created]
    await audit_many(session, actor, "instance.created", "Instance", entries)
    return _result(headings, lines, rows)


def _read(csv: str) -> tuple[list[str], list[Line]]:
    """The file's headings and rows, once they are known to be ours. Raises BadInput."""
    headings, lines = lines_of(csv)
    named = [HEADINGS.get(heading, heading) for heading in headings]
    if unknown := [name for name in named if name and name not in {*COLUMNS, *UNREAD}]:
        message = said("There is no column %(names)s.", names=[name[:40] for name in unknown[:5]])
        hint = said("The columns are %(names)s.", names=list(COLUMNS))
        raise BadInput(message, field="csv", hint=hint)
    if missing := [name for name in REQUIRED if name not in named]:
        message = said("The header lacks %(names)s.", names=missing)
        hint = said("The first line names the columns; the template shows how.")
        raise BadInput(message, field="csv", hint=hint)
    if twice := [name for name in COLUMNS if named.count(name) > 1]:
        raise BadInput(said("Two columns mean %(name)s.", name=twice[0]), field="csv")
    return headings, lines


async def _checked(
    session: Session, lines: Sequence[Line], *, hold: bool
) -> tuple[list[ImportRow], Known]:
    """Every row with what is wrong with it; `hold` keeps what rows name until the commit."""
    cells = [_cells(line) for line in lines]
    known = await _known(session, cells, hold=hold)
    return await asyncio.to_thread(_rows, lines, cells, known), known


def _rows(lines: Sequence[Line], cells: Sequence[Cells], known: Known) -> list[ImportRow]:
    """The rows as instances, or with what is wrong with them; of thousands that takes a while."""
    places: dict[str, list[int]] = defaultdict(list)
    rows = []
    for line, texts in zip(lines, cells, strict=True):
        values, problems = read_cells(texts, known)
        if line.has_more:
            problems.append(BadInput("The row has more cells than the header."))
        name = texts.get("name", "")
        places[name].append(line.number)
        rows.append(ImportRow(line=line.number, name=name, values=values, problems=problems))
    for row in rows:
        if row.name and (others := [line for line in places[row.name][:2] if line != row.line]):
            message = said("Line %(line)s has the same name.", line=others[0])
            row.problems.append(name_problem(message))
    return rows


def _cells(line: Line) -> Cells:
    blanks = f"{BLANKS}\t\r\n"
    return {HEADINGS.get(name, name): cell.strip(blanks) for name, cell in line.cells.items()}


def _result(headings: list[str], lines: Iterable[Line], rows: list[ImportRow]) -> InstanceImport:
    refused = {row.line for row in rows if row.problems}
    rest = text_of(headings, (line for line in lines if line.number in refused))
    return InstanceImport(rows=rows, rest=rest)


async def _known(session: Session, cells: Sequence[Cells], *, hold: bool) -> Known:
    """What the rows name, in three statements; `hold` lets nobody delete it before the commit."""
    names = {row.get("name", "") for row in cells}
    taken = select(Instance.name, Instance.deleted_at).where(one_of(Instance.name, names))
    columns = (Credential.id, Credential.name, Credential.engine, Credential.credential_type)
    wanted = {row.get("credential", "") for row in cells}
    credentials = (
        select(*columns, Credential.is_active)
        .where(one_of(Credential.name, wanted))
        .order_by(Credential.id)
    )
    wanted = {name for row in cells for name in tags_in(row)}
    tags = select(Tag.name, Tag.id).where(one_of(Tag.name, wanted)).order_by(Tag.id)
    if hold:
        credentials = credentials.with_for_update(key_share=True)
        tags = tags.with_for_update(key_share=True)
    return Known(
        names={row.name: row.deleted_at for row in await session.execute(taken)},
        credentials={row.name: row for row in await session.execute(credentials)},
        tags={row.name: row.id for row in await session.execute(tags)},
    )


async def _insert(session: WriteSession, rows: list[ImportRow]) -> None:
    """Insert the rows, by name, so that two imports at once never wait for each other."""
    if not rows:
        return
    columns = [
        {name: value for name, value in row.values.items() if name != "tag_names"}
        for row in sorted(rows, key=lambda row: row.name)
    ]
    statement = postgresql.insert(Instance).on_conflict_do_nothing(index_elements=["name"])
    result = await session.execute(statement.returning(Instance.name, Instance.id), columns)
    ids = {row.name: row.id for row in result}
    for row in rows:
        row.instance_id = ids.get(row.values["name"])
        if row.instance_id is None:
            row.problems.append(name_problem(taken_text(row.name, None)))


async def _set_tags(session: WriteSession, rows: list[ImportRow], known: Known) -> None:
    links = [
        {"instance_id": row.instance_id, "tag_id": known.tags[name]}
        for row in rows
        for name in row.values["tag_names"]
    ]
    if links:
        await session.execute(insert(InstanceTag), links)
