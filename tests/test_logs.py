"""Logging: one chain for everything, redacted, on stdout and into a bounded buffer."""

import errno
import io
import logging
from datetime import UTC, datetime

import pytest
import structlog

from tests.log_lines import Lines, lines
from whalefall import logs
from whalefall.logs import BUFFER, Buffer, Entry
from whalefall.settings import Settings, SettingsError

__all__ = ["lines"]


def test_an_event_is_one_line_of_json_and_one_entry(lines: Lines) -> None:
    with structlog.contextvars.bound_contextvars(request_id="r-1", actor="ada", instance_id=7):
        structlog.get_logger("whalefall.resolvers.capacity").info("capacity.collected", databases=3)

    (line,) = lines()
    assert line.pop("timestamp").endswith("+00:00")
    assert line == {
        "level": "info",
        "module": "capacity",
        "event": "capacity.collected",
        "request_id": "r-1",
        "actor": "ada",
        "instance_id": 7,
        "databases": 3,
    }
    (entry,) = BUFFER.take(10)
    assert (entry.request_id, entry.actor, entry.instance_id) == ("r-1", "ada", 7)
    assert entry.fields == {"databases": 3}


def test_the_standard_library_goes_the_same_way(lines: Lines) -> None:
    logging.getLogger("uvicorn.error").warning("password=%s", "c4nary")

    (line,) = lines()
    assert (line["module"], line["level"], line["event"]) == ("uvicorn", "warning", "password=***")
    assert len(BUFFER) == 1


def test_a_malformed_record_of_the_standard_library_harms_nobody(lines: Lines) -> None:
    record = logging.makeLogRecord({"name": "other", "msg": "%s %s", "args": ("one",)})

    logging.getLogger().handlers[0].handle(record)

    assert [line["event"] for line in lines()] == ["logs.record_malformed"]


def test_a_traceback_is_kept_without_its_secrets(lines: Lines) -> None:
    try:
        raise ValueError("postgresql://a:c4nary@db/x")
    except ValueError:
        structlog.get_logger("whalefall.web.pages").exception("page.failed")

    (line,) = lines()
    assert line["level"] == "error"
    assert "ValueError: postgresql://a:***@db/x" in line["exception"]
    assert "c4nary" not in str(BUFFER.take(10))


def test_line_ends_cannot_forge_an_entry(lines: Lines) -> None:
    structlog.get_logger("whalefall.web").info("a\nb", name='x\r\n{"event":"forged"}')

    (line,) = lines()
    assert line["event"] == "a\\nb"
    assert "\n" not in line["name"]


def test_debug_is_never_saved(capsys: pytest.CaptureFixture[str], lines: Lines) -> None:
    logs.configure(Settings(log_level="debug"))

    structlog.get_logger("whalefall.web").debug("page.rendered")

    assert [line["event"] for line in lines()] == ["page.rendered"]
    assert len(BUFFER) == 0


def test_quoting_loggers_stay_silent(lines: Lines) -> None:
    logging.getLogger("strawberry.execution").error("{ login(password: 'x') }")
    logging.getLogger("uvicorn.access").info("GET /x?token=y")
    logging.getLogger("sqlalchemy.engine.Engine").info("SELECT 1")

    assert lines() == []


def test_a_full_disk_does_not_stop_the_work(lines: Lines, monkeypatch: pytest.MonkeyPatch) -> None:
    class Full(io.StringIO):
        def write(self, text: str) -> int:
            raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr("sys.stdout", Full())

    structlog.get_logger("whalefall.web").info("page.rendered")

    assert [entry.event for entry in BUFFER.take(10)] == ["page.rendered"]


def test_an_unknown_level_is_refused_by_name() -> None:
    with pytest.raises(SettingsError, match="WHALEFALL_LOG_LEVEL"):
        logs.configure(Settings(log_level="LOUD"))


def test_a_full_buffer_counts_what_it_loses() -> None:
    buffer = Buffer(capacity=3)

    for number in range(5):
        buffer.put(_entry(number))

    assert [entry.event for entry in buffer.take(10)] == ["0", "1", "2"]
    assert buffer.lost == 2


def test_what_is_put_back_comes_first_again() -> None:
    buffer = Buffer(capacity=3)
    for number in range(3):
        buffer.put(_entry(number))
    taken = buffer.take(2)
    buffer.put(_entry(3))

    buffer.put_back(taken)

    assert [entry.event for entry in buffer.take(10)] == ["0", "2", "3"]
    assert buffer.lost == 1


def _entry(number: int) -> Entry:
    now = datetime.now(UTC)
    return Entry(now, "info", "web", str(number), None, None, None, None, {})
