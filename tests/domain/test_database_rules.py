"""Which databases are read: patterns as in SQL's LIKE."""

import time

import pytest

from whalefall.domain.checks import patterns
from whalefall.domain.database_rules import DatabaseRules
from whalefall.errors import BadInput


@pytest.mark.parametrize(
    ("include", "exclude", "name", "is_excluded"),
    [
        ([], [], "shop", False),
        ([], [r"pg\_%"], "pgbench", False),
        ([], [r"pg\_%"], "pg_temp_x", True),
        ([], ["pg_%"], "pgbench", True),
        ([], ["TMP%"], "tmp1", True),
        ([], ["tmp"], "tmp1", False),
        (["shop%"], [], "shop_eu", False),
        (["shop%"], [], "crm", True),
        (["shop%"], ["%test"], "shop_test", True),
        (["shop", "crm"], [], "crm", False),
        ([], ["a*"], "abc", False),
        ([], ["a*"], "a*", True),
        ([], ["[ab]?"], "a1", False),
        ([], ["[ab]?"], "[ab]?", True),
        ([], [r"\\%"], r"\x", True),
        ([], ["订单%"], "订单_2026", True),
        ([], ["a%b"], "a\nb", True),
    ],
)
def test_rules(include: list[str], exclude: list[str], name: str, is_excluded: bool) -> None:
    assert DatabaseRules(include, exclude).excludes(name) is is_excluded


def test_no_pattern_takes_long() -> None:
    rules = DatabaseRules(exclude=["%a" * 60 + "b"])
    began = time.process_time()

    assert not rules.excludes("a" * 128)

    assert time.process_time() - began < 0.05


def test_what_is_entered_is_trimmed_and_kept_once() -> None:
    assert patterns("field", [" tmp% ", "", "tmp%", "x"]) == ["tmp%", "x"]
    assert patterns("field", None) == []


@pytest.mark.parametrize("wrong", [["x\\"], ["a" * 129], ["a\tb"], [str(n) for n in range(51)]])
def test_what_is_no_rule_is_refused(wrong: list[str]) -> None:
    with pytest.raises(BadInput) as caught:
        patterns("exclude_databases", wrong)

    assert caught.value.field == ("exclude_databases",)
