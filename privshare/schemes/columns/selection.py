"""Parts of columns, and columns put together.

Ciphertexts are picked, never changed. A slice that cuts through a ciphertext
takes it whole and remembers which slots count.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from privshare.errors import OutOfRange
from privshare.schemes.columns.number import same_key, same_scale
from privshare.schemes.columns.run import Run, joined

if TYPE_CHECKING:
    from privshare.schemes.columns.column import EncryptedColumn

__all__ = ["concat", "cut", "places", "take"]


def cut(column: EncryptedColumn, start: int, stop: int) -> EncryptedColumn:
    """Values [start, stop) of a column."""
    size, slots = column.public.ciphertext_size, column.slots
    runs: list[Run] = []
    parts: list[bytes] = []
    position = place = 0
    for run in column._runs:
        a, b = max(start - position, 0), min(stop - position, run.length)
        if a < b:
            piece, first, last = run.cut(a, b, slots)
            runs.append(piece)
            parts.append(column._data[(place + first) * size : (place + last) * size])
        position += run.length
        place += run.ciphertexts(slots)
    return column._of(tuple(runs), b"".join(parts))


def take(column: EncryptedColumn, chosen: npt.NDArray[Any]) -> EncryptedColumn:
    """Values at some positions, of a column of single values."""
    column._single("chosen elements")
    rows = np.frombuffer(column._data, np.uint8).reshape(
        len(column), column.public.ciphertext_size
    )
    labels = column.groups
    if labels is None:
        runs: Iterable[Run] = (Run(0, len(chosen)),)
    else:
        runs = (Run(0, 1, labels[i]) for i in chosen.tolist())
    return column._of(joined(runs, column.slots), rows[chosen].tobytes())


def concat(columns: Sequence[EncryptedColumn]) -> EncryptedColumn:
    """One column after the other.

    Raises:
        OutOfRange: No columns, or columns of different keys, scales or
            layouts.
    """
    if not columns:
        raise OutOfRange("expected at least one column, found none")
    first = columns[0]
    for column in columns[1:]:
        same_key(first.public, column.public)
        same_scale(first.scale, column.scale)
        if column._layout != first._layout:
            raise OutOfRange(
                f"expected {first._layout}, found {column._layout}",
                fix="encrypt all with the same bound=, headroom= and packed=",
            )
    if len({column.grouped for column in columns if len(column)}) > 1:
        raise OutOfRange(
            "expected columns that are all grouped or all not, found both",
            fix="encrypt all with by=, or none",
        )
    widest = max(columns, key=lambda column: column._bound)
    return widest._of(
        joined((run for column in columns for run in column._runs), first.slots),
        b"".join(column._data for column in columns),
    )


def places(index: Any, length: int) -> npt.NDArray[Any]:
    """Positions that a mask or a list of positions names."""
    if hasattr(index, "to_numpy"):
        index = index.to_numpy()
    array = np.asarray(index)
    if array.ndim == 1 and array.dtype.kind == "b":
        if len(array) != length:
            raise OutOfRange(f"expected a mask of {length}, found {len(array)}")
        return np.flatnonzero(array)
    if array.ndim == 1 and (array.dtype.kind in "iu" or not array.size):
        # Compared before they are cast: 2^64 - 1 is not the last position.
        if array.size and not -length <= int(array.min()) <= int(array.max()) < length:
            raise IndexError(f"expected positions below {length}, found another")
        places = array.astype(np.int64)
        return places % length if places.size else places
    raise OutOfRange(
        "expected a slice, a position, a mask or positions, found another index"
    )
