"""Shares of a value together with shares of its tag, in a larger ring.

    x in Z_2^k is held in Z_2^(k + 64), and beside it m = r x, where r is random
    and nobody knows it. What is linear is done to both.

A node can add to a product what it likes, but only what it knows; the tag of
the sum would have to change by r times as much. The upper 64 bits of a value
mean nothing and are dropped when it leaves.

    ring 64     two limbs      integers
    ring 128    three limbs    fixed point, large integers

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

__all__ = ["EXTRA_BITS", "Checked", "ring_soundness_bits", "widen"]

#: Bits of values and tags above those that count.
EXTRA_BITS = 64


def ring_soundness_bits() -> float:
    """At most 2^-this is the chance that a false product passes the check.

    (s + 3) / 2^(s + 2), with s of `EXTRA_BITS`. A product that is false by d, of
    valuation v < k, has the tag's error g - r d; that is divisible by 2^(v + j)
    for at most one r in 2^j. The check weighs it with an unknown uniform number,
    and finds 0 with 2^(v + j - k - s). The sum over j is largest for v = k - 1.
    """
    return EXTRA_BITS + 2 - math.log2(EXTRA_BITS + 3)


def widen(limbs: Limbs, ring: int) -> Limbs:
    """Elements of Z_2^ring with a limb of zeros on top."""
    parts = limbs[..., None] if ring == 64 else limbs
    return np.concatenate([parts, np.zeros_like(parts[..., :1])], axis=-1)


@dataclass(frozen=True, slots=True, eq=False)
class Checked(Shared):
    """Shares that may carry a tag: a drop-in for `Shared`.

    A value that no product made needs none until it becomes a factor: both
    holders of its pieces have the same. A sum has one if all its parts do.

    Attributes:
        own, next: Pieces of the value, of one limb more. Secret.
        ring: What the program declared, 64 or 128.
        tag: r times the value, or None. Secret.
    """

    tag: Shared | None = field(kw_only=True)

    @property
    def shape(self) -> tuple[int, ...]:
        """Of the elements."""
        return self.own.shape[:-1]

    @property
    def wide_ring(self) -> int:
        """Bits of the ring that value and tag live in."""
        return self.ring + EXTRA_BITS

    @property
    def value(self) -> Shared:
        """The value alone."""
        return Shared(self.own, self.next, self.wide_ring)

    @property
    def core(self) -> Shared:
        """The bits that count, as pieces of their own: modulo 2^ring."""
        low = 0 if self.ring == 64 else slice(0, 2)
        own, following = (
            np.ascontiguousarray(one[..., low]) for one in (self.own, self.next)
        )
        return Shared(own, following, self.ring)

    def make(self, value: Shared, tag: Shared | None) -> Checked:
        """Another of the same ring."""
        return Checked(value.own, value.next, self.ring, tag=tag)

    def _alike(self, work: Callable[[Shared], Shared]) -> Checked:
        return self.make(work(self.value), None if self.tag is None else work(self.tag))

    def wide(self, by: int | Sequence[int] | Limbs) -> Limbs:
        """Public numbers of the declared ring as elements of the larger one."""
        if isinstance(by, np.ndarray):
            return widen(by.astype(np.uint64, copy=False), self.ring)
        return limbs_of(by, self.wide_ring)

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
