"""Links that came from outside: where to go after signing in."""

from collections.abc import Set
from urllib.parse import urlsplit

MAX_LENGTH = 2000
SIGNING = frozenset({"/login", "/logout"})  # where nobody who signs in wants to go


def safe_next(text: str | None, default: str = "/", *, besides: Set[str] = SIGNING) -> str:
    """`text` if it is a path of this site and none of those `besides`, else `default`.

    Browsers read a backslash as a slash and drop tabs and line ends, so "/\\evil" and "/<TAB>/evil"
    would leave the site: anything but plain printable ASCII is refused.
    """
    if not text or len(text) > MAX_LENGTH or "\\" in text:
        return default
    if not text.startswith("/") or text.startswith("//"):
        return default
    if any(not "!" <= character <= "~" for character in text):
        return default
    try:
        parts = urlsplit(text)
    except ValueError:
        return default
    if parts.scheme or parts.netloc or parts.path.rstrip("/") in besides:
        return default
    return text


def path_and_query(url: str) -> tuple[str, str]:
    """Both of an address that a browser tells; empty for what is none."""
    try:
        parts = urlsplit(url)
    except ValueError:
        return "", ""
    return parts.path, parts.query
