"""Both sides: one reads the file from the web process, the other from psql."""

import asyncio
import http.client
import os
import statistics
import subprocess
import time
from collections.abc import Mapping
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

from benchmarks import estates
from benchmarks.installation import installed_with, make_token, opened
from benchmarks.measuring import rotated
from benchmarks.processes import cpu_seconds, forget_peak, peak_bytes
from benchmarks.reporting import Report
from benchmarks.servers import Server, running
from whalefall.embedded.binaries import postgres_program
from whalefall.settings import Settings

PATH = "/api/v1/databases/ledgers/exports"
COPY = Path(__file__).with_name("ledger.sql").read_text()
CHUNK = 256 * 1024


@dataclass
class Reading:
    """One reading of the file, from the request to the last byte."""

    first_byte_seconds: float
    seconds: float


@dataclass
class Side:
    """All readings of one side."""

    readings: list[Reading] = field(default_factory=list)

    @property
    def first_byte_seconds(self) -> float:
        return statistics.median(reading.first_byte_seconds for reading in self.readings)

    @property
    def seconds(self) -> float:
        return statistics.median(reading.seconds for reading in self.readings)


def bench_csv(folder: Path, rounds: int) -> None:
    """Print and keep the report. Raises when the two files are not the same."""
    with ExitStack() as stack:
        settings, _ = stack.enter_context(installed_with(estates.LEDGER, folder))
        token = asyncio.run(_make_token(settings))
        (server,) = stack.enter_context(running(["whalefall"], settings, token))
        ours, theirs = bytearray(), bytearray()
        _export(server, into=ours)
        _copy(settings, into=theirs)
        if _settled(ours) != _settled(theirs):
            raise AssertionError("WhaleFall and psql do not write the same file")
        report = Report("csv")
        lines = ours.count(b"\n") - 1
        report.table(
            f"Q6, a CSV of {lines:,} rows, {len(ours) / 1e6:.1f} MB",
            _race(settings, server, rounds),
        )


def _settled(file: bytearray) -> list[bytearray]:
    """The lines without the freshness at their ends, which goes on ageing between two readings."""
    return [line.rpartition(b",")[0] for line in file.splitlines()]


def _race(settings: Settings, server: Server, rounds: int) -> list[list[str]]:
    sides = {"export": Side(), "copy": Side()}
    forget_peak(server.process.pid)
    before_bytes, before = peak_bytes(server.process.pid), _cpu(server)
    for turn in range(rounds):
        for name in rotated(list(sides), turn):
            reading = _export(server) if name == "export" else _copy(settings)
            sides[name].readings.append(reading)
    grown = peak_bytes(server.process.pid) - before_bytes
    cpu = (_cpu(server) - before) / rounds
    rows = [["way", "first byte ms", "whole ms", "x psql", "server's CPU ms", "MB grown"]]
    for title, side, extra in (
        ("WhaleFall's export", sides["export"], [f"{cpu * 1000:.0f}", f"{grown / 1e6:.1f}"]),
        ("psql, COPY", sides["copy"], ["", ""]),
    ):
        whole = side.seconds
        rows.append(
            [
                title,
                f"{side.first_byte_seconds * 1000:.0f}",
                f"{whole * 1000:.0f}",
                f"{whole / sides['copy'].seconds:.2f}",
                *extra,
            ]
        )
    return rows


def _export(server: Server, into: bytearray | None = None) -> Reading:
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=120)
    began = time.perf_counter()
    connection.request("GET", PATH, headers={"Authorization": f"Bearer {server.token}"})
    response = connection.getresponse()
    if response.status != http.HTTPStatus.OK:
        raise AssertionError(f"the export answers {response.status}")
    first = 0.0
    while chunk := response.read1(CHUNK):
        first = first or time.perf_counter() - began
        if into is not None:
            into += chunk
    connection.close()
    return Reading(first, time.perf_counter() - began)


def _copy(settings: Settings, into: bytearray | None = None) -> Reading:
    psql = postgres_program(settings.pg_bin).with_name("psql")
    command = (psql, "-X", "-q", "-c", f"COPY ({COPY}) TO STDOUT WITH (FORMAT csv, HEADER)")
    began = time.perf_counter()
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, env=_address(settings), bufsize=0
    ) as child:
        assert child.stdout is not None
        first = 0.0
        while chunk := child.stdout.read(CHUNK):
            first = first or time.perf_counter() - began
            if into is not None:
                into += chunk
    if child.returncode:
        raise AssertionError("psql failed")
    return Reading(first, time.perf_counter() - began)


def _address(settings: Settings) -> Mapping[str, str]:
    """The database for psql, with the password in no command line."""
    url = urlsplit(settings.database_url)
    return {
        "PATH": os.defpath,
        "PGHOST": url.hostname or "",
        "PGPORT": str(url.port),
        "PGUSER": url.username or "",
        "PGPASSWORD": url.password or "",
        "PGDATABASE": url.path.removeprefix("/"),
    }


def _cpu(server: Server) -> float:
    return sum(cpu_seconds(server.process.pid).values())


async def _make_token(settings: Settings) -> str:
    async with opened(settings) as db:
        return await make_token(db)
