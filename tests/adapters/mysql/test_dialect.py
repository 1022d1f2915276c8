"""What servers call themselves, and what follows from it."""

import pytest

from whalefall.adapters.base import Limits
from whalefall.adapters.mysql.dialect import dialect_of

LIMITS = Limits(statement_seconds=1.5, lock_seconds=0.5)


@pytest.mark.parametrize(
    ("banner", "comment", "version", "main_version"),
    [
        ("10.11.19-MariaDB-0+deb12u1", "Debian 12", "MariaDB 10.11.19", "10.11"),
        ("5.5.5-10.6.12-MariaDB-log", "", "MariaDB 10.6.12", "10.6"),
        ("11.4.2", "mariadb.org binary distribution", "MariaDB 11.4.2", "11.4"),
        ("5.5.68-MariaDB", "", "MariaDB 5.5.68", "5.5"),
        ("8.0.36", "MySQL Community Server - GPL", "MySQL 8.0.36", "8.0"),
        ("8.0.36-28", "Percona Server (GPL)", "MySQL 8.0.36", "8.0"),
        ("5.7.44-log", "", "MySQL 5.7.44", "5.7"),
        ("9.1.0-cloud", "", "MySQL 9.1.0", "9.1"),
        ("8.4", "", "MySQL 8.4", "8.4"),
        ("something new", "", "MySQL something new", "unknown"),
    ],
)
def test_version_is_what_people_call_it(
    banner: str, comment: str, version: str, main_version: str
) -> None:
    dialect = dialect_of(banner, comment)

    assert dialect.version == version
    assert dialect.main_version == main_version
    assert dialect.banner == banner


def test_statistics_cache_is_off_from_mysql_8_on_and_unknown_elsewhere() -> None:
    expiry = "information_schema_stats_expiry = 0"

    assert expiry in dialect_of("8.0.36").settings(LIMITS)
    assert expiry in dialect_of("9.1.0").settings(LIMITS)
    assert expiry not in dialect_of("5.7.44").settings(LIMITS)
    assert expiry not in dialect_of("10.11.19-MariaDB").settings(LIMITS)


def test_statement_limit_is_in_each_vendors_words() -> None:
    assert "max_statement_time = 1.500000" in dialect_of("10.11.19-MariaDB").settings(LIMITS)
    assert "max_execution_time = 1500" in dialect_of("8.0.36").settings(LIMITS)
    assert "lock_wait_timeout = 1" in dialect_of("8.0.36").settings(LIMITS)


def test_views_of_innodb_are_called_by_their_names() -> None:
    assert dialect_of("8.0.36").spaces_view == "INNODB_TABLESPACES"
    assert dialect_of("5.7.44").spaces_view == "INNODB_SYS_TABLESPACES"
    assert dialect_of("11.4.2-MariaDB").tables_view == "INNODB_SYS_TABLES"
