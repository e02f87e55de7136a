"""Shares of ring elements and of bits, as one of three nodes holds them.

x = x0 + x1 + x2 modulo 2^64 or 2^128, or x0 ^ x1 ^ x2. Node i holds x_i, its
own piece, and x_(i+1), the next. Sums, and products with public numbers, are
local: they are done on both pieces, and nobody sends anything.

An element of Z_2^128 is two limbs, the low one first, in the last axis. Bits
are sliced: row b holds bit b of up to 64 values a word, value j in word j // 64
at bit j % 64.

Source:
    Araki, Furukawa, Lindell, Nof and Ohara, CCS 2016, section 2.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt

from privshare.bindings import rss
from privshare.bindings.rss import add128, mul128, sub128, sum128
from privshare.errors import OutOfRange

__all__ = [
    "Bits",
    "Limbs",
    "Shared",
    "add128",
    "concat",
    "from_rows",
    "limbs_of",
    "mul128",
    "neg128",
    "sub128",
    "sum128",
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
    found = np.array([[one & mask, (one >> 64) & mask] for one in listed], np.uint64)
    return found[0] if isinstance(values, int) else found


def neg128(a: Limbs) -> Limbs:
    """-a modulo 2^128."""
    return rss.sub128(np.zeros_like(a), a)


@dataclass(frozen=True, slots=True, eq=False)
class Shared:
    """Shares of ring elements.

    Attributes:
        own: This node's piece. Secret.
        next: The next node's piece. Secret.
        ring: 64 or 128.
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
        if self.ring == 64:
            return Shared(self.own + other.own, self.next + other.next, 64)
        return Shared(add128(self.own, other.own), add128(self.next, other.next), 128)

    def __neg__(self) -> Shared:
        if self.ring == 64:
            return self._both(lambda one: ~one + np.uint64(1))
        return self._both(neg128)

    def __sub__(self, other: Shared) -> Shared:
        self._check(other)
        if self.ring == 64:
            return Shared(self.own - other.own, self.next - other.next, 64)
        return Shared(sub128(self.own, other.own), sub128(self.next, other.next), 128)

    def scale(self, by: int | Sequence[int] | Limbs) -> Shared:
        """Times public numbers."""
        times = limbs_of(by, self.ring)
        if self.ring == 64:
            return self._both(lambda one: one * times)
        return self._both(lambda one: mul128(one, times))

    def sum(self, axis: int = 0) -> Shared:
        """The sum along an axis."""
        if self.ring == 64:
            return self._both(lambda one: one.sum(axis=axis, dtype=np.uint64))
        along = axis if axis >= 0 else axis - 1
        return self._both(lambda one: sum128(one, along))

    def __getitem__(self, index: Any) -> Shared:
        return self._both(lambda one: one[index])

    def reshape(self, *shape: int) -> Shared:
        """The same elements in another shape."""
        tail = () if self.ring == 64 else (2,)
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
