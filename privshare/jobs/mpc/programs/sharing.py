"""Small steps on shares that several programs take."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from privshare.jobs.mpc.party import Party
from privshare.jobs.mpc.ring import Bits, Limbs, Shared, concat, words_for

__all__ = ["column_of", "low_bits", "negative", "repeat", "stack", "upper"]


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


def low_bits(party: Party, x: Shared, n_bits: int) -> Bits:
    """The lowest bits of each element, at most 8.

    What is above in the pieces does not matter to them, so their sum is taken of
    so many bits alone.
    """
    own, following = _low_rows(x.own, x.ring, n_bits), _low_rows(x.next, x.ring, n_bits)
    zero = np.zeros_like(own)
    a, b, c = (
        Bits(
            own if party.index == number else zero,
            following if (party.index + 1) % 3 == number else zero,
            x.size,
        )
        for number in range(3)
    )
    s, carry = party.save_carries(a, b, c)
    if n_bits == 1:
        return s
    none = Bits(zero[:1], zero[:1], x.size)
    return party.add_bits(s, none.stack(carry[0 : n_bits - 1]))


def _low_rows(piece: Limbs, ring: int, n_bits: int) -> Limbs:
    low = (piece if ring == 64 else piece[..., 0]).astype(np.uint8)
    padded = np.zeros(64 * words_for(len(low)), np.uint8)
    padded[: len(low)] = low
    ones = np.uint8(1)
    rows = [
        np.packbits((padded >> np.uint8(bit)) & ones, bitorder="little")
        for bit in range(n_bits)
    ]
    return np.stack(rows).view(np.uint64)
