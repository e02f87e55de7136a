"""What a program takes: rounds, bytes and seconds, before it runs.

A plan tallies the engine's operations on its inputs. Rounds and bytes follow from
the protocol and are the same on every machine; seconds are counts times what one
operation takes, which `calibration.calibrate` measures on a machine. Bits travel
in words of 64 values, so operations on bits count at least 64.

>>> tally = Tally(64)
>>> tally.multiply(1000)
>>> tally.compare(1)
>>> tally.cost().rounds, tally.cost().bytes
(11, 29872)
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TypeAlias

__all__ = ["BYTES", "ROUNDS", "SECONDS", "Cost", "Seconds", "Tally"]

#: Bytes that all three nodes send for one, by operation and bits of the ring:
#: a product; a product that is summed; an element taken from an owner; a sign; a
#: low bit; a bit as 0 or 1; the bits of an exact cut; a pseudonym; a
#: candidate's step of a search.
BYTES: Mapping[str, Mapping[int, float]] = {
    "multiply": {64: 24, 128: 48},
    "mac": {64: 0, 128: 0},
    "take": {64: 0, 128: 0},
    "sign": {64: 91, 128: 186},
    "low-bits": {64: 1.7, 128: 1.7},
    "convert": {64: 48, 128: 96},
    "cut": {64: 60, 128: 60},
    "pseudonym": {64: 2260, 128: 2260},
    "step": {64: 1.15, 128: 1.15},
}

#: How many bits the cut of `BYTES` and `SECONDS` takes off.
_CUT_BITS = 46

#: Messages of each operation that wait for one another.
ROUNDS: Mapping[str, int] = {
    "multiply": 1,
    "mac": 1,
    "take": 0,
    "sign": 8,
    "low-bits": 4,
    "convert": 2,
    "cut": 8,
    "pseudonym": 49,
    "step": 2,
}

#: CPU seconds of all three nodes for one, by operation and bits of the ring.
Seconds: TypeAlias = Mapping[str, Mapping[int, float]]

#: On one core of an x86-64 server of 2024; "round" is what each round takes,
#: "start" what a run takes that does nothing.
SECONDS: Seconds = {
    "multiply": {64: 1.2e-7, 128: 1.5e-7},
    "mac": {64: 7e-9, 128: 1.2e-8},
    "take": {64: 1.2e-8, 128: 2.4e-8},
    "sign": {64: 4.5e-7, 128: 1e-6},
    "low-bits": {64: 3e-8, 128: 4e-8},
    "convert": {64: 4.2e-7, 128: 1.6e-6},
    "cut": {64: 3.5e-6, 128: 3.5e-6},
    "pseudonym": {64: 1.7e-5, 128: 1.7e-5},
    "step": {64: 1e-8, 128: 1e-8},
    "round": {64: 1.5e-4, 128: 2e-4},
    "start": {64: 1e-3, 128: 1e-3},
}


@dataclass(frozen=True, slots=True)
class Cost:
    """What a run takes.

    Attributes:
        ring: Bits of a ring element.
        rounds: Messages that wait for one another.
        counts: How often each operation, by the names of `BYTES`.
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
        work += measured["round"][self.ring] * self.rounds
        return work + measured["start"][self.ring]


class Tally:
    """A plan's operations, counted as it walks through them.

    Args:
        ring: Bits of a ring element.
    """

    def __init__(self, ring: int) -> None:
        self._ring = ring
        self._rounds = 0
        self._counts: dict[str, int] = {}

    def multiply(self, n: int, times: int = 1) -> None:
        """Products, one element sent for each; `times` in turn."""
        self._add("multiply", n, times)

    def matmul(self, rows: int, inner: int, columns: int, times: int = 1) -> None:
        """A product of matrices, one element sent for each entry."""
        self._add("multiply", rows * columns, times)
        self._counts["mac"] = (
            self._counts.get("mac", 0) + rows * inner * columns * times
        )

    def take(self, n: int) -> None:
        """Elements from owners, cut into columns."""
        self._add("take", n, 1)

    def compare(self, n: int, times: int = 1) -> None:
        """Signs of n elements, as 0 or 1."""
        self._add("sign", _in_words(n), times)
        self._add("convert", n, times)

    def count_negative(self, n: int) -> None:
        """How many of n elements are negative."""
        self._add("sign", _in_words(n), 1)
        self._add("multiply", n, 2)
        self._counts["multiply"] -= n  # one of the products is summed

    def low_bits(self, n: int, n_bits: int) -> None:
        """The lowest bits of n elements, each as 0 or 1."""
        self._add("low-bits", _in_words(n) * n_bits, 1)
        self._add("convert", n * n_bits, 1)

    def truncate(self, n: int, times: int = 1) -> None:
        """Exact cuts of n elements: carries and wraps, two bits each."""
        self._add("cut", _in_words(n), times)
        self._add("multiply", 5 * n, 2 * times)
        self._counts["multiply"] -= 5 * n * times

    def truncate_each(self, n: int, n_bits: Sequence[int], times: int = 1) -> None:
        """Several exact cuts of n elements at a time; their bits one by one."""
        self._add("cut", _in_words(n) * sum(n_bits) // _CUT_BITS, times)
        self._add("convert", 4 * len(n_bits) * n, times)

    def slice_bits(self, n: int, n_bits: int) -> None:
        """The lowest bits of n elements, left as bits."""
        self._add("low-bits", _in_words(n) * n_bits, 1)

    def walk(self, n: int, rows: int) -> None:
        """One bit's step of a search among n candidates, for each of some ranks."""
        lanes = rows * (_in_words(n) // 64)
        rounds, few = 0, 192
        planes = [_in_words(n) // 64]
        while max(planes) > 2 and sum(planes) * rows > few:
            thirds = [plane // 3 for plane in planes]
            grown = [
                plane - 2 * third for plane, third in zip(planes, thirds, strict=True)
            ]
            planes = [
                stay + come
                for stay, come in zip([*grown, 0], [0, *thirds], strict=True)
            ]
            planes = planes if planes[-1] else planes[:-1]
            rounds += 1
        self._add("step", 64 * lanes, 1)
        self._rounds += rounds
        self._add("convert", 64 * rows * sum(planes), 1)

    def pseudonyms(self, n: int, batch: int) -> None:
        """AES of n shared identifiers, opened; of none: its key expanded."""
        self._add("pseudonym", _in_words(n), 1)
        self._rounds += ROUNDS["pseudonym"] * (max(-(-n // batch), 1) - 1)

    def _add(self, name: str, n: int, times: int) -> None:
        self._counts[name] = self._counts.get(name, 0) + n * times
        self._rounds += ROUNDS[name] * times

    def cost(self) -> Cost:
        """What all of it takes."""
        ring, rounds, counts = self._ring, self._rounds, dict(self._counts)
        sent = sum(BYTES[name][ring] * n for name, n in counts.items())
        unpriced = Cost(ring, rounds, counts, round(sent), 0.0)
        seconds = unpriced.seconds_by(SECONDS)
        return Cost(ring, rounds, counts, unpriced.bytes, seconds)


def _in_words(n: int) -> int:
    return -(-n // 64) * 64
