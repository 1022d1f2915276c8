"""Values that arrive later: what shapes a plan stays in it, everything else becomes a parameter."""

from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from typing import Any

import pytest
from sqlalchemy import BindParameter, column, select

from tests.factories import ADA, VERA
from whalefall.resolvers.graph.placeholders import Placeholders, shape_of
from whalefall.resolvers.graph.selection import Run


class Colour(StrEnum):
    RED = "RED"


@dataclass(kw_only=True)
class Filter:
    search: str | None = None
    since: date | None = None
    ids: list[int] | None = None
    colours: list[Colour] | None = None
    colour: Colour | None = None
    active: bool = True


FULL = Filter(search="a", since=date(2026, 1, 2), ids=[1], colours=[Colour.RED], colour=Colour.RED)


def test_values_become_parameters_and_what_shapes_the_plan_stays() -> None:
    filled = Placeholders().fill(FULL, Filter, lambda run: run.arguments[0])

    for name in ("search", "since", "ids", "colours"):
        assert isinstance(getattr(filled, name), BindParameter), name
    assert (filled.colour, filled.active) == (Colour.RED, True)


def test_what_is_null_stays_null() -> None:
    filled = Placeholders().fill(Filter(), Filter, lambda run: run.arguments[0])

    assert filled == Filter()


def test_a_statement_reads_its_values_from_the_run() -> None:
    later = Placeholders()
    filled = later.fill(FULL, Filter, lambda run: run.arguments[0])
    names: Any = column("name")

    prepared = later.prepare(select(names).where(names == filled.search, names != "fixed"))

    for search in ("x", "'; drop table users; --"):
        run = Run(ADA, [Filter(search=search)])
        assert prepared.statement(run) == (prepared.sql, [search, "fixed"])
    assert "drop" not in prepared.sql


@pytest.mark.parametrize(
    ("other", "is_same"),
    [
        (Filter(search="b", since=date(2020, 1, 1), ids=[], colours=[], colour=Colour.RED), True),
        (Filter(search=None, since=date(2020, 1, 1), ids=[], colours=[], colour=Colour.RED), False),
        (Filter(search="b", since=date(2020, 1, 1), ids=[], colours=[]), False),
    ],
)
def test_a_shape_tells_plans_apart(other: Filter, is_same: bool) -> None:
    assert (shape_of(other) == shape_of(FULL)) is is_same


def test_actors_with_other_rights_have_another_shape() -> None:
    assert shape_of(ADA) != shape_of(VERA)
