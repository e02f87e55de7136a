"""Sums and products of shares modulo 2^128 and 2^192 (`ps_wide.h`).

Elements are two or three 64-bit limbs in the last axis, the low one first.
Factors of `cross` and `dot` are pairs of pieces, own and next, of one shape.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt

from privshare.bindings._convert import ffi, lib
from privshare.errors import OutOfRange

__all__ = ["add", "cross", "dot", "mul", "sub", "total"]

Limbs: TypeAlias = npt.NDArray[np.uint64]
Pieces: TypeAlias = tuple[Limbs, Limbs]


def cross(x: Pieces, y: Pieces) -> Limbs:
    """A node's part of products, element by element, not masked yet."""
    made, pieces, limbs = _ready(*x, *y)
    lib.ps_wide_cross(_out(made), *pieces, made.size // limbs, limbs)
    return made


def dot(x: Pieces, y: Pieces) -> Limbs:
    """The same, summed along the last axis of elements."""
    like, pieces, limbs = _ready(*x, *y)
    if like.ndim < 2:
        raise OutOfRange("expected an axis to sum along, found none")
    made = np.empty((*like.shape[:-2], limbs), np.uint64)
    lib.ps_wide_dot(_out(made), *pieces, made.size // limbs, like.shape[-2], limbs)
    return made


def add(a: Limbs, b: Limbs) -> Limbs:
    """a + b; shapes are broadcast."""
    return _each(lib.ps_wide_add, a, b)


def sub(a: Limbs, b: Limbs) -> Limbs:
    """a - b; shapes are broadcast."""
    return _each(lib.ps_wide_sub, a, b)


def mul(a: Limbs, b: Limbs) -> Limbs:
    """a · b; shapes are broadcast."""
    return _each(lib.ps_wide_mul, a, b)


def total(a: Limbs, axis: int) -> Limbs:
    """Sums along an axis that is not the limbs'."""
    _, (piece,), limbs = _ready(a)
    shape = a.shape[:-1]
    axis %= len(shape)
    made = np.empty((*shape[:axis], *shape[axis + 1 :], limbs), np.uint64)
    outer = int(np.prod(shape[:axis], dtype=np.int64))
    tail = int(np.prod(shape[axis + 1 :], dtype=np.int64))
    lib.ps_wide_sum(_out(made), piece, outer, shape[axis], tail, limbs)
    return made


def _each(work: Any, a: Limbs, b: Limbs) -> Limbs:
    made, pieces, limbs = _ready(a, b)
    work(_out(made), *pieces, made.size // limbs, limbs)
    return made


def _ready(*given: Limbs) -> tuple[Limbs, Sequence[Any], int]:
    """Space for as many elements, the pieces laid out, and limbs of an element."""
    limbs = {one.shape[-1] for one in given if one.ndim}
    if limbs not in ({2}, {3}) or any(one.dtype != np.uint64 for one in given):
        raise OutOfRange(
            "expected elements of two or of three 64-bit limbs, found another array"
        )
    arrays = np.broadcast_arrays(*given)
    pieces = [ffi.from_buffer("ps_limb[]", np.ascontiguousarray(one)) for one in arrays]
    return np.empty(arrays[0].shape, np.uint64), pieces, limbs.pop()


def _out(made: Limbs) -> Any:
    return ffi.from_buffer("ps_limb[]", made, require_writable=True)
