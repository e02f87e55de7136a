"""Which ciphertexts of a column add up to which total.

Every ciphertext gets the number of the term that it belongs to, and the core
multiplies all of them out in one pass. A term takes as many ciphertexts as
its slots have room for; the cut ends of a slice are terms of their own,
because some of their slots do not count.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from privshare.errors import OutOfRange
from privshare.schemes.columns import engine
from privshare.schemes.columns.label import Label
from privshare.schemes.columns.number import EncryptedGroups
from privshare.schemes.columns.total import Row, Term, fits

if TYPE_CHECKING:
    from privshare.schemes.columns.column import EncryptedColumn

__all__ = ["GroupBy", "grouped_rows", "sum_rows"]

_MAX_TERMS = 1 << 12
"""Of one total: above that the headroom is used up."""


class GroupBy:
    """A column and a public key for each value, to be aggregated."""

    __slots__ = ("_codes", "_column", "_labels")

    def __init__(
        self,
        column: EncryptedColumn,
        labels: tuple[Label, ...],
        codes: npt.NDArray[np.uint32],
    ) -> None:
        self._column = column
        self._labels = labels
        self._codes = codes

    def __repr__(self) -> str:
        return f"GroupBy({len(self._labels)} groups of {self._column!r})"

    def count(self) -> dict[Label, int]:
        """How many values each group has: public."""
        return dict(zip(self._labels, self._counts(), strict=True))

    def _counts(self) -> tuple[int, ...]:
        counts = np.bincount(self._codes, minlength=len(self._labels))
        return tuple(map(int, counts))

    def sum(self) -> EncryptedGroups:
        """The total of each group.

        Raises:
            OutOfRange: A group's total could pass n/2, or an empty column.
        """
        column = self._column
        if not len(column):
            raise OutOfRange("expected at least one value to sum, found none")
        counts = self._counts()
        if column.packed:
            rows = sum_rows(column, self._codes, len(self._labels))
        else:
            bounds = [
                fits(count * column._bound, column._layout, "a group's sum")
                for count in counts
            ]
            size = column.public.ciphertext_size
            data = engine.sum_groups(
                column._core, column._data, self._codes, len(counts)
            )
            rows = [
                (Term(data[i * size : (i + 1) * size], 0, 1, bound),)
                for i, bound in enumerate(bounds)
            ]
        return EncryptedGroups(
            column.public,
            column._layout,
            column.scale,
            tuple(rows),
            self._labels,
            counts,
        )

    def mean(self) -> EncryptedGroups:
        """The mean of each group; decrypts to Fractions.

        Raises:
            OutOfRange: As `sum`.
        """
        return self.sum().mean()


def grouped_rows(column: EncryptedColumn) -> GroupBy:
    """Group a column by the keys it was encrypted with."""
    found: dict[tuple[str, Label], int] = {}
    codes: list[npt.NDArray[np.uint32]] = []
    for run in column._runs:
        label = run.label
        assert label is not None
        code = found.setdefault((type(label).__name__, label), len(found))
        codes.append(np.full(run.length, code, np.uint32))
    return GroupBy(column, tuple(label for _, label in found), np.concatenate(codes))


def sum_rows(
    column: EncryptedColumn,
    codes: npt.NDArray[np.uint32] | None = None,
    n_rows: int = 1,
) -> list[Row]:
    """The terms of each total of a column.

    Args:
        column: Not empty; if it is packed, every run lies in one total.
        codes: For each value which total it belongs to; None: all to one.
        n_rows: How many totals.

    Raises:
        OutOfRange: A total that could pass n/2, or no room for any sum.
    """
    layout, slots, bound = column._layout, column.slots, column._bound
    room = layout.capacity // max(bound, 1)
    if not column.packed:
        fits(len(column) * bound, layout, "the sum")
    terms = _Terms(room, slots)
    position = 0
    for run in column._runs:
        row = 0 if codes is None else int(codes[position])
        position += run.length
        terms.run(row, run.lo, run.length, run.clean_head, run.clean_tail)
    if len(terms.meta) > _MAX_TERMS + 3 * len(column._runs):
        raise OutOfRange(
            f"expected room to add up in a slot, found room for {room} values only",
            fix="encrypt with a larger headroom= or with packed=False",
        )
    data = engine.sum_groups(
        column._core, column._data, np.concatenate(terms.ids), len(terms.meta)
    )
    size = column.public.ciphertext_size
    rows: list[list[Term]] = [[] for _ in range(n_rows)]
    for i, (row, lo, hi, count) in enumerate(terms.meta):
        rows[row].append(Term(data[i * size : (i + 1) * size], lo, hi, count * bound))
    return [tuple(row) for row in rows]


class _Terms:
    """Gives ciphertexts, in their order, the numbers of their terms."""

    def __init__(self, room: int, slots: int) -> None:
        self.room = room
        self.slots = slots
        self.ids: list[npt.NDArray[np.uint32]] = []
        self.meta: list[tuple[int, int, int, int]] = []  # row, lo, hi, ciphertexts
        self.open: dict[int, int] = {}  # row: its term of whole ciphertexts

    def run(self, row: int, lo: int, count: int, head: bool, tail: bool) -> None:
        """The ciphertexts of one run."""
        slots = self.slots
        whole = -(-(lo + count) // slots)
        end = (lo + count) - (whole - 1) * slots
        if whole == 1 and not (head and tail):
            self._alone(row, lo, end)
            return
        if not head:
            self._alone(row, lo, slots)
            whole -= 1
        self._whole(row, whole if tail else whole - 1)
        if not tail:
            self._alone(row, 0, end)

    def _alone(self, row: int, lo: int, hi: int) -> None:
        self.ids.append(np.full(1, len(self.meta), np.uint32))
        self.meta.append((row, lo, hi, 1))

    def _whole(self, row: int, count: int) -> None:
        while count:
            place = self.open.get(row)
            if place is None or self.meta[place][3] >= self.room:
                place = self.open[row] = len(self.meta)
                self.meta.append((row, 0, self.slots, 0))
            used = self.meta[place][3]
            taken = min(count, max(self.room - used, 1))
            self.meta[place] = (row, 0, self.slots, used + taken)
            self.ids.append(np.full(taken, place, np.uint32))
            count -= taken
