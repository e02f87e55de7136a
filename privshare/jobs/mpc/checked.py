"""Shares of a value together with shares of its tag, in a larger ring.

    x in Z_2^k is held in Z_2^(k + s), and beside it m = r x, where r is random
    and nobody knows it. What is linear is done to both.

A node can add to a product what it likes, but only what it knows; the tag of
the sum would have to change by r times as much. The upper s bits of a value
mean nothing and are dropped when it leaves.

    ring 64     k = 64, s = 64     integers
    ring 128    k = 80, s = 48     fixed point; declared bounds up to 76 bits

Source:
    Abspoel, Dalskov, Escudero and Nof, ACNS 2021, section 3.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from privshare.errors import OutOfRange
from privshare.jobs.mpc.ring import Limbs, Shared, limbs_of

__all__ = ["VALUE_BITS", "WIDE", "Checked", "reduced", "ring_soundness_bits", "widen"]

#: The ring that values and tags live in.
WIDE = 128
#: Bits of a value that count, by the ring that a program declares.
VALUE_BITS = {64: 64, 128: 80}


def ring_soundness_bits(ring: int) -> float:
    """At most 2^-this is the chance that a false product passes the check.

    (s + 3) / 2^(s + 2). A product that is false by d, of valuation v < k, has
    the tag's error g - r d; that is divisible by 2^(v + j) for at most one r
    in 2^j. The check weighs it with an unknown uniform number, and finds 0
    with 2^(v + j - k - s). The sum over j is largest for v = k - 1.
    """
    s = WIDE - VALUE_BITS[ring]
    return s + 2 - math.log2(s + 3)


def widen(limbs: Limbs) -> Limbs:
    """Elements of Z_2^64 in Z_2^128, with zeros on top."""
    return np.stack([limbs, np.zeros_like(limbs)], axis=-1)


def reduced(limbs: Limbs) -> Limbs:
    """Elements of Z_2^128 modulo 2^80, as signed numbers: what ring 128 means."""
    high = limbs[..., 1].astype(np.int64) << np.int64(WIDE - VALUE_BITS[128])
    high >>= np.int64(WIDE - VALUE_BITS[128])
    return np.stack([limbs[..., 0], high.astype(np.uint64)], axis=-1)


@dataclass(frozen=True, slots=True, eq=False)
class Checked(Shared):
    """Shares that may carry a tag: a drop-in for `Shared`.

    A value that no product made needs none until it becomes a factor: both
    holders of its pieces have the same. A sum has one if all its parts do.

    Attributes:
        own, next: Pieces of the value, in Z_2^128. Secret.
        ring: What the program declared, 64 or 128.
        tag: r times the value, or None. Secret.
    """

    tag: Shared | None = field(kw_only=True)

    @property
    def shape(self) -> tuple[int, ...]:
        """Of the elements."""
        return self.own.shape[:-1]

    @property
    def value(self) -> Shared:
        """The value alone."""
        return Shared(self.own, self.next, WIDE)

    @property
    def core(self) -> Shared:
        """The bits that count, as pieces of their own: modulo 2^64 or 2^80."""
        if self.ring == 64:
            low = np.ascontiguousarray
            return Shared(low(self.own[..., 0]), low(self.next[..., 0]), 64)
        top = np.uint64((1 << (VALUE_BITS[128] - 64)) - 1)
        mask = np.array([~np.uint64(0), top])
        return Shared(self.own & mask, self.next & mask, WIDE)

    def make(self, value: Shared, tag: Shared | None) -> Checked:
        """Another of the same ring."""
        return Checked(value.own, value.next, self.ring, tag=tag)

    def _alike(self, work: Callable[[Shared], Shared]) -> Checked:
        return self.make(work(self.value), None if self.tag is None else work(self.tag))

    def wide(self, by: int | Sequence[int] | Limbs) -> Limbs:
        """Public numbers of the declared ring as elements of Z_2^128."""
        if self.ring == 64 and isinstance(by, np.ndarray):
            return widen(by.astype(np.uint64, copy=False))
        return limbs_of(by, WIDE)

    def _pair(self, other: Shared) -> Checked:
        if not isinstance(other, Checked) or other.ring != self.ring:
            raise OutOfRange(
                f"expected checked shares of ring {self.ring}, found others"
            )
        return other

    def __add__(self, other: Shared) -> Checked:
        that = self._pair(other)
        tag = None
        if self.tag is not None and that.tag is not None:
            tag = self.tag + that.tag
        return self.make(self.value + that.value, tag)

    def __neg__(self) -> Checked:
        return self._alike(lambda one: -one)

    def __sub__(self, other: Shared) -> Checked:
        return self + (-other)

    def scale(self, by: int | Sequence[int] | Limbs) -> Checked:
        """Times public numbers."""
        times = self.wide(by)
        return self._alike(lambda one: one.scale(times))

    def sum(self, axis: int = 0) -> Checked:
        """The sum along an axis."""
        return self._alike(lambda one: one.sum(axis))

    def __getitem__(self, index: Any) -> Checked:
        at = (*index, slice(None)) if _has_ellipsis(index) else index
        return self._alike(lambda one: one[at])

    def reshape(self, *shape: int) -> Checked:
        """The same elements in another shape."""
        return self._alike(lambda one: one.reshape(*shape))

    def transpose(self) -> Checked:
        """Rows for columns of a matrix."""
        return self._alike(lambda one: one.transpose())

    def joined(self, parts: Sequence[Shared], axis: int) -> Checked:
        """One after the other."""
        pairs = [self._pair(one) for one in parts]
        at = axis if axis >= 0 else axis - 1
        values = [one.value for one in pairs]
        tags = [one.tag for one in pairs if one.tag is not None]
        complete = len(tags) == len(pairs)
        tag = tags[0].joined(tags, at) if complete else None
        return self.make(values[0].joined(values, at), tag)


def _has_ellipsis(index: Any) -> bool:
    return isinstance(index, tuple) and any(one is Ellipsis for one in index)
