"""From query strings to filters."""

import pytest
from starlette.datastructures import QueryParams

from whalefall.domain.paging import Direction, OrderBy
from whalefall.domain.states import Freshness
from whalefall.errors import BadInput
from whalefall.resolvers.databases import DatabaseOrderField
from whalefall.web import forms
from whalefall.web.databases import ledger_filter
from whalefall.web.lists import SIZES


def test_the_whole_query_string_becomes_the_ledgers_filter() -> None:
    query = "search=+shop+&engine=mysql&db_type=oracle&tags=prod,pci&tags=eu&freshness=late"

    found = ledger_filter(QueryParams(query + "&instance_id=7&min_size=10+GiB"))

    assert found.search == "shop"
    assert found.engines == ["MYSQL", "ORACLE"]
    assert found.tags == ["prod", "pci", "eu"]
    assert found.freshness is Freshness.LATE
    assert found.instance_id == 7
    assert found.min_size_bytes == 10 * 2**30


def test_blank_parameters_do_not_narrow() -> None:
    found = ledger_filter(QueryParams("search=&engine=&tags=&freshness=&min_size="))

    assert found == ledger_filter(QueryParams(""))


@pytest.mark.parametrize(
    "query",
    [
        "engine=db2",
        "freshness=old",
        "instance_id=one",
        "instance_id=-1",
        "instance_id=1e3",
        "min_size=10 apples",
        "min_size=999999999999999999p",
        "search=%00",
        "tags=a%00b",
    ],
)
def test_nonsense_is_refused_by_its_name(query: str) -> None:
    with pytest.raises(BadInput) as caught:
        ledger_filter(QueryParams(query))

    assert caught.value.field == (query.partition("=")[0],)


@pytest.mark.parametrize(
    ("text", "size_bytes"),
    [("0", 0), ("1048576", 2**20), ("1k", 1024), ("1.5 TiB", 3 * 2**39), ("2gb", 2**31)],
)
def test_sizes_are_read_with_or_without_a_unit(text: str, size_bytes: int) -> None:
    assert forms.size(QueryParams({"min_size": text}), "min_size") == size_bytes


def test_a_minus_sorts_downwards() -> None:
    order = forms.order(QueryParams("order=-size"), DatabaseOrderField)

    assert order == OrderBy(DatabaseOrderField.SIZE, Direction.DESC)


def test_an_unknown_order_is_refused() -> None:
    with pytest.raises(BadInput):
        forms.order(QueryParams("order=colour"), DatabaseOrderField)


def test_only_offered_page_sizes_are_taken() -> None:
    assert forms.page_request(QueryParams("size=100"), SIZES).first == 100
    assert forms.page_request(QueryParams("size=100000"), SIZES).first == SIZES[0]


def test_before_asks_for_the_last_rows_ahead_of_a_cursor() -> None:
    page = forms.page_request(QueryParams("before=abc&after=def"), SIZES)

    assert (page.last, page.before, page.after) == (SIZES[0], "abc", None)
