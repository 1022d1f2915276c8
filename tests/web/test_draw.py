"""Charts as pages print them: marks for the eye, a table that says the same, no inline style."""

from datetime import date, timedelta

import pytest
from lxml import html

from whalefall.web.html import environment
from whalefall.web.languages import LANGUAGES

DAY = date(2026, 7, 1)
MIB = 1024**2


def days(*values: float | None) -> list[tuple[date, float | None]]:
    return [(DAY + timedelta(days=index), value) for index, value in enumerate(values)]


def drawn(source: str, **values: object) -> html.HtmlElement:
    template = environment(LANGUAGES["en"]).from_string("{{ " + source + " }}")
    return html.fragment_fromstring(template.render(**values), create_parent=True)


def words(found: html.HtmlElement, selector: str) -> list[str]:
    return [" ".join(each.text_content().split()) for each in found.cssselect(selector)]


@pytest.mark.parametrize(
    "source",
    [
        "draw.trend(readings, 'Size')",
        "draw.lines([('a', readings), ('b', readings)], 'Sizes')",
        "draw.stack([('Data', 3, '3 B'), ('Log', 1, '1 B')], 'Parts')",
    ],
)
def test_a_chart_has_no_inline_style_and_says_what_it_shows(source: str) -> None:
    found = drawn(source, readings=days(5 * MIB, None, 7 * MIB, 9 * MIB))

    assert not found.cssselect("[style]")
    for svg in found.xpath("./svg"):
        assert svg.get("aria-label") or svg.get("aria-hidden")


def test_the_table_of_a_line_shows_its_gaps_newest_first() -> None:
    found = drawn("draw.trend(readings, 'Size')", readings=days(5 * MIB, None, 7 * MIB))

    assert words(found, "tbody td") == ["7.00 MiB", "— No whole reading", "5.00 MiB"]
    assert found.cssselect(".chart__line")[0].get("d").count("M") == 2


def test_the_pointer_finds_each_reading_of_a_line_in_its_table() -> None:
    found = drawn("draw.trend(readings, 'Size')", readings=days(5 * MIB, None, 7 * MIB))

    assert [row.get("data-x") for row in found.cssselect("tbody tr")] == ["100.0", "50.0", "0.0"]
    assert len(found.cssselect("tbody td[data-y]")) == 2
    assert found.cssselect("[data-hover] + details")


def test_lines_are_named_at_their_ends_while_there_are_few() -> None:
    readings = days(1, 2)
    few = drawn("draw.lines(series, 'x')", series=[(name, readings) for name in "abc"])
    many = drawn("draw.lines(series, 'x')", series=[(name, readings) for name in "abcdefghij"])

    assert words(few, ".chart__name") == ["a", "b", "c"]
    assert words(many, ".chart__name") == []
    assert words(many, "thead th") == ["Day", *"abcdefghij"]
    assert len(many.cssselect("path.series-8")) == 3


def test_a_line_of_one_day_is_told_instead_of_drawn() -> None:
    assert "Not enough readings" in drawn("draw.trend(r, 'x')", r=days(5)).text_content()
