"""What must never be written down: secrets by the name of their field and by how they look."""

import re
from collections.abc import Mapping
from dataclasses import asdict, is_dataclass
from datetime import date, datetime
from enum import Enum
from typing import Any

HIDDEN = "***"
LONGEST = 8_000  # characters of one text
DEEPEST = 6
WIDEST = 200  # elements of one list or mapping

_SECRET_KEY = re.compile(
    r"passw|pwd|passphrase|secret|token|authori[sz]ation|cookie|csrf|dsn|ciphertext|digest"
    r"|api[_-]?key|private[_-]?key|database_url|redis_url|credential_key",
    re.IGNORECASE,
)
_HARMLESS_KEY = re.compile(r"_(id|ids|at|count|name)$")
_WORDS = r"password|passwd|pwd|passphrase|secret|token|api[_-]?key|whalefall_session"
_VALUES: tuple[tuple[re.Pattern[str], str], ...] = (
    (re.compile(r"(://[^\s:/@]{0,256}):\S{1,512}@"), rf"\1:{HIDDEN}@"),
    (re.compile(r"\b(bearer)\s+[\w.~+/=-]{8,}", re.IGNORECASE), rf"\1 {HIDDEN}"),
    (re.compile(r"\b(authorization\W{1,4}basic)\s+\S+", re.IGNORECASE), rf"\1 {HIDDEN}"),
    (re.compile(r"\b(wfr?_)[\w-]{8,}"), rf"\1{HIDDEN}"),
    (re.compile(r"\beyJ[\w-]{8,}(\.[\w-]*){0,2}"), HIDDEN),  # whole, or cut off
    (re.compile(r"\$argon2\w*\$\S+"), HIDDEN),
    (re.compile(r"-----BEGIN [A-Z ]*PRIVATE KEY-----.*?(-----END|\Z)", re.DOTALL), HIDDEN),
    (re.compile(r"\b(identified\s+by|password)\s+('[^']*'|\"[^\"]*\")", re.I), rf"\1 {HIDDEN}"),
    (
        re.compile(
            rf"((?:{_WORDS})[\"']?\s*[=:]\s*)('[^']*'|\"[^\"]*\"|{{[^}}]*}}|[^\s,;&)]+)", re.I
        ),
        rf"\1{HIDDEN}",
    ),
    # Driver texts that quote the statement, its parameters or a whole row.
    (re.compile(r"\[(SQL|parameters): .*?\](?=\s*(\n|\Z))", re.DOTALL), rf"[\1: {HIDDEN}]"),
    (re.compile(r"\bDETAIL:[^\n]*"), f"DETAIL:  {HIDDEN}"),
)
_CONTROL = {code: f"\\x{code:02x}" for code in (*range(32), *range(127, 160))}
_CONTROL |= {ord("\n"): "\\n", ord("\r"): "\\r", ord("\t"): "\\t", 0x2028: "\\u2028"}
_CONTROL |= {0x2029: "\\u2029"}
_TRACE_CONTROL = {code: text for code, text in _CONTROL.items() if chr(code) not in "\n\t"}


def redact(key: str, value: Any, depth: int = 0) -> Any:
    """The value as it may be written: JSON's types only, secrets hidden, control signs escaped."""
    if value is None or isinstance(value, bool):
        return value
    if _is_secret(key):
        return HIDDEN
    if isinstance(value, Enum):
        value = value.value
    if isinstance(value, float):
        return value if value - value == 0 else str(value)  # JSON has neither NaN nor infinity
    if isinstance(value, int):
        return value if abs(value) < 2**63 else str(value)
    if isinstance(value, (date, datetime)):
        return value.isoformat()
    if isinstance(value, (bytes, bytearray, memoryview)):
        return f"<{len(value)} bytes>"
    if is_dataclass(value) and not isinstance(value, type):
        value = asdict(value)
    if isinstance(value, (Mapping, list, tuple, set, frozenset)):
        return _container(key, value, depth)
    return line(value if isinstance(value, str) else str(value))


def redact_mapping(fields: Mapping[str, Any], depth: int = 0) -> dict[str, Any]:
    return {line(str(key)): redact(str(key), fields[key], depth) for key in list(fields)[:WIDEST]}


def line(text: str) -> str:
    """A text on one line: nobody can forge a second entry."""
    return hide(text).translate(_CONTROL)


def trace(text: str) -> str:
    """A traceback, which keeps its line ends."""
    return hide(text).translate(_TRACE_CONTROL)


def hide(text: str) -> str:
    """Replace what looks like a secret, cut what is too long, repair what is no Unicode."""
    if len(text) > LONGEST:
        text = f"{text[: LONGEST // 2]} … {text[-LONGEST // 2 :]}"
    for pattern, replacement in _VALUES:
        text = pattern.sub(replacement, text)
    return text.encode("utf-8", "backslashreplace").decode()


def _is_secret(key: str) -> bool:
    return bool(_SECRET_KEY.search(key)) and not _HARMLESS_KEY.search(key)


def _container(key: str, value: Any, depth: int) -> Any:
    if depth >= DEEPEST:
        return "…"
    if isinstance(value, Mapping):
        return redact_mapping(value, depth + 1)
    return [redact(key, each, depth + 1) for each in list(value)[:WIDEST]]
