"""Small steps on shares that several programs take."""

from __future__ import annotations

from collections.abc import Sequence

from privshare.jobs.mpc.party import Party
from privshare.jobs.mpc.ring import Bits, Shared, concat

__all__ = ["column_of", "negative", "repeat", "stack", "upper"]


def stack(rows: Sequence[Shared]) -> Shared:
    """Columns of one length as the rows of a matrix."""
    return concat([row.reshape(1, len(row)) for row in rows])


def upper(matrix: Shared) -> Shared:
    """Entries (i, j) with i <= j, row by row."""
    return concat([matrix[i, i:] for i in range(matrix.shape[0])])


def column_of(values: Shared) -> Shared:
    """A vector as a matrix of one column."""
    return values.reshape(len(values), 1)


def repeat(value: Shared, times: int) -> Shared:
    """One row, several times."""
    return concat([value.reshape(1, *value.shape)] * times)


def negative(party: Party, x: Shared) -> Shared:
    """1 where a value is negative, 0 elsewhere, as ring elements.

    Args:
        party: This node.
        x: One axis.
    """
    bits: Bits = party.sign(x)
    return party.from_bits(bits, x.ring).reshape(x.size)
