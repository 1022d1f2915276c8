"""Where to go after signing in: our own paths and nowhere else."""

import pytest

from whalefall.domain.links import path_and_query, safe_next


@pytest.mark.parametrize(
    "text", ["/", "/databases/ledgers?search=a%20b&tags=x", "/instances/7#top"]
)
def test_a_path_of_ours_is_kept(text: str) -> None:
    assert safe_next(text) == text


@pytest.mark.parametrize(
    "text",
    [
        None,
        "",
        "instances",
        "//evil.example",
        "///evil.example",
        "/\\evil.example",
        "\\\\evil.example",
        "/\t/evil.example",
        "/\n/evil.example",
        " /instances",
        "https://evil.example/",
        "javascript:alert(1)",
        "/a\r\nSet-Cookie: x=y",
        "/ä",
        "/login",
        "/login/?next=/login",
        "/logout",
        "/" + "a" * 2000,
    ],
)
def test_anything_else_leads_home(text: str | None) -> None:
    assert safe_next(text) == "/"


@pytest.mark.parametrize(
    ("url", "parts"),
    [("https://here.example/a?b=c#d", ("/a", "b=c")), ("http://[", ("", "")), ("", ("", ""))],
)
def test_an_address_is_taken_apart_or_is_none(url: str, parts: tuple[str, str]) -> None:
    assert path_and_query(url) == parts
