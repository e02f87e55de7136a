"""The local part of replicated secret sharing (`ps_rss.h`), on arrays.

Elements are arrays of uint64; those of Z_2^128 have a last axis of two limbs.
Arrays are made contiguous; results are new.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt

from privshare.bindings._convert import ffi, lib
from privshare.errors import NativeError

__all__ = [
    "Limbs",
    "add128",
    "and_",
    "matmul",
    "mul128",
    "multiply",
    "slice_bits",
    "sub128",
    "sum128",
    "unslice_bits",
]

Limbs: TypeAlias = npt.NDArray[np.uint64]


def _in(array: Limbs) -> Limbs:
    return np.ascontiguousarray(array, dtype=np.uint64)


def _pointer(array: Limbs) -> Any:
    return ffi.from_buffer("uint64_t[]", array, require_writable=False)


def _same(*arrays: Limbs) -> list[Limbs]:
    shapes = {array.shape for array in arrays}
    if len(shapes) == 1:
        return [_in(array) for array in arrays]
    return [_in(array) for array in np.broadcast_arrays(*arrays)]


def multiply(pieces: Sequence[Limbs], limbs: int) -> Limbs:
    """x_own · (y_own + y_next) + x_next · y_own, element by element.

    Args:
        pieces: x_own, x_next, y_own, y_next; shapes are broadcast.
        limbs: Of an element, 1 or 2.
    """
    taken = _same(*pieces)
    z = np.empty_like(taken[0])
    lib.ps_rss_multiply(_pointer(z), *map(_pointer, taken), z.size // limbs, limbs)
    return z


def matmul(pieces: Sequence[Limbs], limbs: int) -> Limbs:
    """The same of matrices, summed over the inner index.

    Args:
        pieces: x_own, x_next of (rows, inner), y_own, y_next of (inner, columns).
        limbs: Of an element, 1 or 2.

    Raises:
        NativeError: Matrices that do not fit.
    """
    taken = [_in(piece) for piece in pieces]
    (rows, inner), (below, columns) = taken[0].shape[:2], taken[2].shape[:2]
    same = taken[0].shape == taken[1].shape and taken[2].shape == taken[3].shape
    if inner != below or not same:
        raise NativeError(f"expected matrices that fit, found {inner} and {below}")
    z = np.empty((rows, columns) if limbs == 1 else (rows, columns, 2), np.uint64)
    sizes = (rows, inner, columns, limbs)
    lib.ps_rss_matmul(_pointer(z), *map(_pointer, taken), *sizes)
    return z


def and_(words: Sequence[Limbs]) -> Limbs:
    """x_own & (y_own ^ y_next) ^ x_next & y_own ^ a ^ b.

    Args:
        words: x_own, x_next, y_own, y_next, a, b.
    """
    taken = _same(*words)
    z = np.empty_like(taken[0])
    lib.ps_rss_and(_pointer(z), *map(_pointer, taken), z.size)
    return z


def add128(a: Limbs, b: Limbs) -> Limbs:
    """a + b modulo 2^128."""
    a, b = _same(a, b)
    z = np.empty_like(a)
    lib.ps_rss_add128(_pointer(z), _pointer(a), _pointer(b), z.size // 2)
    return z


def sub128(a: Limbs, b: Limbs) -> Limbs:
    """a - b modulo 2^128."""
    a, b = _same(a, b)
    z = np.empty_like(a)
    lib.ps_rss_sub128(_pointer(z), _pointer(a), _pointer(b), z.size // 2)
    return z


def mul128(a: Limbs, b: Limbs) -> Limbs:
    """a · b modulo 2^128; b may be one element."""
    if b.size == 2:
        a, b = _in(a), _in(b)
    else:
        a, b = _same(a, b)
    z = np.empty_like(a)
    one = int(b.size == 2)
    lib.ps_rss_mul128(_pointer(z), _pointer(a), _pointer(b), z.size // 2, one)
    return z


def sum128(a: Limbs, axis: int) -> Limbs:
    """Sums along an axis that is not the limbs', modulo 2^128."""
    a = _in(a)
    shape = a.shape[:-1]
    axis %= len(shape)
    outer = int(np.prod(shape[:axis], dtype=np.int64))
    tail = int(np.prod(shape[axis + 1 :], dtype=np.int64))
    z = np.empty((*shape[:axis], *shape[axis + 1 :], 2), np.uint64)
    lib.ps_rss_sum128(_pointer(z), _pointer(a), outer, shape[axis], tail)
    return z


def slice_bits(values: Limbs, limbs: int, first: int, n_bits: int) -> Limbs:
    """Rows of bits `first` to `first + n_bits` of a vector.

    Raises:
        NativeError: Bits that the elements do not have.
    """
    if not 0 <= first <= first + n_bits <= 64 * limbs:
        raise NativeError(f"expected bits below {64 * limbs}, found {first + n_bits}")
    values = _in(values)
    n = values.size // limbs
    rows = np.empty((n_bits, -(-n // 64)), np.uint64)
    lib.ps_rss_slice(_pointer(rows), _pointer(values), n, limbs, first, n_bits)
    return rows


def unslice_bits(rows: Limbs, n: int, limbs: int) -> Limbs:
    """Rows of bits as elements 0 and 1: (rows, n).

    Raises:
        NativeError: Rows of another length.
    """
    rows = _in(rows)
    if rows.ndim != 2 or rows.shape[1] != -(-n // 64):
        raise NativeError(f"expected rows of {-(-n // 64)} words, found {rows.shape}")
    shape = (rows.shape[0], n) if limbs == 1 else (rows.shape[0], n, limbs)
    values = np.empty(shape, np.uint64)
    lib.ps_rss_unslice(_pointer(values), _pointer(rows), rows.shape[0], n, limbs)
    return values
