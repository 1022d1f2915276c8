"""Browsers and programs by the name that they give themselves: enough to tell one's own apart."""

from typing import NamedTuple

SHOWN = 60  # characters of a name that we do not know

# The first that fits is taken: browsers also name those that they want to be mistaken for.
BROWSERS = (
    ("Edg", "Edge"),
    ("OPR/", "Opera"),
    ("Firefox/", "Firefox"),
    ("FxiOS/", "Firefox"),
    ("CriOS/", "Chrome"),
    ("Chrome/", "Chrome"),
    ("Chromium/", "Chrome"),
    ("Safari/", "Safari"),
)
SYSTEMS = (
    ("Android", "Android"),
    ("iPhone", "iOS"),
    ("iPad", "iPadOS"),
    ("Windows", "Windows"),
    ("Mac OS X", "macOS"),
    ("CrOS", "ChromeOS"),
    ("Linux", "Linux"),
)


class Browser(NamedTuple):
    """What was signed in with. The system is none when it is not told or not known."""

    name: str
    system: str | None = None

    def __str__(self) -> str:
        return self.name if self.system is None else f"{self.name} on {self.system}"


def browser_of(user_agent: str | None) -> Browser | None:
    """What a User-Agent header says; of what is no browser, its own words, shortened."""
    if not user_agent:
        return None
    name = _first(BROWSERS, user_agent) if user_agent.startswith("Mozilla/") else None
    if name is None:
        short = user_agent[:SHOWN].rstrip()
        return Browser(short if short == user_agent else f"{short}…")
    return Browser(name, _first(SYSTEMS, user_agent))


def _first(known: tuple[tuple[str, str], ...], text: str) -> str | None:
    return next((name for sign, name in known if sign in text), None)
