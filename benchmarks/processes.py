"""What a process and all that it has started take of the machine."""

from contextlib import suppress
from pathlib import Path

import psutil


def cpu_seconds(pid: int) -> dict[int, float]:
    """CPU seconds so far of each process that has not ended meanwhile."""
    seconds = {}
    for process in _family(pid):
        with suppress(psutil.NoSuchProcess):
            times = process.cpu_times()
            seconds[process.pid] = times.user + times.system
    return seconds


def forget_peak(pid: int) -> None:
    """From now on count the peak anew; where the system cannot, peak_bytes is what is in use."""
    for process in _family(pid):
        with suppress(OSError):
            Path(f"/proc/{process.pid}/clear_refs").write_text("5")


def peak_bytes(pid: int) -> int:
    """The most memory since forget_peak; pages that processes share count for each."""
    return sum(_peak(process) for process in _family(pid))


def _peak(process: psutil.Process) -> int:
    with suppress(OSError, IndexError):
        status = Path(f"/proc/{process.pid}/status").read_text()
        return int(status.partition("VmHWM:")[2].split()[0]) * 1024
    return int(process.memory_info().rss)


def _family(pid: int) -> list[psutil.Process]:
    parent = psutil.Process(pid)
    return [parent, *parent.children(recursive=True)]
