"""Where a column's values come from, recognised without importing anybody.

Arrays and Series are known by what they offer; pandas and polars are never
imported. What comes out are blocks: numpy arrays of plain types, or lists.

    column ─► open_source ─► Source.blocks(size)

>>> source = open_source(x * x for x in range(5))
>>> [list(block) for block in source.blocks(2)], source.length is None
([[0, 1], [4, 9], [16]], True)
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Set
from dataclasses import dataclass
from itertools import chain, islice
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt

from privshare.errors import EncodingError, OutOfRange

__all__ = ["Block", "Source", "is_number", "open_source"]

Block: TypeAlias = "npt.NDArray[Any] | list[Any]"

#: Elements of an iterator that decide its default scale, by their types alone.
_PEEK = 1 << 16
_INTEGRAL = (int, np.integer, np.bool_)


@dataclass(frozen=True, slots=True)
class Source:
    """A column to be read once.

    Attributes:
        length: How many values, or None where only the end will tell.
        integral: Whether its types are booleans and integers.
        limit: Largest size that its type can hold, for integers of at most 32
            bits; None otherwise.
        blocks: Gives the values, so many at a time.
    """

    length: int | None
    integral: bool
    limit: int | None
    blocks: Callable[[int], Iterator[Block]]


def is_number(value: Any) -> bool:
    """Whether something is a single number and no column."""
    if isinstance(value, (str, bytes, bytearray)):
        return False
    if getattr(value, "ndim", None) == 0:
        return True
    return hasattr(value, "__float__") and not hasattr(value, "__len__")


def open_source(column: Any) -> Source:  # noqa: PLR0911 - a table of kinds
    """Recognise a column.

    Raises:
        EncodingError: Text, bytes, a table, or what is no sequence of numbers.
        OutOfRange: A column with missing values.
    """
    if isinstance(column, (str, bytes, bytearray, memoryview, Mapping, Set)):
        raise EncodingError(
            f"expected a column of numbers, found a {type(column).__name__}",
            fix="give a list, an array or a Series",
        )
    if hasattr(column, "columns"):
        raise EncodingError(
            "expected one column, found a table",
            fix='name the column: table["price"]',
        )
    if isinstance(column, np.ma.MaskedArray):
        _refuse_nulls(np.ma.getmaskarray(column))
        return _array(np.asarray(column))
    if isinstance(column, np.ndarray):
        return _array(column)
    if hasattr(column, "isna") and hasattr(column, "to_numpy"):
        return _pandas(column)
    if hasattr(column, "null_count") and hasattr(column, "to_numpy"):
        return _polars(column)
    if isinstance(column, range):
        return _range(column)
    if isinstance(column, (list, tuple)):
        return _list(column)
    if hasattr(column, "__array__"):
        return _array(np.asarray(column))
    if isinstance(column, Iterable):
        return _stream(iter(column))
    raise EncodingError(
        f"expected a column of numbers, found a {type(column).__name__}",
        fix="give a list, an array or a Series",
    )


def _refuse_nulls(nulls: Any) -> None:
    """Refuse a column in which something is missing."""
    missing = np.asarray(nulls, dtype=bool)
    if missing.any():
        first = int(np.argmax(missing))
        raise OutOfRange(
            f"expected a value in every row, found none at position {first}",
            fix="drop or fill missing values first: dropna() or fillna() in "
            "pandas, drop_nulls() or fill_null() in polars",
            detail={"position": first},
        )


def _array(array: npt.NDArray[Any]) -> Source:
    if array.ndim != 1:
        raise EncodingError(
            f"expected a column of one dimension, found {array.ndim}",
            fix="encrypt each column by itself, or array.ravel()",
        )
    kind = array.dtype.kind
    if kind not in "biufO":
        raise EncodingError(
            f"expected numbers, found an array of {array.dtype}",
            fix="encode them as integers, floats or Decimals first",
        )
    if kind == "O":
        return _list(array)
    limit = None
    if kind == "b":
        limit = 1
    elif kind in "iu" and array.dtype.itemsize <= 4:
        bounds = np.iinfo(array.dtype)
        limit = max(int(bounds.max), -int(bounds.min))

    def blocks(size: int) -> Iterator[Block]:
        for start in range(0, len(array), size):
            yield array[start : start + size]

    return Source(len(array), kind != "f", limit, blocks)


def _pandas(series: Any) -> Source:
    """A pandas Series or Index; also one of nullable or Arrow types."""
    _refuse_nulls(series.isna())
    return _array(_numpy(series.to_numpy(), getattr(series.dtype, "numpy_dtype", None)))


def _polars(series: Any) -> Source:
    """A polars Series; also a pyarrow Array."""
    nulls = series.null_count
    if nulls() if callable(nulls) else nulls:
        _refuse_nulls(
            series.is_null().to_numpy(zero_copy_only=False)
            if not callable(nulls)
            else series.is_null().to_numpy()
        )
    kind = str(getattr(series, "dtype", getattr(series, "type", "")))
    if kind.lower().startswith(("decimal", "int128", "uint128")):
        # numpy has no type for them.
        as_list = getattr(series, "to_list", None) or series.to_pylist
        return _list(as_list())
    if callable(nulls):
        return _array(series.to_numpy())
    return _array(series.to_numpy(zero_copy_only=False))


def _numpy(array: npt.NDArray[Any], plain: Any) -> npt.NDArray[Any]:
    """An array of the plain type behind a nullable one."""
    if array.dtype.kind == "O" and plain is not None and plain.kind in "biuf":
        return array.astype(plain)
    return array


def _range(column: range) -> Source:
    def blocks(size: int) -> Iterator[Block]:
        for start in range(0, len(column), size):
            yield list(column[start : start + size])

    return Source(len(column), True, None, blocks)


def _integral(values: Iterable[Any]) -> bool:
    return all(issubclass(kind, _INTEGRAL) for kind in set(map(type, values)))


def _list(column: Any) -> Source:
    """A list or tuple, or an array of objects."""

    def blocks(size: int) -> Iterator[Block]:
        for start in range(0, len(column), size):
            yield list(column[start : start + size])

    return Source(len(column), _integral(column), None, blocks)


def _stream(values: Iterator[Any]) -> Source:
    """An iterator, of which no more than a block is in memory."""
    head = list(islice(values, _PEEK))
    rest = chain(head, values)

    def blocks(size: int) -> Iterator[Block]:
        while block := list(islice(rest, size)):
            yield block

    return Source(None, _integral(head), None, blocks)
