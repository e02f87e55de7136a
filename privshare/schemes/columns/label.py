"""Names of groups: the public keys of a `groupby`.

>>> factorise(["b", "a", "b"])
(('a', 'b'), array([1, 0, 1], dtype=uint32))
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt

from privshare.errors import EncodingError, OutOfRange

__all__ = ["MAX_GROUPS", "MAX_TEXT", "Label", "checked_label", "factorise"]

Label: TypeAlias = str | int | bool

MAX_GROUPS = 1 << 24
MAX_TEXT = 1024
"""Bytes of a name in UTF-8."""

_INT = 1 << 63


def checked_label(value: Any, position: int) -> Label:
    """A name as a Python value.

    Raises:
        EncodingError: Neither text, integer nor boolean.
        OutOfRange: Text or an integer that is too long.
    """
    if isinstance(value, (bool, np.bool_)):
        return bool(value)
    if isinstance(value, (int, np.integer)):
        number = int(value)
        if not -_INT <= number < _INT:
            raise OutOfRange(f"expected keys of 64 bits, found a longer at {position}")
        return number
    if isinstance(value, str):
        try:
            size = len(str(value).encode("utf-8"))
        except UnicodeEncodeError:
            raise EncodingError(
                f"expected keys of valid Unicode, found another at position {position}"
            ) from None
        if size > MAX_TEXT:
            raise OutOfRange(
                f"expected keys of at most {MAX_TEXT} bytes, found a longer one at "
                f"position {position}"
            )
        return str(value)
    raise EncodingError(
        f"expected keys that are text, integers or booleans, found a "
        f"{type(value).__name__} at position {position}",
        fix='fill missing keys and turn others into text: keys.astype("str")',
    )


def factorise(keys: Any) -> tuple[tuple[Label, ...], npt.NDArray[np.uint32]]:
    """The different keys, sorted, and for each row which one it has.

    Raises:
        EncodingError: A key that is none, or not a sequence of keys.
        OutOfRange: Too many different ones.
    """
    if isinstance(keys, (str, bytes)) or not isinstance(keys, Iterable):
        raise EncodingError(
            f"expected a key for each value, found a {type(keys).__name__}",
            fix="give a list, an array or a Series of keys",
        )
    array = keys if isinstance(keys, np.ndarray) else None
    if array is None and hasattr(keys, "to_numpy"):
        array = keys.to_numpy()
    if array is not None and array.ndim == 1 and array.dtype.kind in "biuU":
        found, codes = np.unique(array, return_inverse=True)
        labels = tuple(checked_label(x, 0) for x in found.tolist())
    else:
        listed = list(keys if array is None else array)
        labels, codes = _listed(listed)
    if len(labels) > MAX_GROUPS:
        raise OutOfRange(f"expected at most {MAX_GROUPS} groups, found {len(labels)}")
    return labels, codes.astype(np.uint32)


def _listed(keys: list[Any]) -> tuple[tuple[Label, ...], npt.NDArray[Any]]:
    if len(set(map(type, keys))) == 1 and isinstance(keys[0], (str, int)):
        found = sorted(set(keys))
        numbers = {key: code for code, key in enumerate(found)}
        labels = tuple(checked_label(key, keys.index(key)) for key in found)
        return labels, np.fromiter(map(numbers.__getitem__, keys), np.int64, len(keys))
    places: dict[tuple[str, Label], list[int]] = {}
    for position, key in enumerate(keys):
        label = checked_label(key, position)
        places.setdefault((type(label).__name__, label), []).append(position)
    codes = np.empty(len(keys), np.int64)
    order = sorted(places)
    for code, place in enumerate(order):
        codes[places[place]] = code
    return tuple(label for _, label in order), codes
