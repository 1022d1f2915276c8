"""CSV as people upload it: encodings, separators, line numbers, and what is no CSV."""

import pytest

from whalefall.domain.csv_text import MAX_BYTES, MAX_ROWS, decoded, lines_of, text_of
from whalefall.errors import BadInput


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gbk"])
def test_a_file_is_read_in_the_encodings_that_spreadsheets_write(encoding: str) -> None:
    assert decoded("name\n订单库".encode(encoding)) == "name\n订单库"


@pytest.mark.parametrize("content", [b"name\n\x00\x01", b"\xff\xfe\xff", "name".encode("utf-16")])
def test_what_is_no_text_is_refused(content: bytes) -> None:
    with pytest.raises(BadInput, match="UTF-8 or GBK"):
        decoded(content)


@pytest.mark.parametrize("separator", [",", ";", "\t"])
def test_the_separator_is_found_in_the_header(separator: str) -> None:
    headings, lines = lines_of(f"Name{separator} HOST \na{separator}b\n")

    assert headings == ["name", "host"]
    assert [line.cells for line in lines] == [{"name": "a", "host": "b"}]


def test_rows_know_the_line_that_they_begin_on() -> None:
    _, lines = lines_of('\ufeffname,description\r\n\r\na,"two\r\nlines"\r\n ,\r\nb,\r\n')

    assert [(line.number, line.cells["name"]) for line in lines] == [(3, "a"), (6, "b")]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "empty"),
        ("name,host\n\n", "no rows"),
        ("name,name\na,b\n", "more than once"),
        ('name\n"open', "begins on line 2"),
        ('name\n"a"b\n', "begins on line 2"),
        ("name\n" + "a\n" * (MAX_ROWS + 1), "5,000 rows; this one has 5,001"),
        ("name\n" + "字" * (MAX_BYTES // 3), "1 MB"),
        ("name\na\x00b\n", "cannot be stored"),
        ("name\n" + "a" * 200_000, "begins on line 2"),
    ],
)
def test_what_cannot_be_read_says_why(text: str, message: str) -> None:
    with pytest.raises(BadInput, match=message):
        lines_of(text)


def test_cells_beyond_the_header_are_noticed_unless_they_are_blank() -> None:
    _, lines = lines_of("name\na,\nb,c\n")

    assert [line.has_more for line in lines] == [False, True]


def test_the_guard_against_formulas_is_taken_off_and_other_apostrophes_stay() -> None:
    _, lines = lines_of("name,description\n'=1+1,'quoted'\n")

    assert lines[0].cells == {"name": "=1+1", "description": "'quoted'"}


def test_rows_become_text_again() -> None:
    headings, lines = lines_of('name;description\na;"b, ""c"""\n')

    assert lines_of(text_of(headings, lines)) == (headings, lines)
