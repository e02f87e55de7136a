"""Where a column's values stand in its ciphertexts.

A column is a row of runs. A run starts with a fresh ciphertext and holds
`length` values in the slots from `lo` on; slots before and after belong to
nobody (they are 0) or, after slicing, to the column it was cut from.

>>> from privshare.schemes.columns.packing import packed_layout
>>> layout = packed_layout(2048, 2**53 - 1)
>>> run, first, last = Run(0, 100).cut(30, 70, layout.slots)
>>> run.lo, run.length, first, last
(1, 40, 1, 3)
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

from privshare.schemes.columns.label import Label

__all__ = ["Run", "joined"]


class Run(NamedTuple):
    """Values in consecutive slots.

    Attributes:
        lo: Slot of the first value in the first ciphertext.
        length: How many values.
        label: The group they all belong to, if the column is grouped.
        clean_head: Whether slots before the first value are 0.
        clean_tail: Whether slots after the last value are 0.
    """

    lo: int
    length: int
    label: Label | None = None
    clean_head: bool = True
    clean_tail: bool = True

    @property
    def place(self) -> tuple[object, ...]:
        """What two columns must agree on to be added."""
        return self.lo, self.length, type(self.label), self.label

    def ciphertexts(self, slots: int) -> int:
        """How many it takes."""
        return -(-(self.lo + self.length) // slots)

    def cut(self, start: int, stop: int, slots: int) -> tuple[Run, int, int]:
        """Values [start, stop) of it, and the ciphertexts that hold them."""
        first, lo = divmod(self.lo + start, slots)
        last = -(-(self.lo + stop) // slots)
        run = Run(
            lo,
            stop - start,
            self.label,
            lo == 0 or (start == 0 and self.clean_head),
            (self.lo + stop) % slots == 0 or (stop == self.length and self.clean_tail),
        )
        return run, first, last

    def follows(self, other: Run, slots: int) -> bool:
        """Whether it continues another, so that both are one run."""
        return (
            self.lo == 0
            and (other.lo + other.length) % slots == 0
            and self.label == other.label
            and type(self.label) is type(other.label)
        )


def joined(runs: Iterable[Run], slots: int) -> tuple[Run, ...]:
    """Runs with those that continue each other made one."""
    done: list[Run] = []
    for run in runs:
        if not run.length:
            continue
        if done and run.follows(done[-1], slots):
            done[-1] = done[-1]._replace(
                length=done[-1].length + run.length, clean_tail=run.clean_tail
            )
        else:
            done.append(run)
    return tuple(done)
