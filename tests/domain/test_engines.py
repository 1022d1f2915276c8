"""The registry of engines: what people call them."""

import pytest

from whalefall.domain.engines import engine_named


@pytest.mark.parametrize(
    ("text", "name"),
    [
        (" MySQL ", "MYSQL"),
        ("mariadb", "MYSQL"),
        ("pg", "POSTGRESQL"),
        ("Postgres", "POSTGRESQL"),
        ("mssql", "SQLSERVER"),
        ("SQL Server", "SQLSERVER"),
        ("oracle", "ORACLE"),
    ],
)
def test_an_engine_is_known_by_its_names_in_any_case(text: str, name: str) -> None:
    assert engine_named(text) == name


@pytest.mark.parametrize("text", ["", "sybase", "p"])
def test_what_is_no_engine_is_not_guessed(text: str) -> None:
    with pytest.raises(KeyError):
        engine_named(text)
