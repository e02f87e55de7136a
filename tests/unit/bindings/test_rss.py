"""The core's steps on shares equal sums of Python integers."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from privshare.bindings import rss
from privshare.errors import NativeError

EDGES = [0, 1, 2**63, 2**64 - 1, 2**64 - 2, 3]


def limbs(shape: tuple[int, ...], width: int, seed: int) -> Any:
    """Elements that lean to the edges."""
    drawn = np.random.default_rng(seed)
    full = shape if width == 1 else (*shape, 2)
    made = drawn.integers(0, 2**64, full, dtype=np.uint64)
    edges = np.array(EDGES, np.uint64)
    return np.where(drawn.random(full) < 0.3, drawn.choice(edges, full), made)


def ints(array: Any, width: int) -> Any:
    """As an array of Python integers."""
    if width == 1:
        return array.astype(object)
    return array[..., 0].astype(object) + (array[..., 1].astype(object) << 64)


@pytest.mark.parametrize("width", [1, 2])
def test_products(width: int) -> None:
    """Element by element, with one axis repeated, and of matrices."""
    ring = 1 << 64 * width
    x = [limbs((5, 33), width, seed) for seed in (1, 2)]
    y = [limbs((33,), width, seed) for seed in (3, 4)]
    own, following, left, right = (ints(one, width) for one in (*x, *y))
    found = ints(rss.multiply((*x, *y), width), width)
    assert (found == (own * (left + right) + following * left) % ring).all()
    z = [limbs((33, 4), width, seed) for seed in (5, 6)]
    left, right = (ints(one, width) for one in z)
    product = own.dot(left + right) + following.dot(left)
    assert (ints(rss.matmul((*x, *z), width), width) == product % ring).all()


def test_arithmetic_of_two_limbs() -> None:
    """Carries go from the low limb to the high one, and no further."""
    a, b = limbs((7, 3, 5), 2, 1), limbs((7, 3, 5), 2, 2)
    x, y, ring = ints(a, 2), ints(b, 2), 1 << 128
    assert (ints(rss.add128(a, b), 2) == (x + y) % ring).all()
    assert (ints(rss.sub128(a, b), 2) == (x - y) % ring).all()
    assert (ints(rss.mul128(a, b), 2) == x * y % ring).all()
    assert (ints(rss.mul128(a, b[0, 0, 0]), 2) == x * y[0, 0, 0] % ring).all()
    for axis in (0, 1, 2, -1):
        assert (ints(rss.sum128(a, axis), 2) == x.sum(axis=axis) % ring).all()


@pytest.mark.parametrize("n", [0, 1, 63, 64, 65, 200])
@pytest.mark.parametrize("width", [1, 2])
def test_bits_are_sliced_and_put_back(n: int, width: int) -> None:
    """Any range of bits, and zeros beyond the last value."""
    values = limbs((n,), width, 9)
    numbers = ints(values, width).tolist()
    for first, count in ((0, 64 * width), (0, 3), (64 * width - 3, 3)):
        rows = rss.slice_bits(values, width, first, count)
        assert rows.shape == (count, -(-n // 64))
        for row in range(count):
            bits = [number >> first + row & 1 for number in numbers]
            told = sum(int(word) << 64 * i for i, word in enumerate(rows[row]))
            assert told == sum(bit << i for i, bit in enumerate(bits))
        found = ints(rss.unslice_bits(rows[:3], n, width), width).tolist()
        assert found == [
            [number >> first + row & 1 for number in numbers] for row in range(3)
        ]


def test_conjunctions() -> None:
    """A node's part of x & y, masked."""
    x, y, z, w, a, b = (limbs((3, 9), 1, seed) for seed in range(6))
    assert (rss.and_((x, y, z, w, a, b)) == (x & (z ^ w)) ^ (y & z) ^ a ^ b).all()


def test_arrays_that_do_not_fit_are_refused() -> None:
    """Before the core sees a pointer."""
    with pytest.raises(NativeError):
        rss.matmul([limbs((2, 3), 1, 0)] * 4, 1)
    with pytest.raises(NativeError):
        rss.slice_bits(limbs((5,), 1, 0), 1, 60, 5)
    with pytest.raises(NativeError):
        rss.unslice_bits(limbs((2, 3), 1, 0), 5, 1)
