"""Columns to ring elements, at their owner; shares to columns, at a node.

    owner   Plan, columns ─► encode ─► one flat array ─► dealt in three pieces
    node    three nodes' shares of it ─► gather ─► shares of a program's columns

A value outside what the plan was told is refused here, before it is split: the
bounds that the plan relies on are checked by the client that knows the values.
An owner that lies to its own client falsifies the result; it cannot be seen.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from privshare.errors import EncodingError, OutOfRange, PrivShareError
from privshare.jobs.mpc.programs.column import Column
from privshare.jobs.mpc.programs.program import Block, Plan
from privshare.jobs.mpc.ring import Shared, concat

__all__ = ["column_values", "encode", "gather", "to_ring"]

Ints: TypeAlias = NDArray[np.int64]
Elements: TypeAlias = NDArray[np.uint64]


def encode(
    plan: Plan,
    dataset: str,
    columns: Mapping[str, Sequence[int | str | None] | Ints],
) -> Elements:
    """Lay an owner's columns out as ring elements.

    Args:
        plan: What they are for.
        dataset: Which of its inputs.
        columns: By their names in the dataset: scaled integers or words.

    Returns:
        `plan.elements[dataset]` elements: uint64, with a second axis of two
        little-endian limbs where the ring has 128 bits.

    Raises:
        EncodingError: A column that is missing, has empty cells, cells of
            another kind, or not the plan's row count; names both.
        OutOfRange: A value outside the declared interval; names the column and
            its rows, never a value or how many are outside.
    """
    parts = []
    for block in plan.layout(dataset):
        column = plan.column(block.column)
        rows = plan.rows[dataset]
        if block.kind == "digest":
            parts.append(_digests(column, dataset, columns, rows).reshape(-1))
            continue
        values = column_values(column, dataset, columns, rows)
        parts.append(_LAYOUTS[block.kind](block, values).reshape(-1))
    return to_ring(np.concatenate(parts), plan.ring)


def column_values(
    column: Column,
    dataset: str,
    columns: Mapping[str, Sequence[int | str | None] | Ints],
    rows: int,
) -> Ints:
    """A declared column's values as integers: checked, categories as indices.

    Raises:
        EncodingError, OutOfRange: As `encode`.
    """
    name, cells = _cells(column, dataset, columns, rows)
    values = _numbers(column, dataset, name, cells)
    outside = int(
        np.count_nonzero((values < column.minimum) | (values > column.maximum))
    )
    if outside:
        expected = f"{column.minimum} to {column.maximum}"
        # Who asks chose the bounds: how many lie outside is not for them.
        found = f"others among {rows} rows"
        raise _refused(OutOfRange, dataset, name, expected, found, rows)
    return values


def _cells(
    column: Column,
    dataset: str,
    columns: Mapping[str, Sequence[int | str | None] | Ints],
    rows: int,
) -> tuple[str, Sequence[int | str | None] | Ints]:
    name = column.of[dataset]
    if name not in columns:
        raise _refused(EncodingError, dataset, name, "the column", "none", rows)
    cells = columns[name]
    if len(cells) != rows:
        raise _refused(
            EncodingError, dataset, name, f"{rows} rows", f"{len(cells)}", len(cells)
        )
    return name, cells


def _digests(
    column: Column,
    dataset: str,
    columns: Mapping[str, Sequence[int | str | None] | Ints],
    rows: int,
) -> Ints:
    """Texts as the first 128 bits of their SHA-256: (2, rows)."""
    name, cells = _cells(column, dataset, columns, rows)
    missing = sum(cell is None or cell == "" for cell in cells)
    if missing:
        found = f"{missing} of {rows} empty"
        raise _refused(EncodingError, dataset, name, "no empty cell", found, rows)
    made = bytearray()
    for cell in cells:
        if not isinstance(cell, str):
            raise _refused(EncodingError, dataset, name, "texts", "other cells", rows)
        try:
            made += hashlib.sha256(cell.encode()).digest()[:16]
        except UnicodeEncodeError:
            found = "a text that is no Unicode"
            raise _refused(EncodingError, dataset, name, "UTF-8", found, rows) from None
    return np.frombuffer(made, np.int64).reshape(rows, 2).T


def _numbers(
    column: Column, dataset: str, name: str, cells: Sequence[Any] | Ints
) -> Ints:
    if isinstance(cells, np.ndarray):
        if cells.dtype != np.int64 or cells.ndim != 1:
            raise _refused(
                EncodingError, dataset, name, "integers", "others", len(cells)
            )
        return cells
    missing = sum(cell is None for cell in cells)
    if missing:
        found = f"{missing} of {len(cells)} empty"
        raise _refused(EncodingError, dataset, name, "no empty cell", found, len(cells))
    if column.is_number:
        wanted: type = int
        kind = "integers"
    else:
        wanted, kind = str, "words"
    if not {type(cell) for cell in cells} <= {wanted}:
        raise _refused(EncodingError, dataset, name, kind, "other cells", len(cells))
    if not column.is_number:
        index = {word: i for i, word in enumerate(column.categories)}
        return np.array([index.get(cell, -1) for cell in cells], dtype=np.int64)
    try:
        return np.array(cells, dtype=np.int64)
    except OverflowError:
        raise _refused(
            OutOfRange, dataset, name, "integers of 64 bits", "larger", len(cells)
        ) from None


def _refused(
    error: type[PrivShareError],
    dataset: str,
    name: str,
    expected: str,
    found: str,
    rows: int,
) -> PrivShareError:
    return error(
        f"{dataset}, column {name}: expected {expected}, found {found}",
        detail={"rule": "mpc.input", "column": name, "rows": rows},
    )


def _one_hot(block: Block, values: Ints) -> Ints:
    made = np.zeros((block.width, len(values)), dtype=np.int64)
    made[values, np.arange(len(values))] = 1
    return made


def _fixed(block: Block, values: Ints) -> Ints:
    # Nearest multiple of 2^-f: floor((2·(x - c)·2^f + unit) / (2·unit)), whose
    # numerator the plan keeps below 63 bits.
    raised = (values - block.center) << (block.fraction_bits + 1)
    return (raised + block.unit) // (2 * block.unit)


def _bucket(block: Block, values: Ints) -> Ints:
    inner = np.array(block.edges[1:-1], dtype=np.int64)
    return _one_hot(block, np.searchsorted(inner, values, side="right"))


_LAYOUTS: Mapping[str, Callable[[Block, Ints], Ints]] = {
    "bucket": _bucket,
    "coarse": _fixed,
    "code": lambda block, values: values,
    "fixed": _fixed,
    "is": lambda block, values: (values == block.center).astype(np.int64),
    "number": lambda block, values: values,
    "one-hot": _one_hot,
}


def to_ring(values: Ints, ring: int) -> Elements:
    """Signed integers as ring elements."""
    low = values.view(np.uint64)
    if ring == 64:
        return low
    high = (values >> 63).view(np.uint64)
    return np.ascontiguousarray(np.stack((low, high), axis=-1))


def gather(plan: Plan, inputs: Mapping[str, Shared]) -> dict[tuple[str, str], Shared]:
    """Cut the owners' shares into a program's columns.

    Returns:
        By column and kind: shares of shape (rows,), or (width, rows) where a
        row has several elements. Appended rows stand in the order of the
        datasets' names.
    """
    parts: dict[tuple[str, str], list[Shared]] = {}
    for dataset in sorted(inputs):
        rows, start = plan.rows[dataset], 0
        for block in plan.layout(dataset):
            stop = start + block.width * rows
            part = inputs[dataset][start:stop]
            if block.width > 1:
                part = part.reshape(block.width, rows)
            parts.setdefault((block.column, block.kind), []).append(part)
            start = stop
    return {
        name: found[0] if len(found) == 1 else concat(found, len(found[0].shape) - 1)
        for name, found in parts.items()
    }
