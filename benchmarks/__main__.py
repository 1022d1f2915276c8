"""`./run bench [NAMES]`: on private servers, as ratios of one interleaved run."""

import argparse
import asyncio
import sys
import tempfile
import time
from collections.abc import Collection, Sequence
from pathlib import Path

from benchmarks import estates
from benchmarks.answering import SHAPES, Contest
from benchmarks.capacities import bench_capacity
from benchmarks.exports import bench_csv
from benchmarks.installation import installed, opened
from benchmarks.measuring import ROUNDS
from benchmarks.pages import bench_pages
from benchmarks.questions import TITLES
from benchmarks.refresh import bench_refresh
from benchmarks.searching import bench_search
from benchmarks.servers import KINDS
from benchmarks.snapshots import bench_snapshots
from whalefall import logs
from whalefall.settings import Settings

ASKING = (*TITLES, SHAPES)
CSV = "csv"
ALONE = {"search": bench_search, "pages": bench_pages, "capacity": bench_capacity}
WRITING = {"snapshots": bench_snapshots, "refresh": bench_refresh}
NAMES = (*ASKING, CSV, *ALONE, *WRITING)


def main(arguments: Sequence[str]) -> int:
    """Run the named benchmarks, or all. Exits with 2 for an unknown name."""
    options = _parser().parse_args(arguments)
    began = time.monotonic()
    names = options.names or NAMES
    logs.configure(Settings(log_level="ERROR"))
    with tempfile.TemporaryDirectory(prefix="whalefall-bench-") as scratch:
        folder = options.keep or Path(scratch)
        if asked := [name for name in ASKING if name in names]:
            Contest(
                size=estates.SIZES[options.data],
                names=asked,
                servers=options.servers,
                rounds=options.rounds,
                folder=folder,
            ).run()
        if CSV in names:
            bench_csv(folder, options.rounds)
        for name in (name for name in ALONE if name in names):
            ALONE[name](folder, options.rounds)
        if writing := [name for name in WRITING if name in names]:
            with installed(Path(scratch) / "writing") as settings:
                asyncio.run(_write(settings, writing))
    print(f"\n{time.monotonic() - began:.0f} seconds in all")
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="./run bench", description=__doc__)
    known = f"{', '.join(NAMES)}; all if none is named"
    parser.add_argument("names", nargs="*", type=_name, metavar="NAME", help=known)
    parser.add_argument("--data", choices=estates.SIZES, default="M", help="size of the estate")
    parser.add_argument("--rounds", type=int, default=ROUNDS, metavar="N")
    parser.add_argument(
        "--servers", type=_servers, default=list(KINDS), metavar="A,B", help=", ".join(KINDS)
    )
    parser.add_argument("--keep", type=Path, metavar="DIR", help="keep the estate there, or reuse")
    return parser


def _name(text: str) -> str:
    return _known(text, NAMES, "benchmark")


def _servers(text: str) -> list[str]:
    return [_known(name, KINDS, "server") for name in text.split(",")]


def _known(name: str, known: Collection[str], what: str) -> str:
    if name not in known:
        raise argparse.ArgumentTypeError(f"no {what} {name}; there are {', '.join(known)}")
    return name


async def _write(settings: Settings, names: Sequence[str]) -> None:
    async with opened(settings) as db:
        for name in names:
            await WRITING[name](db)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
