"""Which driver is chosen, and that nothing in a value can become another setting."""

from dataclasses import replace

import pytest

from whalefall.adapters.base import Target
from whalefall.adapters.sqlserver.driver import FREETDS, choose, connection_string
from whalefall.domain.engines import Engine
from whalefall.domain.tls import Tls, TlsMode
from whalefall.errors import Code, Problem, TargetProblem, Unsupported

MICROSOFT = "ODBC Driver 18 for SQL Server"
TARGET = Target(
    engine=Engine("SQLSERVER"),
    host="db.example.com",
    address="192.0.2.7",
    port=1433,
    username="collector",
    password="secret",
)


def string_of(driver: str, target: Target) -> str:
    return connection_string(driver, target, "127.0.0.1", 5555)


def settings_of(driver: str, target: Target) -> dict[str, str]:
    text = string_of(driver, target)
    return dict(part.split("=", 1) for part in text.removesuffix(";").split(";"))


def test_the_newest_of_microsofts_is_chosen() -> None:
    drivers = [FREETDS, "ODBC Driver 17 for SQL Server", MICROSOFT, "SQL Server"]

    assert choose(drivers) == MICROSOFT
    assert choose([FREETDS]) == FREETDS


def test_without_a_driver_the_package_is_named() -> None:
    with pytest.raises(TargetProblem) as caught:
        choose(["PostgreSQL"])

    assert caught.value.problem_code is Code.DRIVER_MISSING
    assert "unixodbc" in (caught.value.hint or "")


@pytest.mark.parametrize("name", ["UID", "PWD", "Database"])
def test_a_value_cannot_become_another_setting(name: str) -> None:
    value = "x;Server=evil;y={z"
    target = {
        "UID": replace(TARGET, username=value),
        "PWD": replace(TARGET, password=value),
        "Database": replace(TARGET, database=value),
    }[name]

    for driver in (FREETDS, MICROSOFT):
        text = string_of(driver, target)
        assert f"{name}={{x;Server=evil;y={{z}};" in text


def test_what_freetds_cannot_write_is_refused_and_not_guessed() -> None:
    with pytest.raises(Unsupported):
        string_of(FREETDS, replace(TARGET, password="a};UID=sa;b={c"))

    assert "PWD=a}b;" in string_of(FREETDS, replace(TARGET, password="a}b"))
    assert "PWD={a}}b};" in string_of(MICROSOFT, replace(TARGET, password="a}b"))


@pytest.mark.parametrize(
    ("mode", "freetds", "encrypt", "trusts"),
    [
        (TlsMode.DISABLE, "{off}", "{no}", "{yes}"),
        (TlsMode.PREFER, "{request}", "{no}", "{yes}"),
        (TlsMode.REQUIRE, "{require}", "{yes}", "{yes}"),
        (TlsMode.VERIFY_CA, None, "{yes}", "{no}"),
        (TlsMode.VERIFY_FULL, None, "{yes}", "{no}"),
    ],
)
def test_a_mode_is_never_weaker_than_asked(
    mode: TlsMode, freetds: str | None, encrypt: str, trusts: str
) -> None:
    target = replace(TARGET, tls=Tls(mode=mode))

    microsoft = settings_of(MICROSOFT, target)

    assert (microsoft["Encrypt"], microsoft["TrustServerCertificate"]) == (encrypt, trusts)
    named = microsoft.get("HostNameInCertificate")
    assert named == ("{db.example.com}" if trusts == "{no}" else None)
    if freetds is not None:
        assert settings_of(FREETDS, target)["Encryption"] == freetds
        return
    with pytest.raises(Problem) as caught:
        string_of(FREETDS, target)
    assert caught.value.problem_code is Code.TLS_ERROR


def test_an_authority_that_the_driver_cannot_take_is_refused() -> None:
    target = replace(TARGET, tls=Tls(mode=TlsMode.VERIFY_FULL, ca_pem="-----BEGIN"))

    with pytest.raises(Problem) as caught:
        string_of(MICROSOFT, target)

    assert caught.value.problem_code is Code.TLS_ERROR


def test_only_a_reader_says_that_it_is_one() -> None:
    reader = replace(TARGET, options={"application_intent": "READ_ONLY"})

    assert settings_of(MICROSOFT, reader)["ApplicationIntent"] == "{ReadOnly}"
    assert "ApplicationIntent" not in settings_of(MICROSOFT, TARGET)
