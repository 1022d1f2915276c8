"""A folder, the engine in both registries, and a customer whose folder it is."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.faults.conftest import lines, logged, ports, scene
from tests.kit.adapter import SQLiteAdapter, registered
from tests.kit.customer import SQLiteCustomer
from tests.kit.server import SQLiteServer

__all__ = ["lines", "logged", "ports", "scene"]


@pytest.fixture
def adapter() -> Iterator[SQLiteAdapter]:
    with registered() as adapter:
        yield adapter


@pytest.fixture
def server(adapter: SQLiteAdapter, tmp_path: Path) -> SQLiteServer:
    folder = tmp_path / "customer"
    folder.mkdir()
    return SQLiteServer(folder, adapter)


@pytest.fixture
def customer(server: SQLiteServer) -> SQLiteCustomer:
    return SQLiteCustomer(server)
