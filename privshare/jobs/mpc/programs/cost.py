"""What a program takes: rounds, bytes and seconds, before it runs.

A program counts the engine's operations on its inputs. Bytes follow from the
protocol and are the same on every machine; seconds are counts times what one
operation takes on this machine, which `calibration.calibrate` measures. The
figures below were measured on one core of an x86-64 server of 2024.

>>> price(64, 1, {"multiply": 1000}).bytes
24000
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

__all__ = ["OPERATIONS", "SECONDS", "Cost", "Seconds", "price"]

#: Operation: bytes that all three nodes send for one, by bits of the ring, and
#: what is counted.
OPERATIONS: Mapping[str, tuple[Mapping[int, float], str]] = {
    "multiply": ({64: 24, 128: 48}, "products, one element sent each"),
    "mac": ({64: 0, 128: 0}, "products summed before they are sent"),
    "compare": ({64: 140, 128: 280}, "signs of an element, as 0 or 1"),
    "low-bits": ({64: 2.25, 128: 2.25}, "low bits of an element, as bits"),
    "convert": ({64: 48, 128: 96}, "bits, as 0 or 1 of the ring"),
    "truncate": ({64: 0, 128: 420}, "exact divisions by a power of two"),
    "deal": ({64: 48, 128: 96}, "elements taken from an owner"),
}

#: CPU seconds of all three nodes for one, by operation and bits of the ring.
Seconds = Mapping[str, Mapping[int, float]]
SECONDS: Seconds = {
    "multiply": {64: 2e-8, 128: 4e-8},
    "mac": {64: 2e-9, 128: 6e-9},
    "compare": {64: 6e-7, 128: 1.2e-6},
    "low-bits": {64: 1e-8, 128: 1e-8},
    "convert": {64: 5e-8, 128: 1e-7},
    "truncate": {64: 0, 128: 5e-7},
    "deal": {64: 2e-8, 128: 4e-8},
    "round": {64: 3e-4, 128: 3e-4},
}


@dataclass(frozen=True, slots=True)
class Cost:
    """What a run takes.

    Attributes:
        ring: Bits of a ring element.
        rounds: Messages that wait for one another.
        counts: How often each operation, by the names of `OPERATIONS`.
        bytes: Sent by all three nodes together, owners' pieces not counted.
        seconds: CPU of all three nodes, on the machine of `SECONDS`.
    """

    ring: int
    rounds: int
    counts: Mapping[str, int] = field(hash=False)
    bytes: int
    seconds: float

    def seconds_by(self, measured: Seconds) -> float:
        """CPU seconds of all three nodes by another machine's figures."""
        work = sum(measured[name][self.ring] * n for name, n in self.counts.items())
        return work + measured["round"][self.ring] * self.rounds


def price(ring: int, rounds: int, counts: Mapping[str, int]) -> Cost:
    """Bytes and seconds of so many operations.

    Args:
        ring: Bits of a ring element.
        rounds: Messages that wait for one another.
        counts: By the names of `OPERATIONS`.
    """
    sent = sum(
        n * OPERATIONS[name][0][ring] for name, n in counts.items() if name != "deal"
    )
    made = Cost(ring, rounds, dict(counts), round(sent), 0.0)
    return Cost(ring, rounds, made.counts, made.bytes, made.seconds_by(SECONDS))
