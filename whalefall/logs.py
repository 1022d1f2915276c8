"""Logging: JSON lines on stdout and a bounded buffer from which resolvers/logs.py saves them.

Everything passes one chain, the standard library's loggers too, and is redacted before any sink.
"""

import contextlib
import logging
import sys
import threading
import traceback
from collections import deque
from collections.abc import Iterable, MutableMapping
from dataclasses import dataclass
from datetime import UTC, datetime
from types import TracebackType
from typing import Any

import orjson
import structlog
from structlog.typing import FilteringBoundLogger

from whalefall.domain.redaction import HIDDEN, line, redact_mapping, trace
from whalefall.settings import Settings, SettingsError

CAPACITY = 10_000
SAVED_FROM = logging.INFO  # debug never reaches the database
QUIET = {
    "uvicorn.access": logging.WARNING,  # its lines carry query strings; the edge has its own
    "uvicorn.websockets": logging.WARNING,  # likewise
    "strawberry.execution": logging.CRITICAL + 1,  # quotes the document, with literals in it
    "sqlalchemy.engine": logging.WARNING,
    "asyncio": logging.WARNING,
}
Fields = MutableMapping[str, Any]


@dataclass(frozen=True)
class Entry:
    """One entry of the unified log, redacted."""

    logged_at: datetime
    level: str
    module: str
    event: str
    request_id: str | None
    actor: str | None
    sync_session_id: int | None
    instance_id: int | None
    fields: dict[str, Any]


class Buffer:
    """Entries that wait to be saved. When full, the newest are counted as lost, not kept."""

    def __init__(self, capacity: int = CAPACITY) -> None:
        self._capacity = capacity
        self._entries: deque[Entry] = deque()
        self._lock = threading.Lock()
        self.lost = 0

    def __len__(self) -> int:
        return len(self._entries)

    def put(self, entry: Entry) -> None:
        with self._lock:
            if len(self._entries) < self._capacity:
                self._entries.append(entry)
            else:
                self.lost += 1

    def take(self, limit: int) -> list[Entry]:
        with self._lock:
            return [self._entries.popleft() for _ in range(min(limit, len(self._entries)))]

    def put_back(self, entries: list[Entry]) -> None:
        """Return what could not be saved now to the front."""
        with self._lock:
            room = self._capacity - len(self._entries)
            self.lost += max(0, len(entries) - room)
            self._entries.extendleft(reversed(entries[:room]))

    def lose(self, count: int) -> None:
        with self._lock:
            self.lost += count


BUFFER = Buffer()


def configure(settings: Settings) -> None:
    """Send structlog and the standard library's logging through our chain."""
    level = logging.getLevelNamesMapping().get(settings.log_level.upper())
    if level is None:
        raise SettingsError("WHALEFALL_LOG_LEVEL must be DEBUG, INFO, WARNING or ERROR")
    structlog.configure(
        processors=[structlog.contextvars.merge_contextvars, write],
        wrapper_class=structlog.make_filtering_bound_logger(level),
        logger_factory=_Named,
        cache_logger_on_first_use=False,
    )
    root = logging.getLogger()
    root.handlers[:] = [_StandardHandler()]
    root.setLevel(level)
    for name, least in QUIET.items():
        logging.getLogger(name).setLevel(max(level, least))


def write(logger: Any, method: str, fields: Fields) -> Any:
    """The last processor: redact once, then stdout and the buffer."""
    level = "error" if method == "exception" else method
    entry = _entry(getattr(logger, "name", ""), level, dict(fields))
    _print(entry)
    if logging.getLevelNamesMapping()[level.upper()] >= SAVED_FROM:
        BUFFER.put(entry)
    raise structlog.DropEvent


class _Named:
    """What structlog calls a logger: here only a name, since `write` has done the writing."""

    def __init__(self, name: str = "") -> None:
        self.name = name

    def msg(self, **_fields: object) -> None: ...

    debug = info = warning = error = critical = exception = msg


class _StandardHandler(logging.Handler):
    """Turns a record of the standard library into one of our entries."""

    def emit(self, record: logging.LogRecord) -> None:
        logger: FilteringBoundLogger = structlog.get_logger(record.name)
        try:
            level = max(logging.DEBUG, min(logging.CRITICAL, record.levelno // 10 * 10))
            logger.log(level, record.getMessage(), exc_info=record.exc_info)
        except Exception:  # a record whose arguments do not fit its format must not harm anybody
            logger.warning("logs.record_malformed", line=record.lineno, file=record.filename)


def _entry(name: str, level: str, fields: dict[str, Any]) -> Entry:
    event, error = fields.pop("event", ""), fields.pop("exc_info", None)
    hidden = fields.pop("hidden", ())
    request_id, actor = _text(fields, "request_id"), _text(fields, "actor")
    session_id, instance_id = _id(fields, "sync_session_id"), _id(fields, "instance_id")
    shown = redact_mapping(fields)
    if error:
        shown["exception"] = trace(_without(hidden, _traceback(error)))
    return Entry(
        logged_at=datetime.now(UTC),
        level=level,
        module=_module(name),
        event=line(str(event)),
        request_id=request_id,
        actor=actor,
        sync_session_id=session_id,
        instance_id=instance_id,
        fields=shown,
    )


def _module(name: str) -> str:
    """`whalefall.resolvers.capacity` is the noun, capacity; others' loggers are their package."""
    parts = name.split(".")
    return (parts[-1] if parts[0] == "whalefall" else parts[0]) or "app"


def _text(fields: Fields, key: str) -> str | None:
    value = fields.pop(key, None)
    return None if value is None else line(str(value))


def _id(fields: Fields, key: str) -> int | None:
    """A column of its own when it is an id; anything else stays among the fields."""
    value = fields.get(key)
    return int(fields.pop(key)) if isinstance(value, int) and 0 < value < 2**63 else None


def _traceback(error: object) -> str:
    """The text of a traceback, without local variables."""
    if isinstance(error, BaseException):
        error = (type(error), error, error.__traceback__)
    kind, value, where = error if isinstance(error, tuple) else sys.exc_info()
    assert where is None or isinstance(where, TracebackType)  # noqa: S101 (for mypy)
    return "".join(traceback.format_exception(kind, value, where))


def _without(hidden: Iterable[str], text: str) -> str:
    """The text without what its logger knows to be somebody's own words."""
    for words in hidden:
        text = text.replace(words, HIDDEN).replace(repr(words)[1:-1], HIDDEN)
    return text


def _print(entry: Entry) -> None:
    """One line of JSON. A full disk or a closed pipe must not stop anybody's work."""
    shown = {
        "timestamp": entry.logged_at,
        "level": entry.level,
        "module": entry.module,
        "event": entry.event,
        "request_id": entry.request_id,
        "actor": entry.actor,
        "sync_session_id": entry.sync_session_id,
        "instance_id": entry.instance_id,
    }
    kept = {key: value for key, value in shown.items() if value is not None}
    with contextlib.suppress(OSError, ValueError):
        sys.stdout.write(orjson.dumps({**entry.fields, **kept}).decode() + "\n")
        sys.stdout.flush()
