"""What is found in the logs of processes."""

from pathlib import Path

from tests.scale.logs import read_logs

LINES = """
{"event": "table_sizes.collected", "level": "info"}
{"event": "record.failed", "level": "warning"}
{"event": "record.failed", "level": "warning"}
{"event": "request.failed", "level": "error"}
Traceback (most recent call last):
{"not": "an entry"}
"""


def test_errors_and_foreign_lines_are_told_and_warnings_counted(tmp_path: Path) -> None:
    (tmp_path / "web.log").write_text(LINES)
    (tmp_path / "worker.log").write_text("")

    written = read_logs([tmp_path / "web.log", tmp_path / "worker.log"])

    assert written.errors == [
        'web: {"event": "request.failed", "level": "error"}',
        "web: Traceback (most recent call last):",
        'web: {"not": "an entry"}',
    ]
    assert written.warnings == {"web: record.failed": 2}
