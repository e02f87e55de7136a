"""What a run of submitted code may take: time, memory, files.

    GateRule (seconds, memory, disk) ─► Limits ─► sandbox.run

>>> Limits(seconds=5).memory == 2 << 30
True
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final

from privshare.errors import OutOfRange

__all__ = ["BOUNDS", "Limits"]

#: Least and most of each limit, ends included.
BOUNDS: Final[Mapping[str, tuple[int, int]]] = MappingProxyType(
    {
        "seconds": (1, 86_400),
        "memory": (128 << 20, 1 << 40),
        "disk": (1 << 20, 1 << 36),
        "output": (1, 64 << 20),
        "files": (1, 256),
    }
)


@dataclass(frozen=True, slots=True)
class Limits:
    """What a run may take before it is stopped.

    Attributes:
        seconds: Of wall-clock time, and of processor time.
        memory: Bytes of address space.
        disk: Bytes of all files that it writes, in memory as well.
        output: Bytes of all outputs together.
        files: How many outputs.

    Raises:
        OutOfRange: A limit outside its bounds.
    """

    seconds: int = 60
    memory: int = 2 << 30
    disk: int = 64 << 20
    output: int = 1 << 20
    files: int = 16

    def __post_init__(self) -> None:
        for name, (low, high) in BOUNDS.items():
            value = getattr(self, name)
            if isinstance(value, bool) or not low <= value <= high:
                raise OutOfRange(f"limits.{name}: expected {low} to {high}")
