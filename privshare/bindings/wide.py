"""Products of shares modulo 2^128 (`ps_wide.h`).

Elements are two 64-bit limbs in the last axis, the low one first. Factors are
pairs of pieces, own and next, of one shape.
"""

from __future__ import annotations

from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt

from privshare.bindings._convert import ffi, lib
from privshare.errors import OutOfRange

__all__ = ["cross", "dot"]

Limbs: TypeAlias = npt.NDArray[np.uint64]
Pieces: TypeAlias = tuple[Limbs, Limbs]


def cross(x: Pieces, y: Pieces) -> Limbs:
    """A node's part of products, element by element, not masked yet."""
    made, pieces = _ready(x, y)
    out = ffi.from_buffer("ps_limb[]", made, require_writable=True)
    lib.ps_wide_cross(out, *pieces, made.size // 2)
    return made


def dot(x: Pieces, y: Pieces) -> Limbs:
    """The same, summed along the last axis of elements."""
    like, pieces = _ready(x, y)
    if like.ndim < 2:
        raise OutOfRange("expected an axis to sum along, found none")
    made = np.empty((*like.shape[:-2], 2), np.uint64)
    out = ffi.from_buffer("ps_limb[]", made, require_writable=True)
    lib.ps_wide_dot(out, *pieces, made.size // 2, like.shape[-2])
    return made


def _ready(x: Pieces, y: Pieces) -> tuple[Limbs, list[Any]]:
    arrays = np.broadcast_arrays(*x, *y)
    if arrays[0].shape[-1:] != (2,) or any(one.dtype != np.uint64 for one in arrays):
        raise OutOfRange("expected elements of two 64-bit limbs, found another array")
    pieces = [ffi.from_buffer("ps_limb[]", np.ascontiguousarray(one)) for one in arrays]
    return np.empty(arrays[0].shape, np.uint64), pieces
