"""Shares of ring elements and of bits, as one of three nodes holds them.

x = x0 + x1 + x2 modulo 2^64, 2^128 or 2^192, or x0 ^ x1 ^ x2. Node i holds x_i, its
own piece, and x_(i+1), the next. Sums, and products with public numbers, are
local: they are done on both pieces, and nobody sends anything.

An element of more than 64 bits is two or three limbs, the low one first, in the
last axis. Programs declare 64 or 128; 192 carries the tags of the latter
(`checked`). Bits are sliced: row b holds bit b of up to 64 values a word, value
j in word j // 64 at bit j % 64.

Source:
    Araki, Furukawa, Lindell, Nof and Ohara, CCS 2016, section 2.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt

from privshare.bindings import rss, wide
from privshare.bindings.rss import add128, mul128, sub128, sum128
from privshare.errors import OutOfRange

__all__ = [
    "Bits",
    "Limbs",
    "Shared",
    "add128",
    "add_limbs",
    "concat",
    "from_rows",
    "limbs_of",
    "mul128",
    "mul_limbs",
    "sub128",
    "sub_limbs",
    "sum128",
    "sum_limbs",
    "to_rows",
    "words_for",
]

Limbs: TypeAlias = npt.NDArray[np.uint64]

_ONES = np.uint64(0xFFFFFFFFFFFFFFFF)


def words_for(n: int) -> int:
    """How many words hold a bit of each of n values."""
    return -(-n // 64)


def limbs_of(values: Sequence[int] | Limbs | int, ring: int) -> Limbs:
    """Public integers as ring elements, modulo 2^ring."""
    if isinstance(values, np.ndarray):
        return values
    listed = [values] if isinstance(values, int) else list(values)
    mask = (1 << 64) - 1
    if ring == 64:
        found = np.array([one & mask for one in listed], dtype=np.uint64)
        return found[0] if isinstance(values, int) else found
    found = np.array(
        [[one >> low & mask for low in range(0, ring, 64)] for one in listed], np.uint64
    )
    return found[0] if isinstance(values, int) else found


def add_limbs(a: Limbs, b: Limbs, ring: int) -> Limbs:
    """a + b modulo 2^ring."""
    if ring == 64:
        return a + b
    return add128(a, b) if ring == 128 else wide.add(a, b)


def sub_limbs(a: Limbs, b: Limbs, ring: int) -> Limbs:
    """a - b modulo 2^ring."""
    if ring == 64:
        return a - b
    return sub128(a, b) if ring == 128 else wide.sub(a, b)


def mul_limbs(a: Limbs, b: Limbs, ring: int) -> Limbs:
    """a · b modulo 2^ring; b may be one element."""
    if ring == 64:
        return a * b
    return mul128(a, b) if ring == 128 else wide.mul(a, b)


def sum_limbs(a: Limbs, axis: int, ring: int) -> Limbs:
    """Sums along an axis of elements, modulo 2^ring."""
    if ring == 64:
        return np.asarray(a.sum(axis=axis, dtype=np.uint64))
    return sum128(a, axis) if ring == 128 else wide.total(a, axis)


@dataclass(frozen=True, slots=True, eq=False)
class Shared:
    """Shares of ring elements.

    Attributes:
        own: This node's piece. Secret.
        next: The next node's piece. Secret.
        ring: 64, 128 or 192.
    """

    own: Limbs
    next: Limbs
    ring: int = 64

    @property
    def shape(self) -> tuple[int, ...]:
        """Of the elements, whatever the ring."""
        return self.own.shape if self.ring == 64 else self.own.shape[:-1]

    @property
    def size(self) -> int:
        """How many elements."""
        return int(np.prod(self.shape, dtype=np.int64))

    def __len__(self) -> int:
        return self.shape[0]

    def _both(self, work: Any) -> Shared:
        return Shared(work(self.own), work(self.next), self.ring)

    def _check(self, other: Shared) -> None:
        if self.ring != other.ring:
            raise OutOfRange(f"expected shares of ring {self.ring}, found {other.ring}")

    def __add__(self, other: Shared) -> Shared:
        self._check(other)
        ring = self.ring
        return Shared(
            add_limbs(self.own, other.own, ring),
            add_limbs(self.next, other.next, ring),
            ring,
        )

    def __neg__(self) -> Shared:
        if self.ring == 64:
            return self._both(lambda one: ~one + np.uint64(1))
        return self._both(lambda one: sub_limbs(np.zeros_like(one), one, self.ring))

    def __sub__(self, other: Shared) -> Shared:
        self._check(other)
        ring = self.ring
        return Shared(
            sub_limbs(self.own, other.own, ring),
            sub_limbs(self.next, other.next, ring),
            ring,
        )

    def scale(self, by: int | Sequence[int] | Limbs) -> Shared:
        """Times public numbers."""
        times = limbs_of(by, self.ring)
        return self._both(lambda one: mul_limbs(one, times, self.ring))

    def sum(self, axis: int = 0) -> Shared:
        """The sum along an axis."""
        along = axis if axis >= 0 or self.ring == 64 else axis - 1
        return self._both(lambda one: sum_limbs(one, along, self.ring))

    def __getitem__(self, index: Any) -> Shared:
        return self._both(lambda one: one[index])

    def reshape(self, *shape: int) -> Shared:
        """The same elements in another shape."""
        tail = () if self.ring == 64 else (self.ring // 64,)
        return self._both(lambda one: one.reshape((*shape, *tail)))

    def joined(self, parts: Sequence[Shared], axis: int) -> Shared:
        """These one after the other, of the kind that the first is."""
        return _joined(parts, axis)

    def transpose(self) -> Shared:
        """Rows for columns of a matrix."""
        axes = (1, 0) if self.ring == 64 else (1, 0, 2)
        return self._both(lambda one: np.ascontiguousarray(one.transpose(axes)))


def concat(parts: Sequence[Shared], axis: int = 0) -> Shared:
    """One after the other."""
    return parts[0].joined(parts, axis)


def _joined(parts: Sequence[Shared], axis: int) -> Shared:
    ring = parts[0].ring
    return Shared(
        np.concatenate([one.own for one in parts], axis),
        np.concatenate([one.next for one in parts], axis),
        ring,
    )


@dataclass(frozen=True, slots=True, eq=False)
class Bits:
    """Shares of bits, sliced: row b is bit b of all values.

    Attributes:
        own: This node's piece, (bits, words). Secret.
        next: The next node's piece. Secret.
        n: How many values.
    """

    own: Limbs
    next: Limbs
    n: int

    @property
    def n_bits(self) -> int:
        """Bits of each value."""
        return int(self.own.shape[0])

    def __xor__(self, other: Bits) -> Bits:
        return Bits(self.own ^ other.own, self.next ^ other.next, self.n)

    def __getitem__(self, rows: Any) -> Bits:
        own, following = self.own[rows], self.next[rows]
        if own.ndim == 1:
            own, following = own[None], following[None]
        return Bits(own, following, self.n)

    def stack(self, *others: Bits) -> Bits:
        """More rows under these."""
        parts = (self, *others)
        return Bits(
            np.concatenate([one.own for one in parts]),
            np.concatenate([one.next for one in parts]),
            self.n,
        )


def to_rows(values: Limbs, ring: int, first: int = 0, n_bits: int = 0) -> Limbs:
    """Ring elements (n,) or (n, 2) to sliced bits (bits, words).

    Args:
        values: The elements.
        ring: Bits of each.
        first: The lowest bit taken.
        n_bits: How many are taken, or 0: all from there.
    """
    return rss.slice_bits(values, ring // 64, first, n_bits or ring - first)


def from_rows(rows: Limbs, n: int, ring: int) -> Limbs:
    """Rows of sliced bits to ring elements 0 and 1: (rows, n)."""
    return rss.unslice_bits(rows, n, ring // 64)
