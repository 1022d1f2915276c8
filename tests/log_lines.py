"""Logging as the product has it, for tests that read what was written."""

import json
import logging
from collections.abc import Callable, Iterator
from typing import Any

import pytest
import structlog

from whalefall import logs
from whalefall.logs import BUFFER
from whalefall.settings import Settings

Lines = Callable[[], list[dict[str, Any]]]


@pytest.fixture
def lines(capsys: pytest.CaptureFixture[str]) -> Iterator[Lines]:
    """Logging as the product has it; the lines written so far. Afterwards all is as it was."""
    root = logging.getLogger()
    handlers, level = list(root.handlers), root.level
    levels = {name: logging.getLogger(name).level for name in logs.QUIET}
    BUFFER.take(logs.CAPACITY)
    logs.configure(Settings())
    logging.getLogger("httpx2").setLevel(logging.WARNING)  # the tests' own client
    yield lambda: [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    root.handlers[:], root.level = handlers, level
    for name, old in levels.items():
        logging.getLogger(name).setLevel(old)
    structlog.reset_defaults()
    BUFFER.take(logs.CAPACITY)
