"""`./run bench [ledger|snapshots|refresh]`: on private servers, in less than three minutes."""

import asyncio
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

from benchmarks.installation import installed, opened
from benchmarks.ledger import bench_ledger
from benchmarks.refresh import bench_refresh
from benchmarks.snapshots import bench_snapshots
from whalefall import logs
from whalefall.settings import Settings

ALL = {"ledger": bench_ledger, "snapshots": bench_snapshots, "refresh": bench_refresh}


def main(names: Sequence[str]) -> int:
    """Run the named benchmarks, or all; 2 for an unknown name."""
    if unknown := set(names) - set(ALL):
        print(f"no benchmark {', '.join(sorted(unknown))}; there are {', '.join(ALL)}")
        return 2
    started = time.monotonic()
    scratch = tempfile.TemporaryDirectory(prefix="whalefall-bench-")
    with scratch as folder, installed(Path(folder)) as settings:
        logs.configure(settings)
        asyncio.run(_run(settings, names or list(ALL)))
    print(f"{time.monotonic() - started:.0f} seconds in all")
    return 0


async def _run(settings: Settings, names: Sequence[str]) -> None:
    async with opened(settings) as db:
        for name in names:
            await ALL[name](db)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
