"""House rules that only a tool keeps: length, engines in their place, rights everywhere."""

import ast
from collections.abc import Iterator
from pathlib import Path

import dramatiq
import pytest
from dramatiq.brokers.stub import StubBroker

from whalefall.domain.engines import ENGINES
from whalefall.errors import CATALOGUE, Code
from whalefall.resolvers.sessions import JOBS

ROOT = Path(__file__).parent.parent
PACKAGE = ROOT / "whalefall"
MODULES = sorted(PACKAGE.rglob("*.py"))
KNOWS_ENGINES = (PACKAGE / "adapters", PACKAGE / "domain" / "engines.py", PACKAGE / "demo")


@pytest.mark.parametrize("path", MODULES, ids=lambda path: str(path.relative_to(ROOT)))
def test_no_module_is_longer_than_300_lines(path: Path) -> None:
    assert len(path.read_text().splitlines()) <= 300


@pytest.mark.parametrize("path", MODULES, ids=lambda path: str(path.relative_to(ROOT)))
def test_engines_are_told_apart_only_in_adapters_and_the_registry(path: Path) -> None:
    if any(path.is_relative_to(place) for place in KNOWS_ENGINES):
        return

    named = [value for value in _strings(path) if value in ENGINES]

    assert named == []


def test_every_module_says_what_lives_in_it() -> None:
    silent = [
        str(path.relative_to(ROOT))
        for path in MODULES
        if path.read_text().strip() and not ast.get_docstring(ast.parse(path.read_text()))
    ]

    assert silent == []


def test_every_enqueued_name_is_an_actor() -> None:
    broker = StubBroker()
    dramatiq.set_broker(broker)
    import whalefall.jobs.collection  # noqa: F401, PLC0415 (its actors need the broker)

    named = {name for path in MODULES for name in _enqueued(path)} | set(JOBS.values())

    assert named <= broker.get_declared_actors()


def test_every_code_has_a_meaning() -> None:
    assert set(CATALOGUE) == set(Code)


def _strings(path: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            yield node.value


def _enqueued(path: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Call) and getattr(node.func, "id", "") == "enqueue":
            name = node.args[1]
            if isinstance(name, ast.Constant):
                yield str(name.value)
