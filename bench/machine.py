"""What a measurement ran on, and what its disk gives by itself.

Every table starts with these lines, since its figures mean nothing without
them: the processor, how busy the machine was, and what one forced write costs.
"""

from __future__ import annotations

import os
import platform
import sqlite3
import statistics
import time
from importlib.metadata import version
from pathlib import Path

_PACKAGES = ("flask", "gunicorn", "cryptography", "pydantic")
_TICKS = os.sysconf("SC_CLK_TCK")


def processor() -> str:
    """The processor's name as Linux has it."""
    try:
        text = Path("/proc/cpuinfo").read_text(encoding="utf-8")
    except OSError:
        return platform.processor() or platform.machine()
    names = [line for line in text.splitlines() if line.startswith("model name")]
    return names[0].partition(": ")[2] if names else platform.machine()


def describe() -> str:
    """The machine, its load, and the versions that matter."""
    load = ", ".join(f"{x:.1f}" for x in os.getloadavg())
    packages = ", ".join(f"{name} {version(name)}" for name in _PACKAGES)
    return (
        f"{processor()}, {os.cpu_count()} cores, load {load}\n"
        f"{platform.system()} {platform.release()}, "
        f"Python {platform.python_version()}, SQLite {sqlite3.sqlite_version}\n"
        f"{packages}"
    )


def flush_ms(folder: Path, count: int = 200) -> float:
    """Median milliseconds to append 32 bytes and force them to disk."""
    spent = []
    with open(folder / "flush", "ab", buffering=0) as file:
        for _ in range(count):
            started = time.perf_counter()
            file.write(bytes(32))
            os.fdatasync(file.fileno())
            spent.append(1000 * (time.perf_counter() - started))
    return statistics.median(spent)


def cpu_seconds(group: int) -> float:
    """Processor time that the processes of a process group have used (Linux)."""
    total = 0
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = stat.read_text(encoding="utf-8").rpartition(")")[2].split()
        except OSError:  # it ended meanwhile
            continue
        if int(fields[2]) == group:
            total += int(fields[11]) + int(fields[12])
    return total / _TICKS
