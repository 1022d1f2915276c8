"""Probes: alive, ready, and numbers for who brings the token."""

import time

import httpx2
import pytest
from sqlalchemy import text

from tests.edge.conftest import Site
from whalefall import logs
from whalefall.db import Database
from whalefall.resolvers import health
from whalefall.settings import Settings


@pytest.fixture(autouse=True)
def forgotten(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing is known from an earlier test."""
    health._known.clear()


async def test_a_running_process_is_alive(http: httpx2.AsyncClient) -> None:
    assert (await http.get("/livez")).status_code == 200


async def test_with_database_migrations_and_broker_it_is_ready(http: httpx2.AsyncClient) -> None:
    answer = await http.get("/readyz")

    assert (answer.status_code, answer.text) == (200, "ready\n")


async def test_an_old_schema_is_not_ready_and_asked_again_after_two_seconds(
    site: Site, http: httpx2.AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    now = 1000.0
    monkeypatch.setattr(time, "monotonic", lambda: now)
    assert (await http.get("/readyz")).status_code == 200

    async with site.db.write() as session:
        old = (await session.execute(text("SELECT version_num FROM alembic_version"))).scalar_one()
        await session.execute(text("UPDATE alembic_version SET version_num = '0001'"))
    try:
        now += 1.9
        assert (await http.get("/readyz")).status_code == 200
        now += 0.2
        answer = await http.get("/readyz")
    finally:
        async with site.db.write() as session:
            back = text("UPDATE alembic_version SET version_num = :old")
            await session.execute(back, {"old": old})

    assert (answer.status_code, answer.text) == (503, "not ready\n")


@pytest.mark.parametrize("url", ["redis://127.0.0.1:1/0", "redis://:wrong@127.0.0.1:1/0"])
async def test_without_its_broker_it_is_not_ready(
    settings: Settings, db: Database, monkeypatch: pytest.MonkeyPatch, url: str
) -> None:
    monkeypatch.setattr(db, "settings", Settings(redis_url=url))

    assert not await health.is_ready(db)


async def test_without_its_database_it_is_not_ready(settings: Settings) -> None:
    away = "postgresql://whalefall:c4nary@127.0.0.1:1/whalefall"
    db = Database.of(
        Settings(database_url=away, redis_url=settings.redis_url, secret_keys=settings.secret_keys)
    )

    assert not await health.is_ready(db)
    assert await health.count_live_records(db) is None


async def test_the_numbers_are_for_who_brings_the_token(http: httpx2.AsyncClient) -> None:
    for headers in ({}, {"Authorization": "Bearer x"}, {"Authorization": "measure"}):
        assert (await http.get("/metrics", headers=headers)).status_code == 401

    answer = await http.get("/metrics", headers={"Authorization": "Bearer measure"})

    lines = answer.text.splitlines()
    numbers = dict(line.rsplit(" ", 1) for line in lines if not line.startswith("#"))
    assert answer.headers["content-type"] == "text/plain; version=0.0.4; charset=utf-8"
    assert int(numbers['whalefall_http_requests_total{status="401"}']) >= 3
    assert int(numbers["whalefall_log_entries_lost_total"]) == logs.BUFFER.lost
    assert numbers["whalefall_sync_records_live"] == "0"
    assert int(numbers["process_resident_memory_bytes"]) > 10_000_000


async def test_without_a_metrics_token_there_are_no_numbers(site: Site) -> None:
    async with site.client(metrics_token="") as client:
        answer = await client.get("/metrics", headers={"Authorization": "Bearer "})

    assert answer.status_code == 404
