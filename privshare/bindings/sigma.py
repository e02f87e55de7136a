"""What the sigma engine does for all products at once (`ps_sigma.h`).

Implements docs/protocols/sigma.md, section 2.

>>> from privshare.bindings.scalar import from_int
>>> x = from_int(5) + from_int(7)
>>> once = map_scalars(x, [0, 0, 1], [0, 1, 1], from_int(2) * 3, 2)
>>> once == from_int(24) + from_int(14)
True
"""

from __future__ import annotations

from collections.abc import Sequence

from privshare.bindings._convert import ffi, lib, raise_for
from privshare.bindings.ristretto255 import Elements
from privshare.bindings.scalar import SCALAR_BYTES, decoded, encoded
from privshare.errors import OutOfRange


def map_scalars(
    x: bytes,
    row: Sequence[int],
    column: Sequence[int],
    coefficients: bytes,
    rows: int,
) -> bytes:
    """Apply a sparse matrix: for each entry, coefficient · x[column] into its row.

    Args:
        x: Scalars one after the other.
        row: Of each entry, below `rows`.
        column: Of each entry, below the number of scalars.
        coefficients: One scalar for each entry.
        rows: How many scalars come out.

    Raises:
        EncodingError: Not scalars, or not one coefficient for each entry.
        OutOfRange: A row or a column that there is not.

    Leaks:
        Nothing of scalars and coefficients.
    """
    if len(row) != len(column):
        raise OutOfRange(f"expected {len(row)} columns, found {len(column)}")
    result = ffi.new("ps_scalar[]", max(rows, 1))
    status = lib.ps_sigma_map(
        result,
        rows,
        decoded(x),
        len(x) // SCALAR_BYTES,
        ffi.new("uint32_t[]", row),
        ffi.new("uint32_t[]", column),
        decoded(coefficients, len(row)),
        len(row),
    )
    raise_for(status, "expected rows and columns that there are, found another")
    return encoded(result, rows)


def sums(elements: Elements, lengths: Sequence[int]) -> Elements:
    """Add up so many neighbours each.

    Raises:
        OutOfRange: The lengths do not add up to all elements.
    """
    if sum(lengths) != len(elements):
        raise OutOfRange(f"expected {sum(lengths)} elements, found {len(elements)}")
    result = ffi.new("ps_ristretto255[]", max(len(lengths), 1))
    lib.ps_sigma_sums(
        result, elements.native, ffi.new("uint32_t[]", lengths), len(lengths)
    )
    return Elements(result, len(lengths))
