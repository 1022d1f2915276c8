"""Every statement over every family, as far as it can be looked at without an Oracle."""

import pytest

from tests.adapters.oracle.lint import faults
from tests.adapters.oracle.views import UnknownColumn, check_columns
from whalefall.adapters.oracle import sql
from whalefall.adapters.oracle.sql import CDB, DBA, USER

RELEASES = (12, 19, 23)
STATEMENTS = {
    **{name.lower(): text for name, text in sql.PLAIN.items()},
    **{
        f"{family.name} {view} {place}": family.says(text)
        for family in (CDB, DBA, USER)
        for place, group in (("of sizes", sql.OF_SIZES), ("of tables", sql.OF_TABLES))
        for view, text in group.items()
        if family is not USER or (view in sql.OF_USER and place == "of tables")
    },
    "user tablespaces": USER.says(sql.TABLESPACES),
    "user free space": USER.says(sql.FREE),
}


@pytest.mark.parametrize("name", STATEMENTS)
@pytest.mark.parametrize("release", RELEASES)
def test_the_columns_are_there_in_every_release(name: str, release: int) -> None:
    check_columns(STATEMENTS[name], release)


@pytest.mark.parametrize("name", STATEMENTS)
def test_nothing_in_it_is_another_dialect(name: str) -> None:
    assert faults(STATEMENTS[name]) == []


@pytest.mark.parametrize(
    ("statement", "fault"),
    [
        ("SELECT t.a FROM dba_tables t LIMIT 5", "Limit"),
        ("SELECT t.a FROM dba_tables AS t", "AS before the alias of a table"),
        ("SELECT t.a::int FROM dba_tables t", "cast by ::"),
        ("SELECT t.a FROM dba_tables t WHERE t.a ILIKE 'x'", "ILike"),
        ("SELECT TRUE FROM dual", "Boolean"),
        ("SELECT t.a FROM dba_tables t WHERE ROWNUM < 5", "ROWNUM of no table"),
        ("SELECT t.a || 'x' FROM dba_tables t", "DPipe"),
        ("SELECT SYSDATE - 30 FROM dual", "Sub"),
        ("SELECT now() FROM dual", "function now"),
        ("SELECT COUNT(*) FILTER (WHERE t.a = 1) FROM dba_tables t", "Filter"),
        ("DELETE FROM dba_tables", "Delete"),
    ],
)
def test_what_only_looks_like_oracles_is_found(statement: str, fault: str) -> None:
    assert fault in faults(statement)


@pytest.mark.parametrize(
    "statement",
    [
        "SELECT t.byte FROM dba_segments t",
        "SELECT t.owner FROM user_segments t",
        "SELECT t.header_file FROM user_segments t",
        "SELECT t.con_id FROM dba_segments t",
        "SELECT t.bytes FROM all_segments t",
        "SELECT t.bytes FROM user_data_files t",
        "SELECT t.external FROM dba_tables t",  # of 18
    ],
)
def test_a_column_that_is_not_there_is_found(statement: str) -> None:
    with pytest.raises(UnknownColumn):
        check_columns(statement, 12)
