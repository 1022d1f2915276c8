"""`python -m whalefall` with a clock that stands wrong by as many seconds as a file says.

What Python asks for the time is moved; the monotonic clock and PostgreSQL's are not, as when
somebody sets a machine's clock. (libfaketime would move more, but holds the broker's threads up.)
"""

import os
import sys
import time
from datetime import datetime, tzinfo
from pathlib import Path
from types import ModuleType

from whalefall.__main__ import main

FILE = "WHALEFALL_CLOCK"
_right = time.time


def wrong() -> float:
    """Seconds since 1970, as this process sees it."""
    return _right() + float(Path(os.environ[FILE]).read_text())


class WrongClock(datetime):
    @classmethod
    def now(cls, tz: tzinfo | None = None) -> datetime:  # type: ignore[override]
        return datetime.fromtimestamp(wrong(), tz)


def set_wrong(modules: list[ModuleType]) -> int:
    """Give all modules that have one the wrong clock; how many had."""
    having = [module for module in modules if getattr(module, "datetime", None) is datetime]
    for module in having:
        module.datetime = WrongClock  # type: ignore[attr-defined]
    time.time = wrong
    return len(having)


if __name__ == "__main__":
    ours = [module for name, module in sys.modules.items() if name.startswith("whalefall")]
    assert set_wrong(ours)
    sys.exit(main())
