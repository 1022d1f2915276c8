"""CSV as people upload it: its encoding, its separator, its rows with their line numbers."""

import csv
import io
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from whalefall.domain.checks import is_storable
from whalefall.errors import BadInput, said

MAX_BYTES = 1_000_000  # as UTF-8: what a body of one MiB holds beside the form around it
MAX_ROWS = 5_000
IN_PARTS = said("Import it in parts.")
SEPARATORS = ",;\t"
BLANKS = " \u00a0\u200b\u3000\ufeff"
# Exports put an apostrophe before what a spreadsheet would calculate; here it goes again.
GUARDED = re.compile(rf"^'(?=[{BLANKS}]*[-=+@\t\r\n\uff1d\uff0b\uff0d\uff20])")


@dataclass(frozen=True, kw_only=True)
class Line:
    """One row: the line of the text that it begins on, and its cells by heading."""

    number: int
    cells: dict[str, str]
    has_more: bool = False  # cells beyond the last heading


def decoded(content: bytes) -> str:
    """The text of a file in UTF-8, with or without a mark, or in GBK. Raises BadInput."""
    if b"\x00" in content:
        raise BadInput("This is not a CSV file in UTF-8 or GBK.", field="csv")
    for encoding in ("utf-8-sig", "gbk"):
        try:
            return content.decode(encoding)
        except UnicodeDecodeError:
            continue
    raise BadInput("This is not a CSV file in UTF-8 or GBK.", field="csv")


def lines_of(text: str) -> tuple[list[str], list[Line]]:
    """The headings in lower case, and the rows that are not blank.

    Raises BadInput where the text is too long, has no rows, or is no CSV.
    """
    text = text.removeprefix("\ufeff")
    if len(text) > MAX_BYTES or len(text.encode("utf-8", "replace")) > MAX_BYTES:
        raise BadInput("A file may have 1 MB.", field="csv", hint=IN_PARTS)
    if not is_storable(text):
        raise BadInput("The file holds characters that cannot be stored.", field="csv")
    rows = _rows(text)
    _, first = next(rows, (0, []))
    headings = [cell.strip(BLANKS).lower() for cell in first]
    _check_headings(headings)
    lines = [_line(number, headings, cells) for number, cells in rows]
    if not lines:
        raise BadInput("The file has a header, but no rows.", field="csv")
    if len(lines) > MAX_ROWS:
        message = said(
            "A file may have %(maximum)s rows; this one has %(rows)s.",
            maximum=f"{MAX_ROWS:,}",
            rows=f"{len(lines):,}",
        )
        raise BadInput(message, field="csv", hint=IN_PARTS)
    return headings, lines


def text_of(headings: Sequence[str], lines: Iterable[Line]) -> str:
    """The rows as CSV again, separated by commas."""
    written = io.StringIO()
    writer = csv.writer(written, lineterminator="\n")
    writer.writerow(headings)
    writer.writerows([line.cells.get(heading, "") for heading in headings] for line in lines)
    return written.getvalue()


def _rows(text: str) -> Iterator[tuple[int, list[str]]]:
    """Each row that is not blank, with the line that it begins on."""
    head = text.lstrip().partition("\n")[0]
    reader = csv.reader(
        io.StringIO(text, newline=""), delimiter=max(SEPARATORS, key=head.count), strict=True
    )
    begins = 1
    while True:
        try:
            cells = next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            message = said(
                "The row that begins on line %(line)s is no CSV: check its quotation marks.",
                line=begins,
            )
            raise BadInput(message, field="csv") from error
        if any(cell.strip() for cell in cells):
            yield begins, cells
        begins = reader.line_num + 1


def _check_headings(headings: list[str]) -> None:
    if not headings:
        raise BadInput("The file is empty.", field="csv")
    twice = sorted({name for name in headings if name and headings.count(name) > 1})
    if twice:
        message = said("The header names %(names)s more than once.", names=_few(twice))
        raise BadInput(message, field="csv")


def _line(number: int, headings: list[str], cells: list[str]) -> Line:
    plain = (GUARDED.sub("", cell, count=1) for cell in cells)
    named = dict(zip(headings, plain, strict=False))
    has_more = any(cell.strip() for cell in cells[len(headings) :])
    return Line(number=number, cells=named, has_more=has_more or bool(named.pop("", "").strip()))


def _few(names: list[str]) -> list[str]:
    shown = [name[:40] for name in names[:5]]
    return [*shown, "…"] if len(names) > len(shown) else shown
