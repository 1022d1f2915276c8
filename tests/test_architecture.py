"""House rules that only a tool keeps: length, engines in their place, rights everywhere."""

import ast
import importlib
import inspect
import pkgutil
from collections.abc import Callable, Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import dramatiq
import pytest
from dramatiq.brokers.stub import StubBroker

import whalefall.schema
import whalefall.web
from whalefall.domain.engines import ENGINES
from whalefall.errors import CATALOGUE, Code
from whalefall.resolvers.sessions import JOBS

ROOT = Path(__file__).parent.parent
PACKAGE = ROOT / "whalefall"
MODULES = sorted(PACKAGE.rglob("*.py"))
SHARED = ("whalefall.resolvers.nouns.", "whalefall.resolvers.graph.")  # below the operations
RIGHTLESS = {  # operation -> why nobody's right is checked in it
    "sign_in": "is how one gets rights",
    "issue_tokens": "belongs to a sign-in",
    "refresh_access_token": "is allowed by the token",
    "is_ready": "tells no details",
    "count_live_records": "is behind the token of /metrics",
    "wait_for_session": "tells only that it is over",
}
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


def test_doors_call_only_operations_that_ask_for_the_actor() -> None:
    called = set(_operations(whalefall.web)) | set(_operations(whalefall.schema))

    assert len(called) > 100
    careless = {each.__name__ for each in called if "actor" not in _parameters(each)[:2]}
    assert careless == RIGHTLESS.keys()


def test_every_code_has_a_meaning() -> None:
    assert set(CATALOGUE) == set(Code)


def _operations(door: ModuleType) -> Iterator[Callable[..., Any]]:
    """The asynchronous functions of the nouns' operations that a door's modules name."""
    for found in pkgutil.walk_packages(door.__path__, f"{door.__name__}."):
        for named in vars(importlib.import_module(found.name)).values():
            if inspect.iscoroutinefunction(named) or inspect.isasyncgenfunction(named):
                home = named.__module__
                if home.startswith("whalefall.resolvers.") and not home.startswith(SHARED):
                    yield named


def _parameters(operation: Callable[..., Any]) -> list[str]:
    return list(inspect.signature(operation).parameters)


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
