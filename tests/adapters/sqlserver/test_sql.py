"""Every statement, as far as it can be looked at without a SQL Server."""

import pytest

from tests.tds.instance import VERSIONS
from tests.tds.lint import faults
from tests.tds.views import UnknownColumn, check_columns
from whalefall.adapters.base import Limits
from whalefall.adapters.sqlserver import sql

MAJORS = [int(version.split(".")[0]) for version in VERSIONS.values()]


@pytest.mark.parametrize("name", sql.STATEMENTS)
@pytest.mark.parametrize("major", MAJORS)
def test_the_columns_are_there_in_every_version(name: str, major: int) -> None:
    check_columns(sql.STATEMENTS[name], major)


@pytest.mark.parametrize("name", sql.STATEMENTS)
def test_nothing_in_it_is_another_dialect(name: str) -> None:
    assert faults(sql.STATEMENTS[name]) == []


def test_every_statement_is_looked_at() -> None:
    declared = {name for name in vars(sql) if name.isupper() and name != "STATEMENTS"}

    assert declared == set(sql.STATEMENTS)


@pytest.mark.parametrize(
    ("statement", "fault"),
    [
        ("SELECT name FROM sys.tables LIMIT 5", "Limit"),
        ("SELECT name || 'x' FROM sys.tables", "DPipe"),
        ("SELECT name::int FROM sys.tables", "cast by ::"),
        ("SELECT name FROM sys.tables WHERE name ILIKE 'x'", "ILike"),
        ("SELECT TRUE", "Boolean"),
        ("SELECT t.name FROM sys.tables AS t JOIN sys.objects USING (name)", "JOIN USING"),
        ("SELECT name FROM sys.tables ORDER BY name NULLS LAST", "NULLS LAST"),
        ("SELECT COUNT(*) FILTER (WHERE name = 'x') FROM sys.tables", "Filter"),
        ("SELECT DISTINCT ON (name) name FROM sys.tables", "Distinct"),
        ("SELECT name FROM sys.tables FETCH FIRST 5 ROWS ONLY", "Fetch"),
        ("SELECT now()", "function now"),
        ("SELECT BOOL_OR(is_ms_shipped) FROM sys.tables", "LogicalOr"),
        ("DELETE FROM sys.tables", "Delete"),
    ],
)
def test_what_only_looks_like_t_sql_is_found(statement: str, fault: str) -> None:
    assert fault in faults(statement)


@pytest.mark.parametrize(
    "statement",
    [
        "SELECT p.row_cnt FROM sys.dm_db_partition_stats AS p",
        "SELECT d.is_ledger_on FROM sys.databases AS d",  # of 2022
        "SELECT x.name FROM sys.no_such_view AS x",
    ],
)
def test_a_column_that_is_not_there_is_found(statement: str) -> None:
    with pytest.raises(UnknownColumn):
        check_columns(statement, 15)


def test_settings_wait_for_no_lock_for_long() -> None:
    text = sql.settings(Limits(lock_seconds=0.5))

    assert "SET LOCK_TIMEOUT 500;" in text
    assert "SET DEADLOCK_PRIORITY LOW;" in text
