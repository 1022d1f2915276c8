"""Browsers in words."""

import pytest

from whalefall.domain.browsers import browser_of

WINDOWS = "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko)"
IPHONE = "Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) AppleWebKit/605.1.15"


@pytest.mark.parametrize(
    ("user_agent", "words"),
    [
        (
            "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0",
            "Firefox on Linux",
        ),
        (f"{WINDOWS} Chrome/138.0.0.0 Safari/537.36", "Chrome on Windows"),
        (f"{WINDOWS} Chrome/138.0.0.0 Safari/537.36 Edg/138.0.0.0", "Edge on Windows"),
        (f"{IPHONE} (KHTML, like Gecko) Version/18.0 Mobile/15E148 Safari/604.1", "Safari on iOS"),
        (
            "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 Safari/605.1",
            "Safari on macOS",
        ),
        ("Mozilla/5.0 (Linux; Android 15) AppleWebKit/537.36 Chrome/138.0", "Chrome on Android"),
        ("Mozilla/5.0 (Plan 9) Firefox/1.0", "Firefox"),
        ("curl/8.5.0", "curl/8.5.0"),
        ("Firefox/140 without the rest", "Firefox/140 without the rest"),
        ("x" * 300, "x" * 60 + "…"),
        ("", "None"),
        (None, "None"),
    ],
)
def test_a_browser_is_named_as_people_know_it(user_agent: str | None, words: str) -> None:
    assert str(browser_of(user_agent)) == words
