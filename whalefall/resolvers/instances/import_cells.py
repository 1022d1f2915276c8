"""One row of an import: what its cells mean as an instance, or why they mean none."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from whalefall.domain.checks import Problems, checked
from whalefall.domain.engines import ENGINES, Engine
from whalefall.domain.tls import Tls
from whalefall.errors import BadInput, Code, Conflict, Problem
from whalefall.resolvers.instances.writing import (
    CHECKS,
    credential_problem,
    flat,
    no_tags,
    taken_text,
)

Cells = Mapping[str, str]  # trimmed texts by column
REQUIRED = ("name", "db_type", "host")
COLUMNS = (
    *("name", "db_type", "host", "port", "database_name", "description", "credential"),
    *("tags", "is_active"),
)
HEADINGS = {"engine": "db_type", "status": "is_active"}  # what our own export calls them
UNREAD = ("version", "databases", "size_bytes", "size_collected_at")  # what it tells besides
FIELDS = {"db_type": "engine", "credential": "credential_id", "tags": "tag_names"}
YES = {"true", "1", "yes", "y", "on", "是", "active"}
NO = {"false", "0", "no", "n", "off", "否", "inactive"}
TAG_SEPARATORS = re.compile("[;,|、\uff0c\uff1b]")


@dataclass(frozen=True)
class Known:
    """What rows may name, as the database knows it now."""

    names: Mapping[str, datetime | None]  # taken, with when they went to the recycle bin
    credentials: Mapping[str, Any]
    tags: Mapping[str, int]


def read_cells(cells: Cells, known: Known) -> tuple[dict[str, Any], list[Problem]]:
    """The columns of the new instance, its tag names among them, or everything that is wrong.

    A problem's field is the column of the file.
    """
    values, problems = _read(cells, known)
    clean: dict[str, Any] = {}
    try:
        clean = flat(checked(values, CHECKS))
    except Problems as wrong:
        problems.extend(wrong.problems)
    if (name := cells.get("name", "")) in known.names:
        problems.append(name_problem(taken_text(name, known.names[name])))
    for problem in problems:
        problem.field = tuple(COLUMN_OF.get(name, name) for name in problem.field or ())
    return clean, sorted(problems, key=_column)


def _column(problem: Problem) -> int:
    """Problems stand in the order of the columns."""
    return COLUMNS.index(problem.field[0]) if problem.field else len(COLUMNS)


def name_problem(message: str) -> Problem:
    return Conflict(message, code=Code.NAME_EXISTS, field="name")


def tags_in(cells: Cells) -> list[str]:
    """The names in the column of tags, whatever stands between them."""
    parts = TAG_SEPARATORS.split(cells.get("tags", ""))
    return sorted({part.strip() for part in parts} - {""})


def _read(cells: Cells, known: Known) -> tuple[dict[str, Any], list[Problem]]:
    """The cells as create_instance takes them, without those that cannot be read."""
    values: dict[str, Any] = {"tls": Tls()}
    problems: list[Problem] = []
    for column in COLUMNS:
        name = FIELDS.get(column, column)
        try:
            read = READERS.get(column)
            values[name] = read(cells, known) if read else cells.get(column) or None
        except BadInput as problem:
            problems.append(problem)
    return values, problems


def _port(cells: Cells, known: Known) -> int:
    """The port; without one the engine's usual."""
    if text := cells.get("port"):
        return int(text) if re.fullmatch(r"\d{1,9}", text, re.ASCII) else -1
    engine = _engine(cells)
    return ENGINES[engine].default_port if engine else 1  # the engine has a problem of its own


def _engine(cells: Cells) -> Engine | None:
    try:
        return Engine(CHECKS["engine"]("engine", cells.get("db_type")))
    except BadInput:
        return None


def _credential_id(cells: Cells, known: Known) -> int | None:
    name = cells.get("credential")
    if not name:
        return None
    found: Any = known.credentials.get(name)
    if problem := credential_problem(found, _engine(cells)):
        raise BadInput(problem, field="credential")
    return int(found.id)


def _tag_names(cells: Cells, known: Known) -> list[str]:
    names = tags_in(cells)
    if unknown := [name for name in names if name not in known.tags]:
        raise BadInput(no_tags(unknown[:5]), field="tags")
    return names


def _is_active(cells: Cells, known: Known) -> bool:
    text = cells.get("is_active", "").lower()
    if text in NO:
        return False
    if text and text not in YES:
        raise BadInput("Enter true or false.", field="is_active")
    return True


COLUMN_OF = {field: column for column, field in FIELDS.items()}
READERS = {
    "port": _port,
    "credential": _credential_id,
    "tags": _tag_names,
    "is_active": _is_active,
}
