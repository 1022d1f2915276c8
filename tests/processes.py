"""Programs in processes of their own, for tests that kill them for real."""

import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path


def python(program: str, state: Path) -> subprocess.Popen[str]:
    """A program in a process of its own, with pipes to all its ends."""
    pipe = subprocess.PIPE
    command = [sys.executable, "-c", program, str(state)]
    return subprocess.Popen(command, stdin=pipe, stdout=pipe, stderr=pipe, text=True)


def line(process: subprocess.Popen[str]) -> str:
    assert process.stdout
    return process.stdout.readline()


def read_until(process: subprocess.Popen[str], word: str) -> str:
    """The next line with a word in it; fails at the end of the output."""
    assert process.stdout
    return next(text for text in process.stdout if word in text)


def eventually(holds: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 20
    while not holds():
        assert time.monotonic() < deadline
        time.sleep(0.02)
